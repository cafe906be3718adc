# SPDX-License-Identifier: BSD-3-Clause
"""Short commands whose output is the answer. They leave no directory behind, only their marks."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable

from nepi.agent import errors, fields, streams
from nepi.agent.codec import Header
from nepi.agent.errors import AgentError, Code
from nepi.agent.job import Job
from nepi.agent.jobs import Jobs
from nepi.agent.loop import READ, Loop, Timer
from nepi.agent.stopping import Stops

DEFAULT_OUTPUT = 8 << 20
_BLOCK = 1 << 16
_GRACE = 0.5
Answer = Callable[[Header, bytes], None]
Refuse = Callable[[AgentError], None]


class Command:
    """One of them, from its start to its answer."""

    def __init__(self, job: Job, limit: int, answer: Answer, refuse: Refuse) -> None:
        self.job = job
        self.limit = limit
        self.answer = answer
        self.refuse = refuse
        self.taken: dict[int, bytearray] = {}
        self.timer: Timer | None = None
        self.failure: AgentError | None = None

    @property
    def size(self) -> int:
        """How much it has printed by now."""
        return sum(len(one) for one in self.taken.values())


class Commands:
    """Starts short commands, gathers what they print, ends those that take too long."""

    def __init__(self, loop: Loop, jobs: Jobs, stops: Stops, short: str) -> None:
        self._loop = loop
        self._jobs = jobs
        self._stops = stops
        self._short = short
        self._count = 0
        self._running: dict[str, Command] = {}

    def run(self, header: Header, blob: bytes, answer: Answer, refuse: Refuse) -> None:
        """Answers with the exit and the output: the blob is stdout, then stderr."""
        self._count += 1
        job = Job("", f"{self._short}-{os.getpid()}-run{self._count}", "")
        limit = fields.whole(header, "output_limit", DEFAULT_OUTPUT)
        command = Command(job, limit, answer, refuse)
        timeout = header.get("timeout")
        self._launch(command, header, blob)
        step = fields.text(header, "step", job.mark)
        self._running[step] = command
        if timeout is not None:
            seconds = fields.seconds(header, "timeout", 0)
            command.timer = self._loop.later(seconds, lambda: self._late(command, seconds))
        job.heard.append(lambda _job: self._over(step, command))

    def give_up(self, header: Header) -> None:
        """Ends the command of a step, whose answer nobody waits for."""
        command = self._running.get(fields.text(header, "command"))
        if command is not None:
            self._give_up(command, AgentError(Code.TIMEOUT, "the controller gave the command up"))

    def _launch(self, command: Command, header: Header, blob: bytes) -> None:
        opened = [streams.memory(blob)]
        readable: list[int] = []
        try:
            for _ in range(2):
                reading, writing = os.pipe2(os.O_CLOEXEC)
                readable.append(reading)
                opened.append(writing)
            self._jobs.launch(command.job, header, (opened[0], opened[1], opened[2]))
        except (OSError, AgentError) as error:
            for descriptor in readable:
                os.close(descriptor)
            if isinstance(error, AgentError):
                raise
            raise errors.of_file(error, "a pipe", "open") from error
        finally:
            for descriptor in opened:
                os.close(descriptor)
        for descriptor in readable:
            self._gather(command, descriptor)

    def _gather(self, command: Command, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        command.taken[descriptor] = bytearray()
        self._loop.watch(descriptor, READ, functools.partial(self._ready, command, descriptor))

    def _ready(self, command: Command, descriptor: int, _mask: int) -> None:
        self._read(command, descriptor)

    def _read(self, command: Command, descriptor: int) -> bool:
        """Takes one block, if there is one; says whether there may be more at once."""
        try:
            block = os.read(descriptor, _BLOCK)
        except BlockingIOError:
            return False
        if not block:
            self._loop.unwatch(descriptor)
            return False
        command.taken[descriptor] += block
        if command.size > command.limit and command.failure is None:
            self._give_up(
                command,
                AgentError(
                    Code.OUTPUT_TOO_LARGE,
                    f"the command printed more than {command.limit} bytes; make it a job",
                ),
            )
        if command.failure is not None:
            command.taken[descriptor].clear()
        return True

    def _late(self, command: Command, seconds: float) -> None:
        self._give_up(
            command, AgentError(Code.TIMEOUT, f"the command did not end within {seconds:g} s")
        )

    def _give_up(self, command: Command, why: AgentError) -> None:
        command.failure = why
        self._stops.begin(command.job, _GRACE, lambda _result: None)

    def _over(self, step: str, command: Command) -> None:
        del self._running[step]
        if command.timer is not None:
            command.timer.cancel()
        # What the process wrote is in the pipes; a child that still holds them is not waited for.
        for descriptor in command.taken:
            while self._read(command, descriptor):
                pass
            self._loop.unwatch(descriptor)
            os.close(descriptor)
        if command.failure is not None:
            command.refuse(command.failure)
            return
        out, err = command.taken.values()
        exit_record = command.job.exit or {}
        command.answer({"exit": exit_record, "split": len(out)}, bytes(out + err))
