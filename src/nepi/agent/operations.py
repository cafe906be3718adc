# SPDX-License-Identifier: BSD-3-Clause
"""What may be asked about jobs and short commands, each as one request."""

from __future__ import annotations

from collections.abc import Callable

from nepi.agent import fields
from nepi.agent.codec import Header
from nepi.agent.commands import Commands
from nepi.agent.errors import AgentError, Code
from nepi.agent.job import Job
from nepi.agent.jobs import Jobs
from nepi.agent.steps import Operations, Request
from nepi.agent.stopping import Stops

_SIGNALS = 64


class JobOperations:
    """From fields to the calls they mean."""

    def __init__(self, jobs: Jobs, stops: Stops, commands: Commands) -> None:
        self._jobs = jobs
        self._stops = stops
        self._commands = commands
        # Told of the end of each job that is begun here.
        self.ended: Callable[[Job], None] = lambda _job: None

    def operations(self) -> Operations:
        """What may be asked here."""
        return {
            "spawn": self._spawn,
            "abandon": self._abandon,
            "run": self._run,
            "give_up": self._give_up,
            "stop": self._stop,
            "signal": self._signal,
            "write": self._write,
            "close_stdin": self._close_stdin,
            "forget": self._forget,
        }

    def _spawn(self, request: Request) -> None:
        job = self._jobs.spawn(request.header, request.blob)
        if job.exit is None and self.ended not in job.heard:
            job.heard.append(self.ended)
        known = {"job": job.id, "step": job.step, "pid": job.pid, "start": job.start}
        request.answer({**known, "exit": job.exit})

    def _abandon(self, request: Request) -> None:
        """Nobody waits any more for a job that was just asked for: it is not wanted."""
        job = self._jobs.of_step(fields.text(request.header, "spawned"))
        if job is not None:
            self._stops.begin(job, job.grace, lambda _result: None)
        request.answer({})

    def _run(self, request: Request) -> None:
        self._commands.run(request.header, request.blob, request.answer, request.refuse)

    def _give_up(self, request: Request) -> None:
        self._commands.give_up(request.header)
        request.answer({})

    def _stop(self, request: Request) -> None:
        job = self._jobs.get(request.header)
        self._stops.begin(job, grace(request.header, job.grace), request.answer)

    def _signal(self, request: Request) -> None:
        job = self._jobs.get(request.header)
        number = fields.whole(request.header, "signal")
        if not 0 < number <= _SIGNALS:
            raise AgentError(Code.BAD_REQUEST, f"there is no signal {number}")
        self._stops.signal(job, number)
        request.answer({})

    def _write(self, request: Request) -> None:
        job = self._jobs.get(request.header)
        refusal = AgentError(Code.STDIN_CLOSED, f"job {job.id} reads no input any more")
        if job.pipe is None:
            raise refusal
        job.pipe.write(
            fields.whole(request.header, "offset"),
            request.blob,
            lambda: request.answer({}),
            lambda: request.refuse(refusal),
        )

    def _close_stdin(self, request: Request) -> None:
        self._jobs.inputs.close(self._jobs.get(request.header))
        request.answer({})

    def _forget(self, request: Request) -> None:
        self._jobs.forget(request.header)
        request.answer({})


def grace(header: Header, default: float) -> float:
    """How long a stop waits before it kills."""
    given = header.get("grace")
    return default if given is None else fields.seconds(header, "grace", default)
