# SPDX-License-Identifier: BSD-3-Clause
"""Short commands, by the agent or by plain subprocess: `processes.py WAY COUNT`.

The last line it prints is its figures in JSON: processes per second, or seconds of one round trip.
"""

import asyncio
import json
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from nepi.hosts import Exit, Job
from nepi.hosts.local import LocalMachine

COMMAND = ["true"]
Figures = dict[str, float]


def check(ends: Sequence[Exit], count: int) -> None:
    """What was counted was done, and well."""
    if sum(one.ok for one in ends) != count:
        sys.exit(f"of {count} commands only {sum(one.ok for one in ends)} went well")


async def together(machine: LocalMachine, count: int) -> Figures:
    """All asked at once, each with its output returned."""
    begun = time.perf_counter()
    done = await asyncio.gather(*(machine.run(COMMAND) for _ in range(count)))
    rate = count / (time.perf_counter() - begun)
    check([one.exit for one in done], count)
    return {"rate": rate}


async def jobs(machine: LocalMachine, count: int) -> Figures:
    """Jobs, each with a directory and two files of output."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = [
            Job(COMMAND, stdout=Path(folder, f"{one}.out"), stderr=Path(folder, f"{one}.err"))
            for one in range(count)
        ]
        begun = time.perf_counter()
        started = await machine.spawn_many(wanted)
        ends = [await one.wait() for one in started if not isinstance(one, Exception)]
        rate = count / (time.perf_counter() - begun)
    check(ends, count)
    return {"rate": rate}


async def one_by_one(machine: LocalMachine, count: int) -> Figures:
    """Each asked when the one before was answered."""
    taken: list[float] = []
    for _ in range(count):
        begun = time.perf_counter()
        await machine.run(COMMAND)
        taken.append(time.perf_counter() - begun)
    return {"median": statistics.median(taken)}


async def words(machine: LocalMachine, count: int) -> Figures:
    """No command at all: there and back."""
    taken: list[float] = []
    for _ in range(count):
        begun = time.perf_counter()
        await machine.client.request("ping")
        taken.append(time.perf_counter() - begun)
    return {"median": statistics.median(taken)}


def subprocess_one_by_one(count: int) -> Figures:
    """As everybody does it."""
    taken: list[float] = []
    for _ in range(count):
        begun = time.perf_counter()
        subprocess.run(COMMAND, capture_output=True, check=True)
        taken.append(time.perf_counter() - begun)
    return {"median": statistics.median(taken), "rate": count / sum(taken)}


def subprocess_jobs(count: int) -> Figures:
    """All begun, each with two files of output and a session of its own, then waited for."""
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        started: list[subprocess.Popen[bytes]] = []
        for one in range(count):
            out, err = (Path(folder, f"{one}.{name}") for name in ("out", "err"))
            with out.open("ab") as to, err.open("ab") as also:
                started.append(
                    subprocess.Popen(COMMAND, stdout=to, stderr=also, start_new_session=True)
                )
        check([Exit(code=one.wait()) for one in started], count)
        return {"rate": count / (time.perf_counter() - begun)}


WITH_AGENT: dict[str, Callable[[LocalMachine, int], Awaitable[Figures]]] = {
    "together": together,
    "jobs": jobs,
    "one_by_one": one_by_one,
    "words": words,
}
PLAIN: dict[str, Callable[[int], Figures]] = {
    "subprocess_one_by_one": subprocess_one_by_one,
    "subprocess_jobs": subprocess_jobs,
}


async def measured(way: str, count: int) -> Figures:
    """The figures of one way, and what it took to have an agent."""
    begun = time.perf_counter()
    async with LocalMachine(f"bench-{secrets.token_hex(4)}") as machine:
        started = time.perf_counter() - begun
        return {"started": started, **await WITH_AGENT[way](machine, count)}


if __name__ == "__main__":
    name, number = sys.argv[1], int(sys.argv[2])
    found = PLAIN[name](number) if name in PLAIN else asyncio.run(measured(name, number))
    print(json.dumps(found))
