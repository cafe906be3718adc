# SPDX-License-Identifier: BSD-3-Clause
"""The processes of a fake host: Python functions that print, read, take time and get signals."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import PurePath
from typing import Any

from nepi.hosts.direct import DirectFiles
from nepi.hosts.errors import HostError, StdinClosedError
from nepi.hosts.host import Process, Stream
from nepi.hosts.job import PIPE, STDOUT, Exit, Job, Stopped

Program = Callable[["Running"], Coroutine[Any, Any, int]]


class Running:
    """What a program knows of its process."""

    def __init__(self, job: Job, process: "FakeProcess") -> None:
        self._process = process
        self.argv = job.argv
        self.env = job.env
        self.cwd = job.cwd
        self.ignored: set[int] = set()

    def print(self, data: bytes, stream: Stream = "stdout") -> None:
        """To one of its outputs."""
        self._process.take_output(data, stream)

    async def read(self) -> bytes:
        """What came on its input; empty at the end."""
        return await self._process.next_input()

    def ignore(self, number: int) -> None:
        """This signal does nothing from now on."""
        self.ignored.add(number)


class FakeProcess(Process):
    """A task that is a process to all who look at it."""

    def __init__(self, pid: int, job: Job, program: Program, files: DirectFiles) -> None:
        loop = asyncio.get_running_loop()
        self._pid = pid
        self._files = files
        self._exit: Exit | None = None
        self._printed = {"stdout": b"", "stderr": b""}
        self._input: asyncio.Queue[bytes] = asyncio.Queue()
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._running = Running(job, self)
        self._killed_by = 0
        self._reason = ""
        self._failure: BaseException | None = None
        self._started = loop.time()
        self.job = job
        self.signals: list[int] = []
        self._prepare()
        self._task = loop.create_task(program(self._running))
        self._task.add_done_callback(self._ended)

    def _prepare(self) -> None:
        job = self.job
        for path in (job.stdout, job.stderr):
            if isinstance(path, PurePath):
                self._append(path, b"")
        if isinstance(job.stdin, bytes):
            self._input.put_nowait(job.stdin)
        elif isinstance(job.stdin, PurePath):
            self._input.put_nowait(self._files.at(job.stdin).read_bytes())
        if job.stdin is not PIPE:
            self._input.put_nowait(b"")

    def _append(self, path: PurePath, data: bytes) -> None:
        target = self._files.at(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("ab") as file:
            file.write(data)

    def _ended(self, task: asyncio.Task[int]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()
        elif self._killed_by or not task.cancelled():
            self._exit = Exit(
                code=None if task.cancelled() else task.result(),
                signal=self._killed_by if task.cancelled() else None,
                started=self._started,
                ended=task.get_loop().time(),
                reason=self._reason,
            )
        self._over.set()
        self._news.set()

    def take_output(self, data: bytes, stream: Stream) -> None:
        """The program prints."""
        if self.job.stderr is STDOUT:
            stream = "stdout"
        self._printed[stream] += data
        path = self.job.stdout if stream == "stdout" else self.job.stderr
        if isinstance(path, PurePath):
            self._append(path, data)
        self._news.set()

    async def next_input(self) -> bytes:
        """The program reads; the end stays the end."""
        block = await self._input.get()
        if not block:
            self._input.put_nowait(b"")
        return block

    def printed(self, stream: Stream) -> bytes:
        """All it has printed by now."""
        return self._printed[stream]

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def exit(self) -> Exit | None:
        return self._exit

    async def wait(self) -> Exit:
        await self._over.wait()
        if self._exit is None:
            raise HostError(f"the fake program {self.job.argv[0]} failed") from self._failure
        return self._exit

    def _deliver(self, number: int) -> None:
        self.signals.append(number)
        if self._exit is None and (number == signal.SIGKILL or number not in self._running.ignored):
            self._killed_by = number
            self._task.cancel()

    async def signal(self, number: int) -> None:
        self._deliver(number)

    async def stop(self, grace: float | None = None) -> Stopped:
        if self._exit is not None:
            return Stopped()
        self._reason = "stopped"
        self._deliver(signal.SIGTERM)
        try:
            async with asyncio.timeout(self.job.grace if grace is None else grace):
                await self._over.wait()
        except TimeoutError:
            self._reason = "killed"
            self._deliver(signal.SIGKILL)
            await self._over.wait()
            return Stopped(ended=(self._pid,), killed=(self._pid,))
        return Stopped(ended=(self._pid,))

    async def write(self, data: bytes) -> None:
        if self.job.stdin is not PIPE or self._exit is not None:
            raise StdinClosedError(f"process {self._pid} reads no input any more")
        if data:
            self._input.put_nowait(data)

    async def close_stdin(self) -> None:
        self._input.put_nowait(b"")

    async def follow(self, stream: Stream = "stdout", offset: int = 0) -> AsyncIterator[bytes]:
        while True:
            block = self._printed[stream][offset:]
            if block:
                offset += len(block)
                yield block
            elif self._over.is_set():
                return
            else:
                self._news.clear()
                await self._news.wait()
