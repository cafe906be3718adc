# SPDX-License-Identifier: BSD-3-Clause
"""Which runs there are: one small file each under $XDG_STATE_HOME/nepi/runs, and their status.

An entry is written before a run makes anything, and names whatever outlives its controller. What
the run did is told by its directory, not here.
"""

import os
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from hashlib import blake2s
from pathlib import Path
from threading import Lock
from typing import Any, Self

from attrs import field, frozen

from nepi.runtime import entries
from nepi.runtime.directory import RunDirectory, RunDirectoryError, read_json
from nepi.runtime.entries import RunsError, StoredEntry, registry_dir
from nepi.runtime.lock import is_held
from nepi.runtime.machine import ProcessMark, boot_id, hostname

__all__ = [
    "Registration",
    "RunEntry",
    "RunStatus",
    "RunsError",
    "Survey",
    "Unreadable",
    "again",
    "entry_of",
    "forget",
    "register",
    "registry_dir",
    "runs",
    "survey",
]


class RunStatus(StrEnum):
    """Living: controlled by a process. Orphaned: by none, and without outcome. Over: it has one."""

    LIVING = "living"
    ORPHANED = "orphaned"
    OVER = "over"


@frozen
class RunEntry:
    """What is known of one run; `status` was looked at when the entry was read."""

    run_id: str
    exp_id: str
    directory: Path
    started: datetime
    status: RunStatus
    outcome: str | None = None
    reason: str = ""
    ended: datetime | None = None
    host: str = ""
    boot_id: str = ""
    agents: tuple[Mapping[str, Any], ...] = ()
    file: Path | None = field(default=None, repr=False)

    @property
    def exists(self) -> bool:
        """Tell whether its directory is still there."""
        return self.directory.is_dir()

    @property
    def here(self) -> bool:
        """Tell whether it was controlled from this machine (homes may be shared by many)."""
        return self.host in ("", hostname())


@frozen
class Unreadable:
    """A file among the entries that is none: half written, foreign, or not ours."""

    file: Path
    reason: str


@frozen
class Survey:
    """All entries, the oldest run first, and the files that could not be understood."""

    runs: tuple[RunEntry, ...]
    unreadable: tuple[Unreadable, ...]


class Registration:
    """The entry of one run, for the process that controls it; safe from any thread."""

    def __init__(self, file: Path, stored: StoredEntry) -> None:
        self.file = file
        self._stored = stored
        self._lock = Lock()

    @classmethod
    def of(cls, entry: RunEntry) -> Self:
        """Return the registration behind an entry, to go on with it (attach, clean)."""
        if entry.file is None:
            raise _unregistered(entry)
        return cls(entry.file, entries.load(entry.file))

    def record_agent(self, agent: Mapping[str, Any]) -> None:
        """Write down what will outlive this process, before it is relied upon."""
        with self._lock:
            if dict(agent) not in self._stored["agents"]:
                self._stored["agents"].append(dict(agent))
                self._save()

    def taken_over(self) -> None:
        """Write down that this process is the controller now."""
        with self._lock:
            self._stored.update(_controller())
            self._save()

    def outcome(self, outcome: str, *, reason: str = "") -> None:
        """Write down how the run ended: from here on it is over."""
        with self._lock:
            self._stored.update({"outcome": outcome, "reason": reason, "ended": _now()})
            self._save()

    def _save(self) -> None:
        entries.write(self.file, self._stored)


def register(run: RunDirectory) -> Registration:
    """Enter *run* among the runs; to be done before it makes anything outside its directory."""
    now: dict[str, Any] = {"host": "", "boot_id": "", "controller": {}} | _controller()
    stored = StoredEntry(
        format=entries.FORMAT,
        run_id=run.run_id,
        exp_id=run.exp_id,
        directory=str(run.path),
        started=_now(),
        host=now["host"],
        boot_id=now["boot_id"],
        controller=now["controller"],
        agents=[],
        outcome=None,
        reason="",
        ended=None,
    )
    # The directory is part of the name: ids are unique within one experiment's directory only.
    digest = blake2s(os.fsencode(run.path), digest_size=4).hexdigest()
    file = registry_dir() / f"{run.run_id}-{digest}.json"
    entries.write(file, stored)
    return Registration(file, stored)


