# SPDX-License-Identifier: BSD-3-Clause
"""A machine whose programs are Python functions, on whichever clock the loop has.

For tests of what runs on machines: with `run_virtual` an experiment of hours takes no time.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_interface
from pathlib import Path, PurePath, PurePosixPath

from nepi.hosts.direct import DirectFiles
from nepi.hosts.errors import (
    CommandNotFoundError,
    CommandTimeoutError,
    HostError,
    MissingDirectoryError,
    NotExecutableError,
)
from nepi.hosts.fakeprocess import FakeProcess, Program, Running
from nepi.hosts.files import Files
from nepi.hosts.host import Address, Facts, HasDirectory, Host, Process
from nepi.hosts.job import Completed, Job
from nepi.hosts.virtualtime import NothingLeftError, VirtualLoop, run_virtual

__all__ = [
    "FakeHost",
    "FakeProcess",
    "NothingLeftError",
    "Program",
    "Running",
    "VirtualLoop",
    "run_virtual",
    "scripted",
]

_FACTS = Facts(
    hostname="fake",
    system="Linux",
    kernel="6.0",
    architecture="x86_64",
    distribution="none",
    cores=4,
    memory=8 << 30,
    python="3.11.0",
    user=1000,
    boot="00000000-0000-0000-0000-000000000000",
)


def scripted(
    *, output: bytes = b"", error: bytes = b"", code: int = 0, lasts: float = 0.0
) -> Program:
    """A program that prints, takes its time, and ends."""

    async def program(running: Running) -> int:
        running.print(output)
        running.print(error, "stderr")
        await asyncio.sleep(lasts)
        return code

    return program


async def _echo(running: Running) -> int:
    running.print(" ".join(running.argv[1:]).encode() + b"\n")
    return 0


async def _cat(running: Running) -> int:
    while block := await running.read():
        running.print(block)
    return 0


async def _sleep(running: Running) -> int:
    await asyncio.sleep(float(running.argv[1]))
    return 0


class FakeHost(Host):
    """Knows true, false, echo, cat and sleep, and whatever `programs` is given."""

    def __init__(self, root: Path | None = None) -> None:
        self._files = DirectFiles(root)
        self._by_step: dict[str, FakeProcess] = {}
        self.programs: dict[str, Program] = {
            "true": scripted(),
            "false": scripted(code=1),
            "echo": _echo,
            "cat": _cat,
            "sleep": _sleep,
        }
        self.not_executable: set[str] = set()
        self.known_facts = _FACTS
        self.known_addresses = [Address("lo", ip_interface("127.0.0.1/8"))]
        # Raised by whatever is asked next, and by all after it, until it is None again.
        self.failure: HostError | None = None
        # Everything that was ever started, oldest first.
        self.started: list[FakeProcess] = []

    def _check(self) -> None:
        if self.failure is not None:
            raise self.failure

    async def spawn_many(self, jobs: Sequence[Job]) -> list[Process | Exception]:
        self._check()
        return [self._spawn(job) for job in jobs]

    def _spawn(self, job: Job) -> Process | Exception:
        try:
            return self._by_step.get(job.step) or self._start(job)
        except HostError as error:
            return error

    def _start(self, job: Job) -> FakeProcess:
        program = self._program(job)
        process = FakeProcess(len(self.started) + 1, job, program, self._files)
        self.started.append(process)
        if job.step:
            self._by_step[job.step] = process
        return process

    def _program(self, job: Job) -> Program:
        name = job.argv[0]
        if name in self.not_executable:
            raise NotExecutableError(f"{name} is not executable; chmod +x it")
        if name not in self.programs:
            raise CommandNotFoundError(f"command {name} not found; install it")
        if job.cwd is not None and not self._files.at(job.cwd).is_dir():
            raise MissingDirectoryError(f"cannot use {job.cwd} as working directory; make it first")
        return self.programs[name]

    async def run(
        self,
        argv: Sequence[str | PurePath],
        *,
        timeout: float | None = None,
        input: bytes = b"",  # noqa: A002 - as subprocess calls it
        env: Mapping[str, str] | None = None,
        cwd: PurePath | None = None,
    ) -> Completed:
        self._check()
        job = Job(argv, stdin=input, env=env or {}, cwd=cwd)
        process = self._start(job)
        try:
            async with asyncio.timeout(timeout):
                ended = await process.wait()
        except TimeoutError:
            await process.stop(0)
            raise CommandTimeoutError(f"the command did not end within {timeout:g} s") from None
        return Completed(ended, process.printed("stdout"), process.printed("stderr"))

    @property
    def files(self) -> Files:
        self._check()
        return self._files

    async def facts(self) -> Facts:
        self._check()
        return self.known_facts

    async def addresses(self) -> list[Address]:
        self._check()
        return list(self.known_addresses)

    async def which(self, names: Iterable[str]) -> dict[str, PurePosixPath | None]:
        self._check()
        return {
            name: PurePosixPath("/usr/bin", name) if name in self.programs else None
            for name in names
        }

    def workspace(self, resource: HasDirectory) -> PurePosixPath:
        return PurePosixPath(resource.directory)
