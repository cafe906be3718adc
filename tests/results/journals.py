# SPDX-License-Identifier: BSD-3-Clause
"""Journals of runs that never were: what the engine would have written about them."""

import json
import random
from pathlib import Path
from typing import Any

ORIGIN = 5000.0
WALL = 1_795_359_845.0
STATES = {
    "discover": "DISCOVERED",
    "provision": "PROVISIONED",
    "deploy": "READY",
    "start": "STARTED",
    "stop": "STOPPED",
    "release": "RELEASED",
}


class JournalText:
    """A journal, written line by line in any order: it is sorted by time in the end."""

    def __init__(self) -> None:
        self.lines: list[tuple[float, str]] = []

    def line(self, t: float, kind: str, **data: Any) -> None:
        record = {"t": round(ORIGIN + t, 6), "kind": kind, **data}
        self.lines.append((t, json.dumps(record)))

    def add(self, guid: int, name: str, rtype: str, *, critical: bool = True) -> None:
        data: dict[str, Any] = {"steps": [], "ends": True, "classic": False}
        self.line(0, "add", guid=guid, rtype=rtype, name=name, critical=critical, **data)

    def connect(self, guid: int, other: int) -> None:
        self.line(0, "connect", guid=guid, other=other)

    def hold(self, guid: int, step: str, group: list[int], state: str, delay: float = 0.0) -> None:
        self.line(0, "hold", guid=guid, step=step, group=group, state=state, delay=delay)

    def aim(self, t: float, *guids: int) -> None:
        self.line(t, "aim", guids=list(guids), goal="STARTED", barrier=True)

    def zero(self, t: float) -> None:
        self.reached(0, "STARTED", t)

    def run(self, guid: int, step: str, t: float) -> None:
        self.line(t, "run", guid=guid, step=step, attempt=1)

    def reached(self, guid: int, state: str, t: float, failure: str = "") -> None:
        more = {"failure": {"type": "ExitFailure", "message": failure, "trace": ""}}
        at = round(ORIGIN + t, 6)
        self.line(t, "reached", guid=guid, state=state, at=at, **(more if failure else {}))

    def step(self, guid: int, step: str, begin: float, end: float) -> None:
        self.run(guid, step, begin)
        self.reached(guid, STATES[step], end)

    def write(self, path: Path) -> Path:
        header = {
            "kind": "journal",
            "format": "nepi-events",
            "version": 1,
            "run_id": "20261122150405000678",
            "on_failure": "release",
            "wall": WALL,
            "monotonic": ORIGIN,
            "boot_id": "",
        }
        ordered = [text for _, text in sorted(self.lines, key=lambda one: one[0])]
        path.write_text("\n".join([json.dumps(header), *ordered]) + "\n")
        return path


def handover(path: Path) -> Path:
    """Write the journal of the example: a file handed over loopback, a watchdog that fails."""
    j = JournalText()
    names = ["data", "server", "client", "ping", "checker", "watchdog"]
    j.add(1, "here", "linux::Node")
    for guid, name in enumerate(names, 2):
        rtype = "linux::Ping" if name == "ping" else "linux::Application"
        j.add(guid, name, rtype, critical=name != "watchdog")
        j.connect(guid, 1)
        j.hold(guid, "provision", [1], "READY")
        j.hold(1, "release", [guid], "RELEASED")
    data, server, client, ping, checker, watchdog = range(2, 8)
    j.hold(server, "start", [data], "STOPPED")
    j.hold(client, "start", [server], "STARTED", 1.0)
    j.hold(ping, "start", [client], "STARTED")
    j.hold(ping, "stop", [client], "STOPPED")
    j.hold(checker, "start", [server, client], "STOPPED")
    j.hold(watchdog, "start", [client], "STARTED")
    j.aim(0.01, *range(1, 8))
    j.step(1, "deploy", 0.011, 0.32)
    for guid in range(2, 8):
        j.step(guid, "provision", 0.321, 0.34)
        j.step(guid, "deploy", 0.34, 0.35)
    j.zero(0.35)
    j.reached(1, "STARTED", 0.35)
    lives = {data: (0.35, 0.51), server: (0.52, 3.32), client: (1.53, 3.31), ping: (1.54, 3.33)}
    for guid, (begin, end) in {**lives, checker: (3.34, 3.40)}.items():
        j.step(guid, "start", begin, begin + 0.01)
        j.reached(guid, "STOPPED", end)
    j.step(watchdog, "start", 1.54, 1.55)
    j.reached(
        watchdog, "FAILED", 1.56, "linux::Application 'watchdog': exit code 3: nobody feeds me"
    )
    for guid in range(2, 8):
        j.step(guid, "release", 3.42, 3.45)
    j.step(1, "release", 3.45, 3.62)
    return j.write(path)


