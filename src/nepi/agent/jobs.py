# SPDX-License-Identifier: BSD-3-Clause
"""The jobs of a run on this machine: begun and ended.

Each has a directory that says all that is known of it, so that the next agent knows it too
(adoption). Stopping them is in stopping, what they print is followed in output.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from nepi.agent import directory, errors, exits, fields, processes, streams
from nepi.agent.codec import Header
from nepi.agent.errors import AgentError, Code
from nepi.agent.job import Job
from nepi.agent.kept import Kept
from nepi.agent.loop import Loop
from nepi.agent.output import Ceiling, Growth
from nepi.agent.start import HOME, LIMITS, Start, start
from nepi.agent.stdin import Inputs

_LIMIT_NAMES = frozenset(LIMITS)


class Jobs:
    """All of them, by id and, while they live, by process number."""

    def __init__(self, loop: Loop, path: str, *, run: str, growth: Growth, kept: Kept) -> None:
        self._growth = growth
        self.inputs = Inputs(loop, kept)
        self._environment = {**os.environ, processes.RUN_MARK: run}
        self._by_step: dict[str, Job] = {}
        self.path = path
        # The number that was given last.
        self.last = 0
        self.by_id: dict[str, Job] = {}
        self.living: dict[int, Job] = {}

    def get(self, header: Header) -> Job:
        """The job that a request names."""
        name = fields.text(header, "job")
        if name not in self.by_id:
            raise AgentError(Code.NO_SUCH_JOB, f"this run has no job {name} on this machine")
        return self.by_id[name]

    def of_step(self, step: str) -> Job | None:
        """The job that was begun under a step."""
        return self._by_step.get(step)

    def add(self, job: Job) -> None:
        """One more, living or not."""
        self.by_id[job.id] = job
        if job.step:
            self._by_step[job.step] = job
        if job.exit is None:
            self.living[job.pid] = job

    def spawn(self, header: Header, blob: bytes) -> Job:
        """Begins a job; the same step again gives the same job."""
        known = self._by_step.get(fields.text(header, "step", ""))
        if known is not None:
            return known
        self.last += 1
        job = Job.of_request(self.path, str(self.last), header)
        try:
            os.mkdir(job.directory, 0o700)
            job.note(header)
            self._begin(job, header, blob)
            job.start = processes.start_time(job.pid)
            job.note_process()
            self.limit_output(job, header)
        except OSError as error:
            self._undo(job)
            raise errors.of_file(error, job.directory, "write the job's directory") from error
        except AgentError:
            self._undo(job)
            raise
        self.add(job)
        return job

    def _undo(self, job: Job) -> None:
        """What could not be begun whole is not begun at all."""
        if job.pid:
            os.killpg(job.pid, signal.SIGKILL)
        self.inputs.abandon(job)
        directory.remove(job.directory)
        job.directory = ""

    def _begin(self, job: Job, header: Header, blob: bytes) -> None:
        with contextlib.closing(streams.Opened()) as opened:
            out = opened.add(streams.output(job.streams["out"]))
            merged = job.streams["err"] == job.streams["out"]
            err = out if merged else opened.add(streams.output(job.streams["err"]))
            if header.get("stdin") != "pipe":
                reading = opened.add(streams.stdin(header, blob))
                self.launch(job, header, (reading, out, err))
                return
            with self.inputs.pipe(job) as reading:
                self.launch(job, header, (reading, out, err))

    def launch(self, job: Job, header: Header, files: streams.Files) -> None:
        """Starts the process of a job with these files."""
        argv = fields.texts(header, "argv")
        if not argv:
            raise AgentError(Code.BAD_REQUEST, "a job needs a command")
        what = Start(argv, self._marked(job, header), fields.path(header, "cwd", HOME))
        what.files = files
        what.limits = fields.wholes_by_name(header, "limits", _LIMIT_NAMES)
        what.affinity = frozenset(fields.wholes(header, "affinity"))
        what.nice = fields.integer(header, "nice", 0)
        job.began = time.time()
        job.pid = start(what)
        self.living[job.pid] = job

    def _marked(self, job: Job, header: Header) -> dict[str, str]:
        return {
            **self._environment,
            **fields.mapping(header, "env"),
            processes.RUN_MARK: self._environment[processes.RUN_MARK],
            processes.JOB_MARK: job.mark,
        }

    def limit_output(self, job: Job, header: Header) -> None:
        """Begins to keep the outputs of a job below what it may keep."""
        limit = fields.whole(header, "output_limit", 0)
        if limit:
            paths = sorted(set(job.streams.values()))
            job.ceilings = [Ceiling(self._growth, path, limit) for path in paths]

    def reap(self) -> None:
        """Takes the exit codes of all children that have ended."""
        for pid, record in exits.reap():
            self.ended(pid, record)

    def ended(self, pid: int, record: directory.Record) -> None:
        """The process of a job is over, as we or the keeper saw."""
        job = self.living.pop(pid, None)
        if job is None:
            return
        record["started"] = job.began
        record["reason"] = job.reason or record.get("reason", "")
        job.exit = record
        if job.directory:
            self._settle(job, record)
        heard, job.heard = job.heard, []
        for callback in heard:
            callback(job)

    def _settle(self, job: Job, record: directory.Record) -> None:
        self.inputs.abandon(job)
        for ceiling in job.ceilings:
            ceiling.close()
        # A full disk must not cost the exit code: who is connected is told all the same.
        try:
            directory.write_exit(job.directory, record)
        except OSError as error:
            os.write(2, f"job {job.id}: {error}\n".encode())

    def forget(self, header: Header) -> None:
        """A job that is over, and its directory, are needed no more."""
        job = self.get(header)
        if job.exit is None:
            raise AgentError(Code.BAD_REQUEST, f"job {job.id} still runs; stop it first")
        del self.by_id[job.id]
        self._by_step.pop(job.step, None)
        directory.remove(job.directory)
