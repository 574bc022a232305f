#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Servers side by side under wrk: rounds alternate between them, and a figure is the median of its rounds.

Two races. `web`: one wasi:http component, served by `holdfast serve` and by `wasmtime serve`. `calls`: a JSON call
through the gateway, beside a Beast server that answers the same text whatever it is asked.
"""

import argparse
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """A process that serves, on its port, until `end`."""

    def __init__(self, name, command, port, path, call=None):
        self.name, self.port, self.path, self.call = name, port, path, call
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    sys.exit(f"race: {name} does not serve: {' '.join(map(str, command))}")
                time.sleep(0.05)

    def memory(self):
        """What it has now and had at most, in MiB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        fields = dict(line.split(":", 1) for line in lines)
        return [round(int(fields[which].split()[0]) / 1024, 1) for which in ("VmRSS", "VmHWM")]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def drive(server, connections, seconds):
    command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-s", str(HERE / "figures.lua"),
               f"http://127.0.0.1:{server.port}{server.path}"]
    if server.call:
        command += ["--", server.call]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    line = next(line for line in said.splitlines() if line.startswith("figures "))
    told = json.loads(line.removeprefix("figures "))
    if told["wrong_status"]:
        sys.exit(f"race: {server.name} answered {told['wrong_status']} of {told['requests']} with an error")
    told["per_second"] = told["requests"] / (told["microseconds"] / 1e6)
    return told


def race(servers, all_connections, rounds, seconds):
    rows = []
    for connections in all_connections:
        runs = {each.name: [] for each in servers}
        for number in range(rounds):
            # Whoever comes first has the quieter machine now and then: the order turns.
            for each in servers[number % len(servers):] + servers[:number % len(servers)]:
                runs[each.name].append(drive(each, connections, seconds))
        for each in servers:
            of = runs[each.name]
            row = {figure: statistics.median(run[figure] for run in of)
                   for figure in ("per_second", "p50", "p99", "p99.9", "max")}
            row.update(server=each.name, connections=connections, failed=sum(run["failed"] for run in of))
            row["memory"], row["memory_peak"] = each.memory()
            # Round by round, beside the last one of the list: what the machine does to all of them falls out.
            against = runs[servers[-1].name]
            row["ratio"] = statistics.median(mine["per_second"] / theirs["per_second"]
                                             for mine, theirs in zip(of, against))
            rows.append(row)
            print(f"{connections:>4} connections  {each.name:<28} {row['per_second']:>9,.0f}/s  {row['ratio']:>5.2f}x  "
                  f"p50 {row['p50'] / 1000:>7.2f} ms  p99 {row['p99'] / 1000:>7.2f}  p99.9 {row['p99.9'] / 1000:>7.2f}  "
                  f"{row['memory']:>6} MiB (peak {row['memory_peak']})" +
                  (f"  {row['failed']} failed" if row["failed"] else ""), flush=True)
    return rows


def holdfast(name, folder, guest, path, call=None, cells=os.cpu_count(), more=""):
    port = free_port()
    config = folder / f"{name.replace(' ', '-')}.toml"
    config.write_text(f'[server]\nlisten = ["127.0.0.1:{port}"]\n[log]\naccess = "off"\nguests = "off"\n'
                      f'[components.app]\npath = "{guest}"\ncells = {cells}\n{more}')
    return Server(name, [ROOT / "build/release/bin/holdfast", "serve", config], port, path, call)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("races", nargs="*", metavar="web|calls", help="which; else both")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 16, 256])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5, help="of each round")
    parser.add_argument("--wasmtime", default=os.environ.get("WASMTIME") or shutil.which("wasmtime"),
                        help="the command of the crate wasmtime-cli; else $WASMTIME, or as $PATH has it")
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    given = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("race: wrk is missing (Debian's package wrk)")
    which = given.races or ["web", "calls"]
    if unknown := set(which) - {"web", "calls"}:
        parser.error(f"there is no race {', '.join(sorted(unknown))}")

    told = {}
    guests = ROOT / "build/release/guests"
    with tempfile.TemporaryDirectory() as folder:
        for one in which:
            servers = []
            try:
                if one == "web":
                    web = guests / "http.wat"
                    servers = [holdfast("holdfast", Path(folder), web, "/h"),
                               holdfast("holdfast, fresh instances", Path(folder), web, "/h",
                                        more="rebuild = { retire_calls = 1 }\n")]
                    if given.wasmtime:
                        port = free_port()
                        servers.append(Server("wasmtime serve", [given.wasmtime, "serve", "--addr",
                                                                 f"127.0.0.1:{port}", web], port, "/h"))
                    else:
                        print("race: no wasmtime (crate wasmtime-cli): holdfast runs alone", file=sys.stderr)
                else:
                    port = free_port()
                    servers = [holdfast("holdfast", Path(folder), guests / "hello.wat", "/v1/call/app/greet",
                                        '["ada"]'),
                               Server("Beast, always one answer", [ROOT / "build/release/bin/holdfast-beast-hello",
                                                                   str(port)], port, "/", '["ada"]')]
                print(f"== {one}")
                told[one] = race(servers, given.connections, given.rounds, given.seconds)
            finally:
                for each in servers:
                    each.end()
    if given.json:
        given.json.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
