# SPDX-License-Identifier: BSD-3-Clause
"""The agent's own life: what it listens to, and what becomes of it without its keeper."""

from __future__ import annotations

import os
import signal
import socket
from typing import cast

from nepi.agent import directory, ending, processes, syscalls
from nepi.agent.adoption import watch_without_keeper
from nepi.agent.directory import Record
from nepi.agent.kept import Kept
from nepi.agent.loop import READ, Loop
from nepi.agent.server import Server


class Agent:
    """One of them a run and machine: begun by the keeper, and again if it dies."""

    def __init__(
        self,
        path: str,
        run: str,
        *,
        listener: socket.socket,
        control: socket.socket,
        held: dict[str, int],
    ) -> None:
        self._path = path
        self._run = run
        self._loop = Loop()
        self._kept = Kept(control, held)
        self._listener = listener
        self._server = Server(self._loop, path, run, kept=self._kept, keeper=os.getppid())
        self._server.on_over = self._over

    def run(self) -> int:
        """Until a controller, or a TERM, ends the run here."""
        signal.signal(signal.SIGTERM, lambda _number, _frame: self._loop.soon(self._server.end))
        self._loop.children(self._server.jobs.reap)
        self._loop.watch(self._kept.fileno(), READ, self._kept_says)
        self._listener.setblocking(False)
        self._server.start(self._listener)
        self._loop.run()
        return 0

    def _kept_says(self, _mask: int) -> None:
        message = self._kept.receive()
        if message is None:
            self._go_on_alone()
            return
        pid = message.get("ended")
        if isinstance(pid, int):
            self._server.jobs.ended(pid, cast("Record", message["exit"]))

    def _go_on_alone(self) -> None:
        """The keeper was killed: what loses its parent comes to us, and we must not die."""
        self._loop.unwatch(self._kept.fileno())
        self._kept.alone = True
        self._server.stops.keeper = 0
        syscalls.become_subreaper()
        watch_without_keeper(self._loop, self._server.jobs)

    def _over(self) -> None:
        self._loop.stop()
        if not self._kept.alone:
            self._kept.quit()
            return
        ending.kill_until_none(self._rest)
        directory.remove(self._path)

    def _rest(self) -> set[ending.Key]:
        view = processes.View(processes.table())
        ending.settle(view.processes)
        found = view.marked(processes.RUN_MARK, self._run) - {os.getpid()}
        return {(pid, view.processes[pid].start) for pid in found}
