# SPDX-License-Identifier: BSD-3-Clause
"""Ends processes: all of a job, or all of the run; asked first (TERM), made to later (KILL).

A job's processes are its descendants, whoever is in its session or group, and whoever carries its
mark: a daemon left the first two, a cleared environment has lost the third. The keeper is a
subreaper, so nothing of the run ever leaves the tree below it.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable

from nepi.agent import processes, syscalls
from nepi.agent.codec import Header
from nepi.agent.errors import AgentError, Code
from nepi.agent.job import Job
from nepi.agent.jobs import Jobs
from nepi.agent.loop import READ, Loop, Timer
from nepi.agent.processes import JOB_MARK, RUN_MARK, View

# After KILL only a process in the kernel's hands (a dead disk) is still there.
_LAST_WAIT = 5.0
# How long an exec takes, and how often we wait for it: there are programs without environment.
_EXEC = 0.005
_EXECS = 40
_Key = tuple[int, int]
Done = Callable[[Header], None]


class Stop:
    """The end of one job, or of everything (job None): what was signalled, what is waited for."""

    def __init__(self, job: Job | None, grace: float) -> None:
        self.job = job
        self.grace = grace
        self.number = signal.SIGTERM
        self.over = False
        self.signalled: dict[_Key, int] = {}
        self.waiting: dict[_Key, int] = {}
        self.killed: list[_Key] = []
        self.refused: list[int] = []
        self.timer: Timer | None = None
        self.asked: list[Done] = []
        self.patience = _EXECS

    def result(self) -> Header:
        """What is told to who asked."""
        return {
            "ended": [pid for pid, _ in self.signalled],
            "killed": [pid for pid, _ in self.killed],
            "remaining": [*self.refused, *(pid for pid, _ in self.waiting)],
        }


class Scope:
    """Whose a process is, at one moment; read once for all that are being stopped."""

    def __init__(self, run: str, keeper: int, jobs: Jobs) -> None:
        self._run = run
        self._jobs = jobs
        self.view = View(processes.table())
        spared = {keeper, os.getpid()}
        below = self.view.descendants([keeper] if keeper else [os.getpid()])
        if not keeper:
            below |= self.view.marked(RUN_MARK, run)
        # A run inside this run has a keeper of its own.
        self.ours = {pid for pid in below - spared if self._mark(pid) in (None, run)}

    def _mark(self, pid: int) -> str | None:
        return self.view.mark(pid, RUN_MARK)

    def of(self, job: Job | None) -> set[int]:
        """The processes of one job, or all."""
        if job is None:
            # Who is in the middle of an exec may belong to a run inside this run.
            return self.ours - self.view.between
        found = self.view.marked(JOB_MARK, job.mark, self.ours) | self._session(job)
        below = self.view.descendants(found)
        return found | {pid for pid in below & self.ours if self._may_be(pid, job)}

    def _session(self, job: Job) -> set[int]:
        holder = self._jobs.living.get(job.pid)
        # The number may be another job's by now.
        if not job.pid or (holder is not None and holder is not job):
            return set()
        return {
            pid
            for pid in self.ours
            if job.pid in (pid, self.view.processes[pid].session, self.view.processes[pid].group)
            and self.view.processes[pid].start >= job.start
        }

    def _may_be(self, pid: int, job: Job) -> bool:
        return self.view.mark(pid, JOB_MARK) in (None, job.mark)


class Stops:
    """Carries out what is to be stopped; one look at /proc serves all that wait for one."""

    def __init__(self, loop: Loop, jobs: Jobs, run: str) -> None:
        self._loop = loop
        self._jobs = jobs
        self._run = run
        self._active: dict[str, Stop] = {}
        self._due: list[Stop] = []
        self.keeper = 0

    def begin(self, job: Job | None, grace: float, done: Done) -> None:
        """Stops it, then tells `done`; asked again meanwhile, both are told."""
        key = job.mark if job else ""
        stop = self._active.get(key)
        if stop is None:
            stop = self._active[key] = Stop(job, grace)
            if job is not None and job.exit is None:
                job.reason = "stopped"
            stop.timer = self._loop.later(grace, lambda: self._harden(stop))
            self._look_again(stop)
        stop.asked.append(done)

    def signal(self, job: Job, number: int) -> None:
        """One signal to all processes of a job."""
        self._jobs.reap()
        scope = Scope(self._run, self.keeper, self._jobs)
        for pid in scope.of(job):
            try:
                descriptor = self._open((pid, scope.view.processes[pid].start))
            except ProcessLookupError:
                continue
            try:
                syscalls.pidfd_send_signal(descriptor, number)
            except ProcessLookupError:
                continue
            except PermissionError as error:
                raise AgentError(
                    Code.PERMISSION, f"process {pid} of job {job.id} is another user's"
                ) from error
            finally:
                os.close(descriptor)

    def _look_again(self, stop: Stop) -> None:
        if stop.over:
            return
        if not self._due:
            self._loop.soon(self._look)
        if stop not in self._due:
            self._due.append(stop)

    def _look(self) -> None:
        due, self._due = self._due, []
        # Children that are over already would be looked for in vain.
        self._jobs.reap()
        scope = Scope(self._run, self.keeper, self._jobs)
        for stop in due:
            if not stop.over:
                self._sweep(stop, scope)

    def _sweep(self, stop: Stop, scope: Scope) -> None:
        # Who waits for its children ends with them, before it was asked: parents come first.
        leader = stop.job.pid if stop.job else 0
        for pid in sorted(scope.of(stop.job), key=lambda pid: (pid != leader, pid)):
            key = (pid, scope.view.processes[pid].start)
            if stop.signalled.get(key) != stop.number and pid not in stop.refused:
                self._signal(stop, key)
        if stop.waiting:
            return
        if scope.view.between & scope.ours and stop.patience:
            stop.patience -= 1
            self._loop.later(_EXEC, lambda: self._look_again(stop))
        else:
            self._finish(stop)

    def _signal(self, stop: Stop, key: _Key) -> None:
        try:
            descriptor = stop.waiting.get(key) or self._open(key)
        except ProcessLookupError:
            return
        if key not in stop.waiting:
            stop.waiting[key] = descriptor
            self._loop.watch(descriptor, READ, lambda _mask: self._gone(stop, key))
        try:
            syscalls.pidfd_send_signal(descriptor, stop.number)
        except ProcessLookupError:
            return
        except PermissionError:
            stop.refused.append(key[0])
            self._release(stop, key)
            return
        stop.signalled[key] = stop.number
        if stop.number == signal.SIGKILL:
            stop.killed.append(key)
            return
        # A stopped process acts upon TERM only when it goes on; this one may be gone by now.
        with contextlib.suppress(ProcessLookupError):
            syscalls.pidfd_send_signal(descriptor, signal.SIGCONT)

    def _open(self, key: _Key) -> int:
        """A descriptor of this very process."""
        pid, start = key
        descriptor = syscalls.pidfd_open(pid)
        if processes.start_time(pid) != start:
            os.close(descriptor)
            raise ProcessLookupError
        return descriptor

    def _release(self, stop: Stop, key: _Key) -> None:
        descriptor = stop.waiting.pop(key)
        self._loop.unwatch(descriptor)
        os.close(descriptor)

    def _gone(self, stop: Stop, key: _Key) -> None:
        self._release(stop, key)
        if not stop.waiting and not stop.over:
            self._look_again(stop)

    def _harden(self, stop: Stop) -> None:
        stop.number = signal.SIGKILL
        if stop.job is not None and stop.job.exit is None:
            stop.job.reason = "killed"
        stop.timer = self._loop.later(_LAST_WAIT, lambda: self._finish(stop))
        self._look_again(stop)

    def _finish(self, stop: Stop) -> None:
        stop.over = True
        self._active.pop(stop.job.mark if stop.job else "", None)
        if stop.timer is not None:
            stop.timer.cancel()
        result = stop.result()
        for key in list(stop.waiting):
            self._release(stop, key)
        for done in stop.asked:
            done(result)