def crowd(path: Path, clients: int = 190, seed: int = 7) -> Path:
    """Write the journal of a run of many: clients that start one after another, some that fail."""
    j = JournalText()
    draw = random.Random(seed)
    hosts = 9
    for guid in range(1, hosts + 1):
        j.add(guid, f"h{guid}", "linux::Node")
    j.add(10, "server", "linux::Application")
    j.connect(10, 1)
    guids = range(11, 11 + clients)
    for guid in guids:
        j.add(guid, f"client-{guid - 10}", "linux::Application", critical=False)
        j.connect(guid, 1 + guid % hosts)
        j.hold(guid, "start", [10], "STARTED", (guid - 10) * 0.1)
    j.aim(0.01, *range(1, 11 + clients))
    for guid in range(1, hosts + 1):
        j.step(guid, "deploy", 0.02, 0.6 + draw.random())
    for guid in [10, *guids]:
        begin = 1.6 + draw.random() * 0.2
        j.step(guid, "deploy", begin, begin + 0.1 + draw.random() * 0.3)
    zero = 2.3
    j.zero(zero)
    for guid in range(1, hosts + 1):
        j.reached(guid, "STARTED", zero)
    j.step(10, "start", zero, zero + 0.05)
    for guid in guids:
        begin = zero + 0.05 + (guid - 10) * 0.1
        j.step(guid, "start", begin, begin + 0.02)
        end = begin + 4 + draw.random() * 6
        failed = draw.random() < 0.04
        reason = "exit code 1: connect: Connection refused"
        j.reached(guid, "FAILED" if failed else "STOPPED", end, reason if failed else "")
    last = zero + clients * 0.1 + 11
    j.step(10, "stop", last, last + 0.2)
    for guid in [10, *guids]:
        j.step(guid, "release", last + 0.3, last + 0.3 + draw.random())
    for guid in range(1, hosts + 1):
        j.step(guid, "release", last + 1.4, last + 1.6)
    return j.write(path)


def network(path: Path) -> Path:
    """Write the journal of a small network: hosts, interfaces, links, a switch, applications."""
    j = JournalText()
    guid = 0

    def add(name: str, rtype: str, *neighbours: int) -> int:
        nonlocal guid
        guid += 1
        j.add(guid, name, rtype)
        for other in neighbours:
            j.connect(guid, other)
        return guid

    switch = add("s1", "netns::Switch")
    for number in range(1, 5):
        host = add(f"h{number}", "netns::Node")
        interface = add(f"h{number}-eth0", "netns::Interface", host)
        add(f"wire-{number}", "netns::Link", interface, switch)
        add(f"iperf-{number}", "linux::Iperf3", host)
    router = add("way out", "netns::Router")
    neck = add("neck", "netns::Link", switch, router)
    j.reached(neck, "FAILED", 1.0, "no such kernel module")
    add("$x_1$ <日本語> & a very long name of an application", "linux::Application", router)
    return j.write(path)


def tree(path: Path, depth: int = 3, fan: int = 6) -> Path:
    """Write the journal of a tree of switches, with hosts as its leaves."""
    j = JournalText()
    guid = 0

    def grow(level: int, parent: int | None) -> None:
        nonlocal guid
        guid += 1
        mine = guid
        j.add(
            mine, f"{'h' if level == 0 else 's'}{mine}", f"netns::{'Switch' if level else 'Node'}"
        )
        if parent is not None:
            j.connect(mine, parent)
        for _ in range(fan if level else 0):
            grow(level - 1, mine)

    grow(depth, None)
    return j.write(path)