def survey() -> Survey:
    """Read all entries; files that are none are named with the reason."""
    read = [_read(file) for file in entries.files()]
    known = [one for one in read if isinstance(one, RunEntry)]
    unreadable = tuple(one for one in read if isinstance(one, Unreadable))
    return Survey(tuple(sorted(known, key=lambda e: (e.started, e.run_id))), unreadable)


def runs() -> list[RunEntry]:
    """Return all registered runs, the oldest first."""
    return list(survey().runs)


def again(entry: RunEntry, *, held: bool = False) -> RunEntry:
    """Return what is so by now; *held*: by whoever asks, so the lock says nothing."""
    if entry.file is None:
        raise _unregistered(entry)
    return _entry(entry.file, entries.load(entry.file), held=held)


def forget(entry: RunEntry) -> None:
    """Remove the entry of a run that is over; its directory stays."""
    if entry.status is not RunStatus.OVER:
        raise RunsError(f"run {entry.run_id} is {entry.status}: only one that is over is forgotten")
    if entry.file is not None:
        entry.file.unlink(missing_ok=True)


def entry_of(directory: Path) -> RunEntry:
    """Return what a run's directory tells of it, registered here or not."""
    run = RunDirectory.open(directory)
    same = run.path.resolve()
    for entry in survey().runs:
        if entry.directory.name == run.run_id and entry.directory.resolve() == same:
            return entry
    return _from_directory(run)


def _from_directory(run: RunDirectory) -> RunEntry:
    said = run.read_json("run.json")
    outcome = said.get("outcome")
    return RunEntry(
        run_id=str(said.get("run_id", run.run_id)),
        exp_id=run.exp_id,
        directory=run.path,
        started=_moment(str(said.get("started"))),
        status=_status(run.path, outcome, controller={}),
        outcome=outcome,
        reason=str(said.get("reason", "")),
        ended=_moment(str(said["ended"])) if said.get("ended") else None,
        host=str(said.get("host", "")),
    )


# -- files ------------------------------------------------------------------------------------


def _unregistered(entry: RunEntry) -> RunsError:
    return RunsError(f"run {entry.run_id} is not registered here, only its directory is")


def _now() -> str:
    return datetime.now().astimezone().isoformat()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.astimezone()


def _controller() -> Any:
    mark = ProcessMark.of(os.getpid())
    controller = {"pid": mark.pid, "start_time": mark.start_time}
    return {"host": hostname(), "boot_id": boot_id(), "controller": controller}


def _read(file: Path) -> RunEntry | Unreadable:
    try:
        return _entry(file, entries.load(file))
    except (RunsError, RunDirectoryError, OSError, ValueError) as error:
        return Unreadable(file, str(error))


def _entry(file: Path, stored: StoredEntry, *, held: bool = False) -> RunEntry:
    directory = Path(stored["directory"])
    outcome = stored["outcome"]
    ended = stored["ended"]
    mark = {"boot_id": stored["boot_id"], **stored["controller"]}
    return RunEntry(
        run_id=stored["run_id"],
        exp_id=stored["exp_id"],
        directory=directory,
        started=_moment(stored["started"]),
        status=_status(directory, outcome, controller=mark, held=held),
        outcome=outcome,
        reason=stored["reason"],
        ended=_moment(ended) if ended else None,
        host=stored["host"],
        boot_id=stored["boot_id"],
        agents=tuple(stored["agents"]),
        file=file,
    )


def _status(
    directory: Path, outcome: object, *, controller: Mapping[str, Any], held: bool = False
) -> RunStatus:
    if outcome is not None:
        return RunStatus.OVER
    if not held and is_held(directory / "lock"):
        return RunStatus.LIVING
    if controller and not (directory / "lock").exists():
        # Not made yet, or moved, or deleted, and the lock with it: ask for the process itself.
        pid, start = controller.get("pid", 0), controller.get("start_time")
        mark = ProcessMark(pid, start, controller["boot_id"])
        return RunStatus.LIVING if mark.alive else RunStatus.ORPHANED
    # The directory is the truth: a controller may have died between its two last writes.
    return RunStatus.OVER if _said_outcome(directory) else RunStatus.ORPHANED


def _said_outcome(directory: Path) -> bool:
    try:
        return read_json(directory / "run.json").get("outcome") is not None
    except RunDirectoryError:
        return False
