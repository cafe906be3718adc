# SPDX-License-Identifier: BSD-3-Clause
"""What processes read while they run: pipes, and our ends of them."""

from __future__ import annotations

import contextlib
import os
from collections import deque
from collections.abc import Callable, Generator
from typing import Protocol

from nepi.agent.errors import AgentError, Code
from nepi.agent.kept import Kept
from nepi.agent.loop import WRITE, Loop

_Done = Callable[[], None]


class Reader(Protocol):
    """A job, as far as it reads."""

    id: str
    directory: str
    pipe: Pipe | None


class Pipe:
    """The writing end of a job's standard input; takes blocks in order, whatever their size.

    How much was written stands in a file, so that the next agent does not write it again.
    """

    def __init__(self, loop: Loop, descriptor: int, progress: str) -> None:
        self._loop = loop
        self._descriptor = descriptor
        self._waiting: deque[tuple[memoryview, _Done, _Done]] = deque()
        self._closing = False
        self._progress = os.open(progress, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._written = int(os.pread(self._progress, 20, 0) or 0)
        self.taken = self._written
        os.set_blocking(descriptor, False)

    def write(self, offset: int, data: bytes, done: _Done, broken: _Done) -> None:
        """Bytes of the stream from `offset` on: those taken before are not taken again."""
        if self._descriptor < 0 or self._closing:
            broken()
            return
        if offset > self.taken:
            raise AgentError(Code.BAD_REQUEST, f"stdin is at {self.taken}, not at {offset}")
        fresh = memoryview(data)[self.taken - offset :]
        self.taken += len(fresh)
        self._waiting.append((fresh, done, broken))
        self._pump(0)

    def close(self) -> None:
        """The end of the input, once all that was given has been taken."""
        self._closing = True
        if not self._waiting:
            self.abandon()

    def abandon(self) -> None:
        """Nobody reads any more: what waits is told so; twice is no error."""
        if self._descriptor >= 0:
            self._loop.unwatch(self._descriptor)
            os.close(self._descriptor)
            os.close(self._progress)
            self._descriptor = -1
        while self._waiting:
            self._waiting.popleft()[2]()

    def _pump(self, _mask: int) -> None:
        while self._waiting:
            data, done, broken = self._waiting.popleft()
            try:
                written = os.write(self._descriptor, data) if data else 0
            except BlockingIOError:
                written = 0
            except BrokenPipeError:
                broken()
                self.abandon()
                return
            self._note(written)
            if written < len(data):
                self._waiting.appendleft((data[written:], done, broken))
                self._loop.watch(self._descriptor, WRITE, self._pump)
                return
            done()
        self._loop.unwatch(self._descriptor)
        if self._closing:
            self.abandon()

    def _note(self, written: int) -> None:
        self._written += written
        if written:
            os.pwrite(self._progress, b"%020d" % self._written, 0)


class Inputs:
    """The pipes of all jobs that have one; the keeper holds them too, or jobs would read an end."""

    def __init__(self, loop: Loop, kept: Kept) -> None:
        self._loop = loop
        self._kept = kept

    @contextlib.contextmanager
    def pipe(self, job: Reader) -> Generator[int]:
        """The end a process reads from, while it is begun; then the other end is the job's."""
        reading, writing = os.pipe2(os.O_CLOEXEC)
        try:
            yield reading
        except BaseException:
            os.close(writing)
            raise
        finally:
            os.close(reading)
        self._kept.keep(_name(job), writing)
        job.pipe = Pipe(self._loop, writing, f"{job.directory}/in")

    def resume(self, job: Reader) -> None:
        """An adopted job goes on reading what is written to it."""
        writing = self._kept.held.get(_name(job))
        if writing is not None:
            job.pipe = Pipe(self._loop, writing, f"{job.directory}/in")

    def close(self, job: Reader) -> None:
        """The end of the input of a job, if it reads any."""
        if job.pipe is not None:
            self._kept.drop(_name(job))
            job.pipe.close()

    def abandon(self, job: Reader) -> None:
        """The job is over; what waits to be read never will be."""
        if job.pipe is not None:
            self._kept.drop(_name(job))
            job.pipe.abandon()


def _name(job: Reader) -> str:
    return f"stdin {job.id}"
