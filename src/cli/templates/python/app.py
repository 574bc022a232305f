# SPDX-License-Identifier: Apache-2.0
import wit_world


class WitWorld(wit_world.WitWorld):
    def greet(self, name: str) -> str:
        return f"hello {name}"

    def sum(self, numbers: list[int]) -> int:
        return sum(numbers)
