# SPDX-License-Identifier: BSD-3-Clause
"""The agent's directory and those of its jobs: the truth that survives every process.

    /tmp/nepi-<uid>/<short id>/   0700, ours; a lock on it is held while keeper or agent lives
        run keeper epoch steps    texts; socket (0600); log; shots/
        jobs/<id>/cmd pid out err rc

`pid`: number, start time, boot id, wall clock. `rc`: the exit code (a signal as a negative number,
"?" if nobody saw it), then the record as JSON. A POSIX shell can write both.
"""

from __future__ import annotations

import array
import errno
import fcntl
import json
import os
import stat
import struct

from nepi.agent import processes

Record = dict[str, object]
MAX_SOCKET_PATH = 100
# linux/fs.h: FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_TOPDIR_FL.
_LONG = struct.calcsize("l")
_GET_FLAGS = 2 << 30 | _LONG << 16 | ord("f") << 8 | 1
_SET_FLAGS = 1 << 30 | _LONG << 16 | ord("f") << 8 | 2
_TOP_OF_A_TREE = 0x00020000


class UnsafeDirectoryError(Exception):
    """Somebody else could have a hand in the directory: nothing is put there."""


def home(uid: int) -> str:
    """Where the agents of a user live: known without asking, on this machine's own disk."""
    # Not $TMPDIR: whoever cleans up later must find it, from another environment.
    return f"/tmp/nepi-{uid}"  # noqa: S108 - made 0700, owner and kind are checked


def make_home(path: str) -> None:
    """The user's own directory, or UnsafeDirectoryError."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        check_ours(path)
    _spread(path)


def _spread(path: str) -> None:
    """Has ext4 put each directory made in this one elsewhere on the disk; others do not mind.

    For minutes it passes over every file number that was freed nearby, one by one: what a run
    removes made the files of the next eight times slower (0.7 ms for a job, not 0.08).
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        flags = array.array("L", [0])
        fcntl.ioctl(descriptor, _GET_FLAGS, flags)
        if not flags[0] & _TOP_OF_A_TREE:
            flags[0] |= _TOP_OF_A_TREE
            fcntl.ioctl(descriptor, _SET_FLAGS, flags)
    except OSError:
        # Another file system, which has no such habit.
        pass
    finally:
        os.close(descriptor)


def check_ours(path: str) -> None:
    """A real directory of ours that nobody else may enter, or UnsafeDirectoryError."""
    found = os.lstat(path)
    if not stat.S_ISDIR(found.st_mode):
        raise UnsafeDirectoryError(f"{path} is not a directory; remove it")
    if found.st_uid != os.geteuid():
        raise UnsafeDirectoryError(
            f"{path} belongs to user {found.st_uid}, not to {os.geteuid()}; have it removed"
        )
    if found.st_mode & 0o077:
        raise UnsafeDirectoryError(f"{path} is open to others; chmod 700 {path}")


def make(path: str, run: str) -> int:
    """A new agent directory, locked by the descriptor returned."""
    above = home(os.geteuid())
    if os.path.dirname(path) != above:
        raise UnsafeDirectoryError(f"an agent lives below {above}, not in {path}")
    make_home(above)
    if len(os.fsencode(socket_path(path))) > MAX_SOCKET_PATH:
        raise UnsafeDirectoryError(f"{path} is too long for a socket; choose a shorter one")
    os.mkdir(path, 0o700)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    # It also keeps systemd-tmpfiles from aging what lies in a locked directory.
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.mkdir(f"{path}/jobs", 0o700)
    write(f"{path}/run", run)
    return descriptor


def is_locked(path: str) -> bool:
    """Whether a keeper or an agent of this directory lives."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def socket_path(path: str) -> str:
    """Where its agent listens."""
    return f"{path}/socket"


def write(path: str, text: str) -> None:
    """The whole text or the old one, never half of it."""
    temporary = f"{path}.tmp"
    note(temporary, text)
    os.rename(temporary, path)


def note(path: str, text: str, flags: int = os.O_TRUNC) -> None:
    """A short text in one write, for nobody but us."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | flags, 0o600)
    try:
        os.write(descriptor, text.encode("utf-8", "surrogateescape"))
    finally:
        os.close(descriptor)


def read(path: str) -> str:
    """The text; empty where there is none."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def remove(path: str) -> None:
    """A file, or a directory with all that is in it; symbolic links are not followed."""
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        if error.errno not in (errno.EISDIR, errno.EPERM):
            raise
        _remove_directory(path)


def _remove_directory(path: str) -> None:
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _remove_directory(entry.path)
            else:
                os.unlink(entry.path)
    os.rmdir(path)


def identity_text(pid: int, start: int, wall: float) -> str:
    """The line of a `pid` or `keeper` file."""
    return f"{pid} {start} {processes.boot_id()} {wall:.6f}\n"


def parse_identity(text: str) -> tuple[int, int, str, float] | None:
    """Number, start time, boot id, wall clock; None where the line was never finished."""
    parts = text.split()
    try:
        return int(parts[0]), int(parts[1]), parts[2], float(parts[3])
    except (IndexError, ValueError):
        return None


def write_exit(job: str, record: Record) -> None:
    """How a job ended, in its directory."""
    number = record.get("signal")
    known = -number if isinstance(number, int) else record.get("code")
    first = "?" if known is None else known
    write(f"{job}/rc", f"{first}\n{json.dumps(record)}\n")


def read_exit(job: str) -> Record | None:
    """How a job ended, if it has; a launcher in shell writes the first line alone."""
    first, _, rest = read(f"{job}/rc").partition("\n")
    if not first:
        return None
    if rest.strip():
        record: Record = json.loads(rest)
        return record
    known = int(first) if first.lstrip("-").isdigit() else None
    killed = known is not None and known < 0
    return {
        "code": None if killed else known,
        "signal": -known if known is not None and killed else None,
        "reason": "" if known is not None else "lost",
    }


def job_names(path: str) -> list[str]:
    """The jobs it has had, oldest first."""
    try:
        names = os.listdir(f"{path}/jobs")
    except FileNotFoundError:
        return []
    return sorted(names, key=lambda name: (len(name), name))


def mark(path: str, name: str) -> str:
    """What the environment of everything that descends from a job says."""
    return f"{os.path.basename(path)}-{name}"
