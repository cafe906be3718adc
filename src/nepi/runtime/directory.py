# SPDX-License-Identifier: BSD-3-Clause
"""The directory a run leaves behind: where everything in it is, and that nothing leads out of it.

What the files contain is known by those who write them.
"""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, cast

from nepi.runtime.atomic import replace_text
from nepi.runtime.lock import RunLock
from nepi.runtime.names import distinct_name, portable_name

RUN_ID_FORMAT = "%Y%m%d%H%M%S%f"
LAST = "last"
_PRIVATE = 0o700


class RunDirectoryError(Exception):
    """The directory of a run cannot be made or read; the message says why and what to do."""


def _now() -> datetime:
    return datetime.now().astimezone()


class RunExistsError(RunDirectoryError):
    """There is a run of this id already."""


_chosen: set[Path] = set()
"""Paths given to planned runs of this process, which need not be there yet."""


class RunDirectory:
    """One run's directory, `<local_dir>/<exp_id>/<run_id>`, readable by its owner alone."""

    def __init__(self, path: Path, *, exp_id: str | None = None) -> None:
        self.path = path
        self.exp_id = path.parent.name if exp_id is None else exp_id
        self.run_id = path.name
        self._lock: RunLock | None = None

    @classmethod
    def create(
        cls,
        local_dir: str | os.PathLike[str],
        exp_id: str,
        run_id: str | None = None,
        *,
        clock: Callable[[], datetime] = _now,
    ) -> Self:
        """Make the directory of a new run, which nobody else has, and hold its lock.

        Without *run_id* it is the time of creation, or the next microsecond that is free.
        """
        while True:
            run = cls.planned(local_dir, exp_id, run_id, clock=clock)
            try:
                return run.make()
            except RunExistsError:
                if run_id is not None:
                    raise

    @classmethod
    def planned(
        cls,
        local_dir: str | os.PathLike[str],
        exp_id: str,
        run_id: str | None = None,
        *,
        clock: Callable[[], datetime] = _now,
    ) -> Self:
        """Choose where a run will be, to make() it when there is need; nothing is touched."""
        parent = Path(local_dir).absolute() / distinct_name(exp_id)
        if run_id is not None:
            return cls(parent / distinct_name(run_id), exp_id=exp_id)
        moment = clock()
        while (path := parent / moment.strftime(RUN_ID_FORMAT)) in _chosen or path.exists():
            moment += timedelta(microseconds=1)
        _chosen.add(path)
        return cls(path, exp_id=exp_id)

    def make(self) -> Self:
        """Make the planned directory, hold its lock, let `last` lead to it.

        RunExistsError: it is there already, and a run never writes into another's.
        """
        _make_experiment_directory(self.path.parent)
        try:
            self.path.mkdir(mode=_PRIVATE)
        except FileExistsError:
            raise RunExistsError(f"{self.path} is there already: it is another run's") from None
        except OSError as error:
            raise _unusable(self.path, error) from error
        self.hold()
        _point_last_to(self.path)
        return self

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Look into the directory of a run that was; its lock is left alone."""
        directory = Path(path).absolute()
        if not directory.is_dir():
            raise RunDirectoryError(f"there is no directory {directory}")
        run = cls(directory)
        with suppress(RunDirectoryError):
            run.exp_id = str(run.read_json("run.json").get("exp_id", run.exp_id))
        return run

    # -- what is in it --------------------------------------------------------------------------

    @property
    def description(self) -> Path:
        return self.path / "experiment.json"

    @property
    def provenance(self) -> Path:
        return self.path / "run.json"

    @property
    def events(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def tables(self) -> Path:
        """Return the folder of the tables, made when first asked for."""
        return _made(self.path / "tables")

    def resource(self, name: str, guid: int) -> Path:
        """Return the folder `<name>-<guid>` of one resource, made when first asked for."""
        return _made(self.resource_path(name, guid))

    def resource_path(self, name: str, guid: int) -> Path:
        """Return where that folder is or will be."""
        return self.path / f"{portable_name(name, empty='resource')}-{int(guid)}"

    def trace(self, name: str, guid: int, file: str) -> Path:
        """Return where the trace *file* of a resource is: always one file in its folder."""
        return self.resource_path(name, guid) / distinct_name(file, empty="trace")

    # -- life -----------------------------------------------------------------------------------

    def hold(self) -> None:
        """Mark the run as living, or raise RunLivingError: somebody else does."""
        if self._lock is None or not self._lock.held:
            self._lock = RunLock.take(self.lock)

    def close(self) -> None:
        """Mark the run as living no more (the end of this process does so, too)."""
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"RunDirectory({str(self.path)!r})"

    # -- small files ----------------------------------------------------------------------------

    def write_json(self, name: str, data: Mapping[str, Any]) -> None:
        """Write a small file of this directory, whole or not at all."""
        replace_text(self.path / name, json.dumps(data, indent=2, ensure_ascii=False) + "\n")

    def read_json(self, name: str) -> dict[str, Any]:
        """Return what a small file says; RunDirectoryError when it is not there or broken."""
        return read_json(self.path / name)


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in *path*; RunDirectoryError says what is wrong with it."""
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise RunDirectoryError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise RunDirectoryError(f"{path} is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise RunDirectoryError(f"{path} should hold a JSON object")
    return cast("dict[str, Any]", data)


def _made(path: Path) -> Path:
    path.mkdir(mode=_PRIVATE, exist_ok=True)
    return path


def _make_experiment_directory(path: Path) -> None:
    local_dir = path.parent
    try:
        path.mkdir(parents=True, exist_ok=True)
        shared = local_dir.stat().st_mode & 0o002
        theirs = path.lstat().st_uid != os.geteuid()
    except OSError as error:
        raise _unusable(path, error) from error
    if shared and theirs:
        # In /tmp: whoever owns it could put another directory in the place of the run's.
        raise RunDirectoryError(
            f"{path} belongs to somebody else, in a directory everybody may write to:"
            " use another experiment name, or another local_dir"
        )


def _unusable(path: Path, error: OSError) -> RunDirectoryError:
    return RunDirectoryError(
        f"cannot make {path}: {error.strerror}. Choose another directory for the runs"
        " (NEPI_LOCAL_DIR, or local_dir=...)"
    )


def _point_last_to(path: Path) -> None:
    # A convenience: where links are not possible, or `last` is somebody's file, there is none.
    draft = path.parent / f".{LAST}-{path.name}"
    last = path.parent / LAST
    with suppress(OSError):
        draft.symlink_to(path.name)
        try:
            if last.is_symlink() or not last.exists():
                draft.replace(last)
        finally:
            draft.unlink(missing_ok=True)
