# SPDX-License-Identifier: BSD-3-Clause
"""Following a file that grows: its bytes as they come, without looking for them again and again.

The kernel tells of changes (inotify). Where it does not - another system, or a user with too many
such queues - the file is looked at four times a second; nothing else differs.
"""

import os
import select
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Self

from nepi.runtime import inotify

BLOCK = 64 * 1024
FALLBACK_MS = 250


class Follower(Iterator[bytes]):
    """The blocks of a growing file, one iteration each; waits for them when there are none.

    A file that is not there yet is waited for, one that became shorter is read from its start.
    """

    def __init__(self, path: Path, *, offset: int = 0, native: bool = True) -> None:
        self._path = path
        self._offset = offset
        self._state = Lock()
        self._reading = Lock()
        self._finishing = False
        self._file = -1
        self._woken, self._wake = os.pipe()
        self._closed = False
        self._changes = _changes(path) if native else None
        self._poll = select.poll()
        self._poll.register(self._woken, select.POLLIN)
        if self._changes:
            self._poll.register(self._changes.descriptor, select.POLLIN)

    def finish(self) -> None:
        """Nothing more will be written: end after what is there now. From any thread."""
        self._finishing = True
        self._rouse()

    def close(self) -> None:
        """End at once. From any thread; harmless when repeated."""
        self._closed = True
        self._rouse()

    def __next__(self) -> bytes:
        with self._reading:
            return self._next()

    def _next(self) -> bytes:
        while not self._closed:
            # Asked before reading: what is written until finish() is called belongs to it.
            last = self._finishing
            if block := self._block():
                return block
            if last:
                break
            self._wait()
        self._release()
        raise StopIteration

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        with self._reading:
            self._release()

    def __del__(self) -> None:
        self._release()

    def _block(self) -> bytes:
        if self._file < 0 and not self._open():
            return b""
        return self._read()

    def _open(self) -> bool:
        with suppress(FileNotFoundError):
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            self._watch_file()
            return True
        return False

    def _watch_file(self) -> None:
        if self._changes:
            with suppress(inotify.NoInotifyError):
                self._changes.add(self._path, inotify.MODIFY)

    def _read(self) -> bytes:
        if os.fstat(self._file).st_size < self._offset:
            self._offset = 0
        block = os.pread(self._file, BLOCK, self._offset)
        self._offset += len(block)
        return block

    def _wait(self) -> None:
        self._poll.poll(None if self._changes else FALLBACK_MS)
        if self._changes:
            self._changes.drain()

    def _rouse(self) -> None:
        with self._state, suppress(OSError):
            if self._wake >= 0:
                os.write(self._wake, b".")

    def _release(self) -> None:
        self._closed = True
        with self._state:
            mine = (self._file, self._woken, self._wake)
            self._file = self._woken = self._wake = -1
            changes, self._changes = self._changes, None
        for descriptor in mine:
            if descriptor >= 0:
                os.close(descriptor)
        if changes:
            changes.close()


def _changes(path: Path) -> inotify.Inotify | None:
    try:
        changes = inotify.Inotify()
    except inotify.NoInotifyError:
        return None
    try:
        changes.add(path.parent, inotify.CREATE | inotify.MOVED_TO)
    except inotify.NoInotifyError:
        changes.close()
        return None
    return changes
