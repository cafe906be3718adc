# SPDX-License-Identifier: BSD-3-Clause
"""What the agent is asked, and by whom: runs, epochs, steps, and the table of operations.

A request names its run (another run's is refused), the epoch of its controller (an older one's is
refused: a newer controller has taken over) and, where doing it twice would matter, its step.
"""

from __future__ import annotations

import os
import socket
import traceback
from collections.abc import Callable

from nepi.agent import directory, errors, facts, fields, files, processes
from nepi.agent.adoption import adopt
from nepi.agent.codec import PROTOCOL, Frame, Header
from nepi.agent.commands import Commands
from nepi.agent.connection import Connection
from nepi.agent.errors import AgentError, Code
from nepi.agent.follows import Follows
from nepi.agent.job import Job
from nepi.agent.jobs import Jobs
from nepi.agent.kept import Kept
from nepi.agent.loop import READ, Loop
from nepi.agent.operations import JobOperations, grace
from nepi.agent.output import Growth
from nepi.agent.steps import Operations, Request, Steps
from nepi.agent.stopping import Stops


class Server:
    """Accepts controllers, and carries out what the newest one asks."""

    def __init__(self, loop: Loop, path: str, run: str, *, kept: Kept, keeper: int) -> None:
        self._loop = loop
        self._path = path
        self._run = run
        growth = Growth(loop)
        self._connections: list[Connection] = []
        self._steps = Steps(f"{path}/steps")
        self.jobs = Jobs(loop, path, run=run, growth=growth, kept=kept)
        self.stops = Stops(loop, self.jobs, run)
        self.stops.keeper = keeper
        commands = Commands(loop, self.jobs, self.stops, os.path.basename(path))
        self._follows = Follows(growth, self.jobs)
        of_jobs = JobOperations(self.jobs, self.stops, commands)
        of_jobs.ended = self._ended
        self._operations: Operations = {
            "hello": self._hello,
            "shutdown": self._shutdown,
            **of_jobs.operations(),
            **self._follows.operations(),
            **_PLAIN,
            **dict.fromkeys(files.OPERATIONS, _on_file),
        }
        self._epoch = int(directory.read(f"{path}/epoch") or 0)
        self.on_over: Callable[[], None] = lambda: None

    def start(self, listener: socket.socket) -> None:
        """Takes over the jobs there are, and listens."""
        adopt(self.jobs)
        for job in self.jobs.living.values():
            job.heard.append(self._ended)
        self._loop.watch(listener.fileno(), READ, lambda _mask: self._accept(listener))

    def end(self) -> None:
        """Stops everything of the run, then says that it is over."""
        self.stops.begin(None, self._longest_grace(), lambda _result: self.on_over())

    def _longest_grace(self) -> float:
        return max((job.grace for job in self.jobs.living.values()), default=0.5)

    def _accept(self, listener: socket.socket) -> None:
        try:
            peer, _ = listener.accept()
        except OSError:
            # Taken back, or no descriptors left: the backlog keeps who waits.
            return
        self._connections.append(
            Connection(self._loop, peer, handle=self._take, closed=self._connections.remove)
        )

    def _take(self, connection: Connection, frame: Frame) -> None:
        """The one place where whatever goes wrong becomes an answer."""
        request = Request(connection, *frame)
        try:
            self._admit(request)
            self._carry_out(request)
        except AgentError as error:
            request.refuse(error)
        except OSError as error:
            request.refuse(errors.of_file(error, error.filename or self._path, "use"))
        except Exception as error:  # noqa: BLE001 - one bad request must not end the agent
            traceback.print_exc()
            request.refuse(AgentError(Code.BAD_REQUEST, f"{type(error).__name__}: {error}"))

    def _admit(self, request: Request) -> None:
        run = fields.text(request.header, "run")
        if run != self._run:
            raise AgentError(Code.WRONG_RUN, f"this agent serves run {self._run}, not {run}")
        if request.header.get("op") == "hello":
            return
        epoch = fields.whole(request.header, "epoch")
        if epoch != self._epoch:
            raise AgentError(
                Code.STALE_EPOCH,
                f"controller {epoch} of run {self._run} was replaced by controller {self._epoch}",
            )

    def _carry_out(self, request: Request) -> None:
        name = fields.text(request.header, "op")
        operation = self._operations.get(name)
        if operation is None:
            raise AgentError(Code.BAD_REQUEST, f"this agent knows no operation {name}")
        if name in _ONCE and "step" in request.header:
            self._steps.once(request, operation)
        else:
            operation(request)

    def _hello(self, request: Request) -> None:
        """A controller says who it is: one without an epoch takes over, and is given the next."""
        if request.header.get("protocol") != PROTOCOL:
            raise AgentError(
                Code.PROTOCOL,
                f"this agent speaks protocol {PROTOCOL}, not {request.header.get('protocol')}",
            )
        epoch = fields.whole(request.header, "epoch", 0) or self._epoch + 1
        if epoch < self._epoch:
            raise AgentError(
                Code.STALE_EPOCH, f"run {self._run} has a newer controller, {self._epoch}"
            )
        if epoch > self._epoch:
            self._epoch = epoch
            directory.write(f"{self._path}/epoch", str(epoch))
        request.connection.epoch = epoch
        for job in self.jobs.by_id.values():
            request.connection.send(job.described())
        request.answer({
            "epoch": epoch, "agent": os.getpid(), "keeper": self.stops.keeper,
            "boot": processes.boot_id(), "directory": self._path,
        })  # fmt: skip

    def _ended(self, job: Job) -> None:
        """Pushed to whoever may want to know; what is followed ends first."""
        for connection in self._connections:
            if connection.epoch == self._epoch:
                connection.send(job.described())
            self._follows.ended(connection, job)

    def _shutdown(self, request: Request) -> None:
        """Ends every job and then the agent; answered when the jobs are over."""

        def over(result: Header) -> None:
            request.answer(result)
            request.connection.finish(self.on_over)

        self.stops.begin(None, grace(request.header, self._longest_grace()), over)


def _on_file(request: Request) -> None:
    name = fields.text(request.header, "op")
    request.answer(*files.OPERATIONS[name](request.header, request.blob))


_PLAIN: Operations = {
    "ping": lambda one: one.answer({}),
    "facts": lambda one: one.answer(facts.facts()),
    "which": lambda one: one.answer(facts.which(one.header)),
    "addresses": lambda one: one.answer(facts.addresses()),
}
# A job remembers its step itself, in its directory; the others are harmless twice.
_ONCE = frozenset({"run", "signal", "put"})
