# SPDX-License-Identifier: Apache-2.0
"""Documents by name as an actor. The whole store is in each snapshot, so the store is bounded."""

import json
import re

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.store import Document, Problem_TooMany

VERSION = 1
MOST = 1000
MOST_64 = 2**64 - 1

documents: dict[str, Document] = {}


def words_in(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def document(name: str, value: object) -> Document:
    match value:
        case {"text": str(text), "revision": int(revision)} if revision is not True and 1 <= revision <= MOST_64:
            # JSON can escape half a character, which nothing can be given out with.
            name.encode()
            text.encode()
            return Document(text, revision)
    raise ValueError


def read(snapshot: bytes) -> dict[str, Document]:
    try:
        state = json.loads(snapshot.decode())
    except ValueError:
        raise Err("the snapshot is not JSON in UTF-8") from None
    said = json.dumps(state["version"]) if isinstance(state, dict) and "version" in state else "none"
    if said != str(VERSION):
        raise Err(f"the snapshot is of version {said}, this store knows {VERSION} only")
    try:
        found = {name: document(name, value) for name, value in state["documents"].items()}
    except (AttributeError, KeyError, ValueError):
        found = None
    if found is None or len(found) > MOST:
        raise Err(f"the snapshot of version {VERSION} does not hold documents")
    return found


class Lifecycle(exports.Lifecycle):
    def activate(self, key: str, snapshot: bytes | None) -> None:
        global documents
        if snapshot is not None:
            documents = read(snapshot)

    def snapshot(self) -> bytes:
        kept = {name: {"text": it.text, "revision": it.revision} for name, it in documents.items()}
        return json.dumps({"version": VERSION, "documents": kept}, ensure_ascii=False).encode()

    def deactivate(self) -> None:
        pass


class Store(exports.Store):
    def put(self, name: str, text: str) -> int:
        before = documents.get(name)
        if before is None and len(documents) >= MOST:
            raise Err(Problem_TooMany(MOST))
        revision = before.revision + 1 if before is not None else 1
        documents[name] = Document(text, revision)
        return revision

    def get(self, name: str) -> Document | None:
        return documents.get(name)

    def remove(self, name: str) -> bool:
        return documents.pop(name, None) is not None

    def names(self) -> list[str]:
        return sorted(documents)

    def find(self, words: str) -> list[str]:
        wanted = words_in(words)
        return sorted(name for name, it in documents.items() if wanted <= words_in(it.text))
