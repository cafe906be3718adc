# SPDX-License-Identifier: BSD-3-Clause
"""The agent's parent: begins it again when it dies, reaps what it leaves, holds its descriptors.

It is a subreaper: whatever loses its parent below it becomes its child. It does as little as it
can, so that it does not die; jobs, files and controllers are the agent's.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable

from nepi.agent import directory, ending, exits, processes, recovery, syscalls
from nepi.agent.codec import Header
from nepi.agent.line import Line
from nepi.agent.loop import Loop

# An agent that lives shorter than this is begun again after a pause, each time a longer one.
_SHORT_LIFE = 1.0
_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 30.0

RunAgent = Callable[[socket.socket, dict[str, int]], int]


class Keeper:
    """One of them a run and machine."""

    def __init__(self, path: str, run: str, listener: socket.socket, run_agent: RunAgent) -> None:
        self._path = path
        self._run = run
        self._listener = listener
        self._run_agent = run_agent
        self._loop = Loop()
        self._line = Line(self._loop)
        self._unfinished: dict[int, recovery.Unfinished] = {}
        self._agent = 0
        self._begun = 0.0
        self._pause = 0.0
        self._quitting = False

    def run(self) -> None:
        """Until the agent says that the run is over, or a TERM does."""
        syscalls.become_subreaper()
        for number in (signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda _number, _frame: self._asked_to_end())
        self._loop.children(self._reap)
        self._begin_agent()
        self._loop.run()
        self._end_all()
        directory.remove(self._path)

    def _begin_agent(self) -> None:
        self._begun = time.monotonic()
        try:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            pid = os.fork()
        except OSError as error:
            _note_trouble("no agent can be begun", error)
            self._begin_later()
            return
        if pid == 0:
            self._become_agent(ours, theirs)
        theirs.close()
        self._agent = pid
        self._line.open(ours)
        self._note_agent(pid)

    def _note_agent(self, pid: int) -> None:
        text = directory.identity_text(pid, processes.start_time(pid), time.time())
        try:
            directory.write(f"{self._path}/agent", text)
        except OSError as error:
            # A full disk must not end the keeper.
            _note_trouble("the agent cannot be noted", error)

    def _begin_later(self) -> None:
        self._loop.later(self._pause, self._begin_agent)
        self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)

    def _become_agent(self, ours: socket.socket, theirs: socket.socket) -> None:
        """In the child: never returns."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            self._loop.close()
            ours.close()
            code = self._run_agent(theirs, self._line.held)
        except BaseException:  # noqa: BLE001 - the end of this process; the log says why
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _reap(self) -> None:
        """Takes in all ends there are; if the agent's is among them, its jobs are ours now."""
        # In this order: what is listed before the agent is seen to live was ours already.
        ended = self._zombies()
        agent_ended = bool(self._agent) and exits.of(self._agent) is not None
        if agent_ended:
            self._line.close()
            self._unfinished = recovery.take_over(self._path)
            ended = self._zombies()
        for pid in ended:
            record = exits.of(pid)
            if record is not None:
                self._note(pid, record)
        if agent_ended:
            self._note_lost()
            self._agent_ended()

    def _zombies(self) -> list[int]:
        return [one.pid for one in recovery.children() if not one.living and one.pid != self._agent]

    def _note_lost(self) -> None:
        """Jobs that the agent had reaped and could not write down any more."""
        for pid, job in list(self._unfinished.items()):
            found = processes.stat(pid)
            if found is None or found.start != job.start:
                self._note(pid, exits.lost(job.began))

    def _note(self, pid: int, record: Header) -> None:
        """Writes the exit of a job that the dead agent began; other orphans are only reaped."""
        job = self._unfinished.pop(pid, None)
        if job is None:
            return
        record["started"] = job.began
        try:
            directory.write_exit(job.directory, record)
        except OSError as error:
            _note_trouble(job.directory, error)
        self._line.say({"ended": pid, "exit": record})

    def _agent_ended(self) -> None:
        self._agent = 0
        if self._quitting or self._line.over:
            self._loop.stop()
            return
        if time.monotonic() - self._begun > _SHORT_LIFE:
            self._pause = 0.0
            self._begin_agent()
            return
        self._begin_later()

    def _asked_to_end(self) -> None:
        self._quitting = True
        if self._agent:
            os.kill(self._agent, signal.SIGTERM)
        else:
            self._loop.stop()

    def _end_all(self) -> None:
        """What the agent left, if it could not end everything; another run's is not touched."""
        ending.kill_until_none(self._descendants)

    def _descendants(self) -> set[ending.Key]:
        view = processes.View(processes.table())
        below = view.descendants([os.getpid()])
        ending.settle(below)
        return {
            (pid, view.processes[pid].start)
            for pid in below
            if view.mark(pid, processes.RUN_MARK) in (None, self._run)
        }


def _note_trouble(what: str, error: OSError) -> None:
    """In the log of this agent's directory."""
    os.write(2, f"keeper: {what}: {error}\n".encode())
