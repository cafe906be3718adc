# SPDX-License-Identifier: BSD-3-Clause
"""What a run left on this machine, and its removal: only what is recorded, or marked, as its own.

An agent that answers is asked to end its run. One that does not is ended like everything else of
the run: its keeper and all below it, who carries the run's id in its environment, and the sessions
of its recorded jobs - each checked by start time, and never what is marked as another run's.
Blocking calls, for who has no event loop: the command line.
"""

import math
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import attrs

from nepi.agent import directory, ending, processes
from nepi.agent.codec import PROTOCOL, Decoder, Frame, Header, ProtocolError, encode
from nepi.agent.processes import RUN_MARK, View
from nepi.hosts import messages
from nepi.hosts.errors import HostError
from nepi.hosts.record import AgentRecord

_ANSWER_WITHIN = 5.0
_GRACE = 5.0


@attrs.frozen
class LeftoverProcess:
    """One process of the run."""

    pid: int
    start: int
    command: tuple[str, ...]


@attrs.frozen
class Leftovers:
    """What of a run is still there on this machine."""

    record: AgentRecord
    processes: tuple[LeftoverProcess, ...]
    directory: Path | None
    """None if it is gone."""
    alive: bool
    """Whether its keeper or its agent lives."""

    def __bool__(self) -> bool:
        return bool(self.processes) or self.directory is not None


@attrs.frozen
class Removed:
    """What was removed."""

    ended: tuple[int, ...] = ()
    """The processes that ended when they were asked to."""
    killed: tuple[int, ...] = ()
    remaining: tuple[int, ...] = ()
    """Those that could not be ended: another user's."""
    directory: Path | None = None


def find(run: str) -> list[AgentRecord]:
    """The agents of a run on this machine, where nobody recorded them: by their directories."""
    home = Path(directory.home(os.geteuid()))
    try:
        directory.check_ours(str(home))
        folders = sorted(one for one in home.iterdir() if one.is_dir())
    except (FileNotFoundError, directory.UnsafeDirectoryError):
        return []
    return [
        AgentRecord(run=run, directory=folder)
        for folder in folders
        if directory.read(str(folder / "run")) == run
    ]


def look(record: AgentRecord) -> Leftovers:
    """What is still there; nothing is touched."""
    folder = _own_directory(record)
    return Leftovers(
        record=record,
        processes=tuple(
            LeftoverProcess(pid, start, tuple(processes.command_line(pid)))
            for pid, start in sorted(_processes(record))
        ),
        directory=folder,
        alive=folder is not None and directory.is_locked(str(folder)),
    )


def remove(record: AgentRecord, grace: float = _GRACE) -> Removed:
    """Ends every process of the run on this machine and removes its directory."""
    removed = Removed()
    folder = _own_directory(record)
    if folder is not None and directory.is_locked(str(folder)):
        with suppress(OSError, ProtocolError, HostError):
            removed = _ask(record, grace)
    removed = _end_the_rest(record, removed, grace)
    if folder is None:
        return removed
    with suppress(FileNotFoundError):
        directory.remove(str(folder))
    return attrs.evolve(removed, directory=folder)


def _own_directory(record: AgentRecord) -> Path | None:
    """The directory, if it is there, ours, and of this run: a short id may be given again."""
    folder = record.directory
    if str(folder.parent) != directory.home(os.geteuid()):
        return None
    try:
        directory.check_ours(str(folder.parent))
        directory.check_ours(str(folder))
    except (FileNotFoundError, directory.UnsafeDirectoryError):
        return None
    # An agent that died before its first line was written has left nothing but the folder.
    told = directory.read(str(folder / "run"))
    return folder if told in (record.run, "") else None


