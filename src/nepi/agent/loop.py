# SPDX-License-Identifier: BSD-3-Clause
"""One thread's event loop: descriptors, timers, child ends. No processes and no protocol here.

asyncio would cost the agent half its start, and 10 MB on every machine.
"""

from __future__ import annotations

import heapq
import os
import select
import signal
import time
from collections import deque
from collections.abc import Callable

READ = select.EPOLLIN
WRITE = select.EPOLLOUT
_Callback = Callable[[], None]
_Ready = Callable[[int], None]


class Timer:
    """A callback that is due at a computed date, unless it is cancelled before."""

    __slots__ = ("callback", "due", "order")

    def __init__(self, due: float, order: int, callback: _Callback) -> None:
        self.due = due
        self.order = order
        self.callback: _Callback | None = callback

    def __lt__(self, other: Timer) -> bool:
        return (self.due, self.order) < (other.due, other.order)

    def cancel(self) -> None:
        self.callback = None


class Loop:
    """Runs callbacks: of ready descriptors, of due timers, and what was asked for the next turn."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, _Ready] = {}
        self._timers: list[Timer] = []
        self._order = 0
        self._soon: deque[_Callback] = deque()
        self._going = True

    def watch(self, descriptor: int, mask: int, callback: _Ready) -> None:
        """Calls back with what `descriptor` is ready for, until it is unwatched."""
        if descriptor in self._callbacks:
            self._epoll.modify(descriptor, mask)
        else:
            self._epoll.register(descriptor, mask)
        self._callbacks[descriptor] = callback

    def unwatch(self, descriptor: int) -> None:
        """Must come before the descriptor is closed; twice is no error."""
        if self._callbacks.pop(descriptor, None) is not None:
            self._epoll.unregister(descriptor)

    def soon(self, callback: _Callback) -> None:
        """Calls back in the next turn, after what is ready by then."""
        self._soon.append(callback)

    def later(self, delay: float, callback: _Callback) -> Timer:
        """Calls back once, `delay` seconds from now."""
        self._order += 1
        timer = Timer(time.monotonic() + delay, self._order, callback)
        heapq.heappush(self._timers, timer)
        return timer

    def children(self, callback: _Callback) -> None:
        """Calls back when children may have ended: once for however many."""
        reading, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)

        def ended(_mask: int) -> None:
            os.read(reading, 65536)
            callback()

        self.watch(reading, READ, ended)

    def stop(self) -> None:
        """Lets `run` return at the end of this turn."""
        self._going = False

    def run(self) -> None:
        """Turns until it is stopped."""
        while self._going:
            self._turn()

    def close(self) -> None:
        self._epoll.close()

    def _turn(self) -> None:
        for descriptor, mask in self._epoll.poll(self._patience()):
            # A callback before this one may have unwatched it.
            callback = self._callbacks.get(descriptor)
            if callback is not None:
                callback(mask)
        self._due()
        for _ in range(len(self._soon)):
            self._soon.popleft()()

    def _patience(self) -> float:
        """How long the next turn may wait for descriptors; below zero: for ever."""
        if self._soon:
            return 0
        while self._timers and self._timers[0].callback is None:
            heapq.heappop(self._timers)
        return max(0.0, self._timers[0].due - time.monotonic()) if self._timers else -1

    def _due(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0].due <= now:
            timer = heapq.heappop(self._timers)
            if timer.callback is not None:
                timer.callback()
