# SPDX-License-Identifier: Apache-2.0
"""A text document. Each placement appends a line, then takes the line into a running digest. A call that was left
half-way has appended its line only, and the audit, which computes the digest again, finds it."""

import hashlib

import wit_world
from componentize_py_types import Err
from wit_world import OrderError_TooMany, OrderError_UnknownItem, Receipt

PRICES = {"book": 1250, "pen": 180, "lamp": 4200, "map": 760}
MOST = 1000
KEPT = 1000  # lines kept; of older ones only the digest is, so that memory stays bounded


def chain(digest: bytes, line: str) -> bytes:
    return hashlib.sha256(digest + line.encode()).digest()


class Document:
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.before = bytes(32)  # the digest of everything before `lines`
        self.digest = bytes(32)  # the digest of everything
        self.placed = 0

    def begin(self, id: int, item: str, quantity: int) -> None:
        self.lines.append(f"{id} {item} {quantity}")

    def finish(self, id: int, item: str, quantity: int) -> Receipt:
        self.digest = chain(self.digest, self.lines[-1])
        self.placed += 1
        if len(self.lines) > 2 * KEPT:
            for line in self.lines[:KEPT]:
                self.before = chain(self.before, line)
            del self.lines[:KEPT]
        return Receipt(serial=self.placed, id=id, total=PRICES[item] * quantity)

    def audit(self) -> int:
        digest = self.before
        for line in self.lines:
            digest = chain(digest, line)
        if digest != self.digest:
            raise Err(f"the digest does not cover the last line, {self.lines[-1]!r}")
        return self.placed


document = Document()


def work(rounds: int) -> int:
    grain = 1
    for _ in range(rounds):
        grain = (grain * 1664525 + 1013904223) & 0xFFFFFFFF
    return grain


class WitWorld(wit_world.WitWorld):
    def place(self, id: int, item: str, quantity: int) -> Receipt:
        if item not in PRICES:
            raise Err(OrderError_UnknownItem(item))
        if quantity > MOST:
            raise Err(OrderError_TooMany(MOST))
        document.begin(id, item, quantity)
        return document.finish(id, item, quantity)

    def place_slowly(self, id: int, rounds: int) -> Receipt:
        document.begin(id, "book", 1)
        work(rounds)
        return document.finish(id, "book", 1)

    def count(self) -> int:
        return document.placed

    def audit(self) -> int:
        return document.audit()

    def trap(self, id: int) -> None:
        document.begin(id, "book", 1)
        raise RuntimeError(f"trap asked for by {id}")

    def spin(self, id: int) -> None:
        document.begin(id, "book", 1)
        while True:
            work(1000)