def _ask(record: AgentRecord, grace: float) -> Removed:
    """A living agent ends its run itself: it knows best what that is."""
    identity = record.identity()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as peer:
        peer.settimeout(_ANSWER_WITHIN)
        peer.connect(str(record.socket))
        frames = _frames(peer)
        known: Header = {"run": record.run}
        hello: Header = {**known, "id": 1, "op": "hello", "protocol": PROTOCOL}
        epoch = _answer(peer, frames, hello)["epoch"]
        peer.settimeout(_ANSWER_WITHIN + 2 * grace)
        end: Header = {**known, "id": 2, "op": "shutdown", "epoch": epoch, "grace": grace}
        stopped = messages.stopped_of(_answer(peer, frames, end))
    if identity is not None:
        _wait_for_end(identity)
    killed = set(stopped.killed)
    return Removed(
        ended=tuple(pid for pid in stopped.ended if pid not in killed),
        killed=stopped.killed,
        remaining=stopped.remaining,
    )


def _frames(peer: socket.socket) -> Iterator[Frame]:
    decoder = Decoder()
    while data := peer.recv(1 << 20):
        yield from decoder.feed(data)


def _answer(peer: socket.socket, frames: Iterator[Frame], request: Header) -> Header:
    """Passes over the news of jobs that come before it."""
    peer.sendall(encode(request))
    for header, _ in frames:
        if header.get("re") == request["id"]:
            if "error" in header:
                raise HostError(str(header.get("message")))
            return header
    raise ConnectionResetError("the agent hung up")


def _wait_for_end(key: ending.Key) -> None:
    """Until the keeper has removed the directory and is gone itself."""
    ending.end([key], 0, _ANSWER_WITHIN)


def _end_the_rest(record: AgentRecord, removed: Removed, grace: float) -> Removed:
    """Keeper and agent first, or they would begin again what is ended."""
    ending.end(list(_guards(record)), signal.SIGKILL, _ANSWER_WITHIN)
    asked = ending.end(_processes(record), signal.SIGTERM, grace)
    killed = ending.kill_until_none(lambda: _processes(record))
    forced = {pid for pid, _ in killed}
    return attrs.evolve(
        removed,
        ended=(*removed.ended, *(pid for pid, _ in asked if pid not in forced)),
        killed=(*removed.killed, *sorted(forced)),
        remaining=tuple(pid for pid, _ in _processes(record)),
    )


def _guards(record: AgentRecord) -> Iterator[ending.Key]:
    """Keeper, then agent, as far as they live."""
    keeper = record.identity()
    if keeper is not None and processes.is_there(*keeper):
        yield keeper
    if _own_directory(record) is None:
        return
    told = directory.parse_identity(directory.read(str(record.directory / "agent")))
    if told is not None and told[2] == processes.boot_id() and processes.is_there(*told[:2]):
        yield told[:2]


def _processes(record: AgentRecord) -> set[ending.Key]:
    """Everything of the run that lives, keeper and agent too."""
    view = View(processes.table())
    # Who is in the middle of an exec has no marks for that moment.
    ending.settle(view.processes)
    guards = [pid for pid, _ in _guards(record)]
    found = set(guards) | view.descendants(guards) | view.marked(RUN_MARK, record.run)
    sessions = _sessions(record)
    for one in view.processes.values():
        first, last = sessions.get(one.session, (1.0, 0.0))
        if first <= one.start <= last:
            found.add(one.pid)
    found |= view.descendants(found)
    return {
        (pid, view.processes[pid].start)
        for pid in found - set(view.ancestors(os.getpid()))
        if pid in view.processes and view.mark(pid, RUN_MARK) in (None, record.run)
    }


def _sessions(record: AgentRecord) -> dict[int, tuple[float, float]]:
    """By session: when a process must have begun to be a job's, in ticks since boot.

    A number is not given again while its process lives: who is in the session and began before
    that process ended is the job's, even with a cleared environment.
    """
    found: dict[int, tuple[float, float]] = {}
    folder = _own_directory(record)
    for name in directory.job_names(str(folder)) if folder else []:
        job = f"{folder}/jobs/{name}"
        identity = directory.parse_identity(directory.read(f"{job}/pid"))
        if identity is None or identity[2] != processes.boot_id():
            continue
        pid, start = identity[:2]
        ended = (directory.read_exit(job) or {}).get("ended")
        if processes.is_there(pid, start):
            found[pid] = start, math.inf
        elif isinstance(ended, float):
            found[pid] = start, processes.ticks(ended)
    return found
