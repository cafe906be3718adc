# SPDX-License-Identifier: BSD-3-Clause
"""Every kind of Host, each with the same few programs: whatever passes here may be exchanged."""

import asyncio
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from nepi.hosts import Host
from nepi.hosts.fake import FakeHost, Running, run_virtual
from nepi.hosts.local import LocalMachine

Body = Callable[[Host], Coroutine[None, None, None]]
# Bites only where something hangs.
PATIENCE = 60

SCRIPTS = {
    "say": 'printf %s "$1"; printf %s "$2" >&2; exit "$3"',
    "stubborn": "trap '' TERM; echo ready; while :; do sleep 1000; done",
    "show": 'printenv "$1"',
    "where": "pwd -P",
}


class Kit(ABC):
    """One kind of host, and how a test runs on it."""

    @abstractmethod
    def tool(self, name: str) -> str:
        """One of SCRIPTS, as this host calls it."""

    @abstractmethod
    def run(self, body: Body) -> None:
        """Runs a test on a fresh host."""


class LocalKit(Kit):
    """This machine, by a real agent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir()
        for name, text in SCRIPTS.items():
            script = folder / name
            script.write_text(f"#!/bin/sh\n{text}\n")
            script.chmod(0o755)

    def tool(self, name: str) -> str:
        return str(self._folder / name)

    def run(self, body: Body) -> None:
        async def whole() -> None:
            async with (
                asyncio.timeout(PATIENCE),
                LocalMachine(f"contract-{secrets.token_hex(4)}") as machine,
            ):
                await body(machine)

        asyncio.run(whole())


async def say(running: Running) -> int:
    running.print(running.argv[1].encode())
    running.print(running.argv[2].encode(), "stderr")
    return int(running.argv[3])


async def stubborn(running: Running) -> int:
    running.ignore(15)
    running.print(b"ready\n")
    await asyncio.sleep(1000)
    return 0


async def show(running: Running) -> int:
    value = running.env.get(running.argv[1])
    if value is None:
        return 1
    running.print(f"{value}\n".encode())
    return 0


async def where(running: Running) -> int:
    running.print(f"{running.cwd}\n".encode())
    return 0


class FakeKit(Kit):
    """A machine of Python functions, in virtual time."""

    def tool(self, name: str) -> str:
        return name

    def run(self, body: Body) -> None:
        async def whole() -> None:
            host = FakeHost()
            host.programs.update(say=say, stubborn=stubborn, show=show, where=where)
            await body(host)

        run_virtual(whole())


@pytest.fixture(params=["local", "fake"])
def kit(request: pytest.FixtureRequest, tmp_path: Path) -> Kit:
    return LocalKit(tmp_path / "tools") if request.param == "local" else FakeKit()
