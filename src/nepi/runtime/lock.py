# SPDX-License-Identifier: BSD-3-Clause
"""The lock that says a run is living: flock(2), given back by the kernel whatever happens.

Whoever asks (is_held) takes a shared lock for an instant, so that asking changes nothing: two who
ask do not meet, and one who takes the lock waits for them.
"""

import errno
import fcntl
import os
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Self


class RunLivingError(Exception):
    """Another process controls this run; the message names it."""


class NoLocksError(Exception):
    """The file system knows no locks, so nobody could tell whether a run there lives."""


class RunLock:
    """Held from take() until release(), or until this process ends in whichever way."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        _held.add(self)

    @classmethod
    def take(cls, path: Path) -> Self:
        """Take the lock at *path*, or raise RunLivingError at once."""
        with _takers_in_turn(path.parent):
            if os.path.lexists(path):
                return cls(_locked(path, os.O_RDWR))
            # Held before it is there: nobody ever sees a new run without its controller.
            draft = path.with_name(f".{path.name}.{os.getpid()}")
            lock = cls(_locked(draft, os.O_RDWR | os.O_CREAT))
            draft.rename(path)
            return lock

    @property
    def held(self) -> bool:
        return self._descriptor >= 0

    def release(self) -> None:
        """Give the lock back; harmless when repeated."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


_held: weakref.WeakSet[RunLock] = weakref.WeakSet()


def is_held(path: Path) -> bool:
    """Tell whether some process holds the lock at *path*; when in doubt, it does."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def _takers_in_turn(directory: Path) -> Generator[None]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    except OSError as error:
        raise _explained(error, directory) from error
    finally:
        os.close(descriptor)


def _locked(path: Path, flags: int) -> int:
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        _lock(descriptor, path)
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _see_that_nobody_holds(descriptor, path)
        # Only such as ask are in the way, for an instant: takers come in turn.
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _see_that_nobody_holds(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = path.read_text(errors="replace").strip() or "unknown"
        raise RunLivingError(
            f"the run in {path.parent} is controlled by process {owner}: end that one first"
        ) from None


def _explained(error: OSError, directory: Path) -> Exception:
    if error.errno in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
        return NoLocksError(
            f"the file system of {directory} knows no locks: choose another directory for the"
            " runs (NEPI_LOCAL_DIR, or local_dir=...)"
        )
    return error


def _let_go_in_child() -> None:
    # A forked child shares the lock; it must not keep the run of a dead parent alive.
    for lock in list(_held):
        lock.release()


os.register_at_fork(after_in_child=_let_go_in_child)
