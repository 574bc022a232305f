# SPDX-License-Identifier: Apache-2.0
"""A component as someone who never heard of Holdfast would write it."""

import secrets
import time

import wit_world


class WitWorld(wit_world.WitWorld):
    def greet(self, name: str) -> str:
        return f"hello {name}"

    def now(self) -> int:
        return int(time.time())

    def dice(self) -> int:
        return secrets.randbits(64)

    def say(self, text: str) -> None:
        print(text, flush=True)
