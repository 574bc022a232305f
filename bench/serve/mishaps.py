#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How servers bear it when clients leave, guests trap and guests loop: `holdfast serve` beside `wasmtime serve`.

Both serve guests/text/http.wat, both stop a guest after 2 s. What is printed was seen from outside: by clients, and by
a server that guests ask in turn.
"""

import argparse
import asyncio
import os
import shutil
import socket
import struct
import tempfile
import time
from pathlib import Path

from race import ROOT, Server, free_port, holdfast

LIMIT = 2  # seconds that a guest may run


async def get(port, path, limit=30.0):
    """The status and how long it took; 0: no answer."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(limit):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                head = await reader.readline()
                await reader.read()
                status = int(head.split()[1]) if head else 0
            finally:
                writer.close()
    except (OSError, TimeoutError):
        status = 0
    return status, time.monotonic() - began


def leave(port, path):
    """Sends a request and resets the connection at once."""
    with socket.socket() as one:
        one.connect(("127.0.0.1", port))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        # Until the guest has asked in its turn, which it does at once: then the client goes.
        time.sleep(0.02)


class Asked:
    """A server that guests ask: it counts who began, and whose answer was taken 200 ms later."""

    def __init__(self):
        self.begun = self.ended = 0

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.server.close()

    async def answer(self, reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.begun += 1
            await asyncio.sleep(0.2)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            # Who has gone resets; who takes the answer closes.
            if await reader.read() == b"":
                self.ended += 1
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def leaving(server, asked, clients):
    before = asked.begun, asked.ended
    for _ in range(clients):
        await asyncio.to_thread(leave, server.port, f"/f127.0.0.1:{asked.port}")
    await asyncio.sleep(2)
    status, took = await get(server.port, "/h")
    return (f"{clients} clients left while their guest worked: {asked.begun - before[0]} guests began, "
            f"{asked.ended - before[1]} went on to their end; the next request: {status} in {took * 1000:.1f} ms")


async def trapping(server, requests):
    async def one(number):
        return number % 5 == 0, await get(server.port, "/t" if number % 5 == 0 else "/h")

    room = asyncio.Semaphore(16)

    async def within(number):
        async with room:
            return await one(number)

    told = await asyncio.gather(*(within(number) for number in range(requests)))
    traps = sorted({status for trap, (status, _) in told if trap})
    wrong = sum(status != 200 for trap, (status, _) in told if not trap)
    slowest = max(took for trap, (_, took) in told if not trap)
    return (f"a fifth of {requests} requests trap: they have status {traps}; of the others {wrong} failed, the slowest "
            f"took {slowest * 1000:.1f} ms")


async def looping(server, loops):
    looping_now = [asyncio.create_task(get(server.port, "/s")) for _ in range(loops)]
    await asyncio.sleep(0.3)
    began = time.monotonic()
    told = []
    while time.monotonic() - began < LIMIT + 1:
        told.append(await get(server.port, "/h", 10))
        await asyncio.sleep(0.02)
    ended = [await each for each in looping_now]
    answered = [took for status, took in told if status == 200]
    longest = max(answered) * 1000 if answered else float("inf")
    after, took = await get(server.port, "/h", 10)
    return (f"{loops} guests loop: of {len(told)} requests beside them {len(answered)} were answered, the slowest in "
            f"{longest:.0f} ms; the loops ended with {sorted({status for status, _ in ended})} after "
            f"{max(took for _, took in ended):.1f} s; the next request: {after} in {took * 1000:.1f} ms")


async def show(servers, asked):
    for each in servers:
        print(f"== {each.name}")
        print("  " + await leaving(each, asked, 100))
        print("  " + await trapping(each, 1000))
        for loops in (1, 4, 16):
            print("  " + await looping(each, loops))
        now, peak = each.memory()
        print(f"  memory {now} MiB, at most {peak}", flush=True)


async def run(wasmtime, cells):
    web = ROOT / "build/release/guests/http.wat"
    async with Asked() as asked:
        with tempfile.TemporaryDirectory() as folder:
            servers = []
            try:
                servers.append(holdfast(
                    "holdfast serve", Path(folder), web, "/h",
                    cells=cells, more=f'run_limit = "{LIMIT}s"\n'
                         f'[components.app.grants]\nhttp_hosts = ["127.0.0.1:{asked.port}"]\n'))
                if wasmtime:
                    port = free_port()
                    servers.append(Server("wasmtime serve", [wasmtime, "serve", "-W", f"timeout={LIMIT}s", "--addr",
                                                             f"127.0.0.1:{port}", web], port, "/h"))
                await show(servers, asked)
            finally:
                for each in servers:
                    each.end()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--wasmtime", default=os.environ.get("WASMTIME") or shutil.which("wasmtime"))
    parser.add_argument("--cells", type=int, default=32, help="instances of holdfast; wasmtime has as many as come")
    given = parser.parse_args()
    asyncio.run(run(given.wasmtime, given.cells))
