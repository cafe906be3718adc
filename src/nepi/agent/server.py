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

from nepi.agent import directory, facts, fields, files, processes
from nepi.agent.adoption import adopt
from nepi.agent.codec import PROTOCOL, Frame, Header
from nepi.agent.commands import Commands
from nepi.agent.connection import Connection
from nepi.agent.errors import AgentError, Code
from nepi.agent.job import Job
from nepi.agent.jobs import Jobs
from nepi.agent.kept import Kept
from nepi.agent.loop import READ, Loop
from nepi.agent.output import Follow, Growth
from nepi.agent.steps import Request, Steps
from nepi.agent.stopping import Stops

_SIGNALS = 64
# Output that is followed is sent so far ahead of what has been read of it.
_WINDOW = 4 << 20


class Server:
    """Accepts controllers, and carries out what the newest one asks."""

    def __init__(self, loop: Loop, path: str, run: str, *, kept: Kept, keeper: int) -> None:
        self._loop = loop
        self._path = path
        self._run = run
        self._kept = kept
        self._growth = Growth(loop)
        self._connections: list[Connection] = []
        self._steps = Steps(f"{path}/steps")
        self.jobs = Jobs(loop, path, run=run, growth=self._growth, kept=kept)
        self.stops = Stops(loop, self.jobs, run)
        self.stops.keeper = keeper
        self._commands = Commands(loop, self.jobs, self.stops, os.path.basename(path))
        self._epoch = int(directory.read(f"{path}/epoch") or 0)
        self._operations: dict[str, Callable[[Request], None]] = {
            "hello": self._hello, "spawn": self._spawn, "run": self._run_command,
            "stop": self._stop, "signal": self._signal, "write": self._write,
            "close_stdin": self._close_stdin, "follow": self._follow, "unfollow": self._unfollow,
            "seen": self._seen, "give_up": lambda one: self._commands.give_up(one.header),
            "forget": self._forget, "shutdown": self._shutdown, "ping": lambda one: one.answer({}),
            "facts": lambda one: one.answer(facts.facts()),
            "which": lambda one: one.answer(facts.which(one.header)),
            "addresses": lambda one: one.answer(facts.addresses()),
        }  # fmt: skip
        # A job remembers its step itself, in its directory; the others are harmless twice.
        self._once = {"run", "signal", "put"}
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
        operation = _on_file if name in files.OPERATIONS else self._operations.get(name)
        if operation is None:
            raise AgentError(Code.BAD_REQUEST, f"this agent knows no operation {name}")
        if name in self._once and "step" in request.header:
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

    def _spawn(self, request: Request) -> None:
        job = self.jobs.spawn(request.header, request.blob)
        if job.exit is None and self._ended not in job.heard:
            job.heard.append(self._ended)
        request.answer(
            {"job": job.id, "pid": job.pid, "start": job.start, "directory": job.directory}
        )
        if job.exit is not None:
            request.connection.send(job.described())

    def _ended(self, job: Job) -> None:
        """Pushed to whoever may want to know; what is followed ends first."""
        for connection in self._connections:
            if connection.epoch == self._epoch:
                connection.send(job.described())
            for key, follow in list(connection.follows.items()):
                if follow.job == job.id:
                    self._end_follow(connection, key)

    def _run_command(self, request: Request) -> None:
        self._commands.run(request.header, request.blob, request.answer, request.refuse)

    def _stop(self, request: Request) -> None:
        job = self.jobs.get(request.header)
        grace = _grace(request.header, job.grace)
        self.stops.begin(job, grace, request.answer)

    def _signal(self, request: Request) -> None:
        job = self.jobs.get(request.header)
        number = fields.whole(request.header, "signal")
        if not 0 < number <= _SIGNALS:
            raise AgentError(Code.BAD_REQUEST, f"there is no signal {number}")
        self.stops.signal(job, number)
        request.answer({})

    def _write(self, request: Request) -> None:
        job = self.jobs.get(request.header)
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
        self.jobs.close_stdin(self.jobs.get(request.header))
        request.answer({})

    def _follow(self, request: Request) -> None:
        """Pushes a stream of a job from an offset on, until both are over."""
        job = self.jobs.get(request.header)
        connection = request.connection
        key = fields.whole(request.header, "follow")
        path = job.stream(fields.text(request.header, "stream"))
        if key in connection.follows:
            raise AgentError(Code.BAD_REQUEST, f"there is a follow {key} already")

        def sink(offset: int, block: bytes) -> bool:
            connection.send({"push": "output", "follow": key, "offset": offset}, block)
            return connection.clear and offset + len(block) < follow.taken + _WINDOW

        try:
            follow = Follow(self._growth, path, fields.whole(request.header, "offset", 0), sink)
        except OSError as error:
            raise AgentError(Code.MISSING_FILE, f"cannot follow {path}: {error}") from error
        follow.job = job.id
        connection.follows[key] = follow
        request.answer({})
        follow.pump()
        if job.exit is not None:
            self._end_follow(connection, key)

    def _end_follow(self, connection: Connection, key: int) -> None:
        def ended(offset: int) -> None:
            connection.follows.pop(key, None)
            connection.send({"push": "output-end", "follow": key, "offset": offset})

        connection.follows[key].end(ended)

    def _seen(self, request: Request) -> None:
        """How far a controller has read what it follows; not answered."""
        follow = request.connection.follows.get(fields.whole(request.header, "follow"))
        if follow is not None:
            follow.taken = fields.whole(request.header, "offset")
            follow.pump()

    def _unfollow(self, request: Request) -> None:
        """Not answered either: what is on its way is passed over by who asked."""
        follow = request.connection.follows.pop(fields.whole(request.header, "follow"), None)
        if follow is not None:
            follow.close()

    def _forget(self, request: Request) -> None:
        self.jobs.forget(request.header)
        request.answer({})

    def _shutdown(self, request: Request) -> None:
        """Ends every job and then the agent; answered when the jobs are over."""

        def over(result: Header) -> None:
            request.answer(result)
            request.connection.finish(self.on_over)

        self.stops.begin(None, _grace(request.header, self._longest_grace()), over)


def _on_file(request: Request) -> None:
    name = fields.text(request.header, "op")
    request.answer(*files.OPERATIONS[name](request.header, request.blob))


def _grace(header: Header, default: float) -> float:
    given = header.get("grace")
    return default if given is None else fields.seconds(header, "grace", default)
