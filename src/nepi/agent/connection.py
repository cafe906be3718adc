# SPDX-License-Identifier: BSD-3-Clause
"""One controller's connection: frames in, frames out, never blocking. Their meaning: server."""

from __future__ import annotations

import socket
import time
from collections import deque
from collections.abc import Callable

from nepi.agent.codec import Decoder, Frame, Header, ProtocolError, encode
from nepi.agent.loop import READ, WRITE, Loop
from nepi.agent.output import Follow

_READ = 1 << 20
# Above this, output that is followed waits in its file.
_HIGH = 1 << 20
# Who does not read what was asked for is cut off.
_TOO_MUCH = 64 << 20
# Requests of one connection are carried out this long before others have a turn.
_SLICE = 0.005
# So many requests may wait before no more are read.
_WAITING = 4096


class Connection:
    """Takes requests in order; sends all that one turn produced in one write."""

    def __init__(
        self,
        loop: Loop,
        peer: socket.socket,
        *,
        handle: Callable[[Connection, Frame], None],
        closed: Callable[[Connection], None],
    ) -> None:
        self._loop = loop
        self._peer = peer
        self._handle = handle
        self._closed = closed
        self._decoder = Decoder()
        self._inbox: deque[Frame] = deque()
        self._out = bytearray()
        self._flushing = False
        self._working = False
        self._last_words: Callable[[], None] | None = None
        self.open = True
        # 0 until it has said which controller it is.
        self.epoch = 0
        self.follows: dict[int, Follow] = {}
        peer.setblocking(False)
        loop.watch(peer.fileno(), READ, self._ready)

    @property
    def clear(self) -> bool:
        """Whether there is room for more output."""
        return len(self._out) < _HIGH

    def send(self, header: Header, blob: bytes = b"") -> None:
        """Queues a frame; nothing is kept for a connection that is gone."""
        if not self.open:
            return
        self._out += encode(header, blob)
        if len(self._out) > _TOO_MUCH:
            self.close()
        elif not self._flushing:
            self._flushing = True
            self._loop.soon(self._flush)

    def finish(self, then: Callable[[], None]) -> None:
        """Calls `then` once everything has been sent, or cannot be."""
        if not self.open or not self._out:
            then()
        else:
            self._last_words = then

    def close(self) -> None:
        """Ends it and what it followed; twice is no error."""
        if not self.open:
            return
        self.open = False
        for follow in self.follows.values():
            follow.close()
        self.follows.clear()
        self._inbox.clear()
        self._loop.unwatch(self._peer.fileno())
        self._peer.close()
        self._closed(self)
        self._tell_last()

    def _ready(self, mask: int) -> None:
        if mask & WRITE:
            self._write()
        if self.open and mask & ~WRITE:
            self._read()

    def _read(self) -> None:
        try:
            data = self._peer.recv(_READ)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        try:
            self._inbox.extend(self._decoder.feed(data))
        except ProtocolError as error:
            self.send({"push": "error", "message": str(error)})
            self._write()
            self.close()
            return
        if self._inbox and not self._working:
            self._working = True
            self._work()

    def _work(self) -> None:
        until = time.monotonic() + _SLICE
        while self._inbox and self.open:
            self._handle(self, self._inbox.popleft())
            if time.monotonic() > until:
                break
        self._working = bool(self._inbox)
        if self._working:
            self._loop.soon(self._work)
        self._rewatch()

    def _flush(self) -> None:
        self._flushing = False
        if self.open:
            self._write()

    def _write(self) -> None:
        try:
            sent = self._peer.send(self._out) if self._out else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return
        del self._out[:sent]
        self._rewatch()
        if not self._out:
            self._tell_last()
        if self.clear:
            for follow in list(self.follows.values()):
                if not self.clear:
                    break
                follow.pump()

    def _tell_last(self) -> None:
        then, self._last_words = self._last_words, None
        if then is not None:
            then()

    def _rewatch(self) -> None:
        if self.open:
            reading = READ if len(self._inbox) < _WAITING else 0
            self._loop.watch(
                self._peer.fileno(), reading | (WRITE if self._out else 0), self._ready
            )
