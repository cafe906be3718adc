# SPDX-License-Identifier: BSD-3-Clause
"""Files that grow: followed as they do, and kept from growing over a limit. Watched by inotify."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable

from nepi.agent import syscalls
from nepi.agent.codec import BLOCK
from nepi.agent.loop import READ, Loop

_EVENT = struct.Struct("iIII")
_PAGE = 4096

# Takes one block and its offset; says whether it would take another at once.
Sink = Callable[[int, bytes], bool]


class Growth:
    """Tells who asked when a file was written to."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._inotify = -1
        self._watches: dict[int, list[Callable[[], None]]] = {}

    def watch(self, path: str, callback: Callable[[], None]) -> int:
        """Calls back whenever the file was written to; the number ends that."""
        if self._inotify < 0:
            self._inotify = syscalls.inotify_init()
            self._loop.watch(self._inotify, READ, self._told)
        number = syscalls.inotify_add_watch(self._inotify, path, syscalls.IN_MODIFY)
        self._watches.setdefault(number, []).append(callback)
        return number

    def unwatch(self, number: int, callback: Callable[[], None]) -> None:
        """Ends what `watch` began; twice is no error."""
        callbacks = self._watches.get(number, [])
        if callback in callbacks:
            callbacks.remove(callback)
            if not callbacks:
                del self._watches[number]
                syscalls.inotify_rm_watch(self._inotify, number)

    def _told(self, _mask: int) -> None:
        data = os.read(self._inotify, 65536)
        grown: list[int] = []
        at = 0
        while at < len(data):
            number, _, _, length = _EVENT.unpack_from(data, at)
            at += _EVENT.size + length
            if number not in grown:
                grown.append(number)
        for number in grown:
            for callback in list(self._watches.get(number, ())):
                callback()


class Follow:
    """Hands a file to a sink from an offset on, as it grows, until its job has ended."""

    def __init__(self, growth: Growth, path: str, offset: int, sink: Sink) -> None:
        # Whose output it is: it is over when that job is.
        self.job = ""
        # How far the reader has come.
        self.taken = offset
        self._growth = growth
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._offset = offset
        self._sink = sink
        self._ended: Callable[[int], None] | None = None
        self._number = growth.watch(path, self.pump)

    def pump(self) -> None:
        """Hands over what is new, as far as the sink takes it; it calls again when it is ready."""
        while self._file >= 0:
            block = os.pread(self._file, BLOCK, self._offset)
            if not block:
                self._dry()
                return
            offset, self._offset = self._offset, self._offset + len(block)
            if not self._sink(offset, block):
                return

    def end(self, ended: Callable[[int], None]) -> None:
        """The job is over: what is in the file by now is all, then `ended(offset)` is called."""
        self._ended = ended
        self.pump()

    def close(self) -> None:
        """Follows no more; twice is no error."""
        if self._file >= 0:
            self._growth.unwatch(self._number, self.pump)
            os.close(self._file)
            self._file = -1

    def _dry(self) -> None:
        if self._ended is not None:
            self.close()
            self._ended(self._offset)


class Ceiling:
    """Keeps the newest `limit` bytes of a growing file: older ones become a hole."""

    def __init__(self, growth: Growth, path: str, limit: int) -> None:
        self._growth = growth
        self._limit = limit
        self._punched = 0
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._number = growth.watch(path, self._grown)

    def _grown(self) -> None:
        over = os.fstat(self._file).st_size - self._limit
        # In steps of an eighth of the limit: a hole for every line would cost more than it saves.
        if over - self._punched < max(self._limit // 8, _PAGE):
            return
        upto = over // _PAGE * _PAGE
        syscalls.punch_hole(self._file, self._punched, upto - self._punched)
        self._punched = upto

    def close(self) -> None:
        if self._file >= 0:
            self._growth.unwatch(self._number, self._grown)
            os.close(self._file)
            self._file = -1
