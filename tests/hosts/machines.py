# SPDX-License-Identifier: BSD-3-Clause
"""Real agents for tests, and their violent ends."""

import asyncio
import os
import secrets
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from nepi.agent import directory, processes
from nepi.hosts import Process, leftovers
from nepi.hosts.local import LocalMachine
from nepi.hosts.record import AgentRecord

# Bites only where something hangs.
PATIENCE = 60


def new_run() -> str:
    return f"test-{secrets.token_hex(6)}"


@asynccontextmanager
async def a_machine(run: str = "", *, python: str = sys.executable) -> AsyncGenerator[LocalMachine]:
    """A machine of a run of its own; whatever the test did to it, nothing is left."""
    machine = LocalMachine(run or new_run(), python=python)
    try:
        await machine.start()
        yield machine
    finally:
        machine.disconnect()
        leftovers.remove(machine.record, grace=0.2)


def on_a_machine(body: Callable[[LocalMachine], Coroutine[Any, Any, None]]) -> None:
    """Runs a test on one."""

    async def whole() -> None:
        async with asyncio.timeout(PATIENCE), a_machine() as machine:
            await body(machine)

    asyncio.run(whole())


def agent_of(record: AgentRecord) -> int:
    """The agent's process number, as its directory says."""
    told = directory.parse_identity(directory.read(f"{record.directory}/agent"))
    assert told is not None
    return told[0]


async def gone(pid: int) -> None:
    """Returns when this process has ended."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def kill(pid: int) -> None:
    """kill -9, and it is gone."""
    os.kill(pid, signal.SIGKILL)
    await gone(pid)


async def line(process: Process) -> str:
    """The first line it prints."""
    text = b""
    async for block in process.follow():
        text += block
        if b"\n" in text:
            break
    return text.split(b"\n")[0].decode()


def lives(pid: int) -> bool:
    """Whether there is a process of this number that is no zombie."""
    found = processes.stat(pid)
    return found is not None and found.living
