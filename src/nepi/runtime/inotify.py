# SPDX-License-Identifier: BSD-3-Clause
"""Being told by the kernel that a file changed: inotify(7), through ctypes.

Linux only, and not even there always: a user has 128 instances. Who uses this has another way.
"""

import ctypes
import os
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Self

MODIFY = 0x2
CREATE = 0x100
MOVED_TO = 0x80
DELETE_SELF = 0x400
MOVE_SELF = 0x800
ATTRIB = 0x4
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_ENOUGH = 64 * 1024


class NoInotifyError(OSError):
    """The kernel does not tell about files: another system, or too many already ask."""


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _called(function: Callable[..., int], *arguments: object) -> int:
    result = function(*arguments)
    if result < 0:
        code = ctypes.get_errno()
        raise NoInotifyError(code, os.strerror(code))
    return result


class Inotify:
    """One queue of changes, readable on `descriptor` when something happened."""

    def __init__(self) -> None:
        if sys.platform != "linux":
            raise NoInotifyError("inotify is Linux's")
        self.descriptor = _called(_libc().inotify_init1, _FLAGS)

    def add(self, path: Path, mask: int) -> None:
        """Tell of *mask* changes of *path*; again with the same path is harmless."""
        _called(_libc().inotify_add_watch, self.descriptor, os.fsencode(path), mask)

    def drain(self) -> None:
        """Take in what happened; what it was, the files themselves tell."""
        try:
            while os.read(self.descriptor, _ENOUGH):
                pass
        except BlockingIOError:
            return

    def close(self) -> None:
        os.close(self.descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
