# SPDX-License-Identifier: Apache-2.0
"""An async component: its calls share one interpreter, and each goes on while others wait."""

import asyncio

import componentize_py_async_support
import wit_world
from wit_world.imports import host, monotonic_clock

inside = 0
most = 0


class WitWorld(wit_world.WitWorld):
    async def wait(self, ticket: int) -> tuple[int, int]:
        global inside, most
        inside += 1
        most = max(most, inside)
        answer = await host.pause(ticket)
        inside -= 1
        return answer, most

    async def gather(self, tickets: list[int]) -> list[int]:
        return await asyncio.gather(*(host.pause(ticket) for ticket in tickets))

    async def shout(self, lines):
        writer, reader = wit_world.byte_stream()
        componentize_py_async_support.spawn(copy(lines, writer))
        return reader

    async def rest(self, nanoseconds: int) -> None:
        await monotonic_clock.wait_for(nanoseconds)

    async def fail(self, ticket: int) -> int:
        await host.pause(ticket)
        raise RuntimeError("not today")


async def copy(lines, writer) -> None:
    with lines, writer:
        while not lines.writer_dropped and not writer.reader_dropped:
            chunk = await lines.read(4096)
            if chunk:
                await writer.write_all(chunk.upper())
