# SPDX-License-Identifier: BSD-3-Clause
"""Dates on which something is due: one heap, one timer of the loop for the earliest of them."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

DIGITS = 6
_MICROSECOND = 10.0**-DIGITS


def whole(moment: float) -> float:
    """Return *moment* in whole microseconds, which survive being written with six digits."""
    return round(moment, DIGITS)


def not_before(moment: float) -> float:
    """Return the first whole microsecond that is not before *moment*."""
    rounded = whole(moment)
    return rounded if rounded >= moment else whole(moment + _MICROSECOND)


class Timer:
    """One date; what is due then can be called off."""

    __slots__ = ("action", "at")

    def __init__(self, at: float, action: Callable[[], None] | None) -> None:
        self.at = at
        self.action = action

    def cancel(self) -> None:
        """Let nothing happen on this date."""
        self.action = None


class Timers:
    """The agenda of one loop. Those due together are called together: they make one batch."""

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Callable[[], float]) -> None:
        self._loop = loop
        self._clock = clock
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._armed: tuple[float, asyncio.TimerHandle] | None = None

    def now(self) -> float:
        """Return the time, in whole microseconds."""
        return whole(self._clock())

    def at(self, moment: float, action: Callable[[], None]) -> Timer:
        """Call *action* on the loop at *moment*, not before."""
        timer = Timer(not_before(moment), action)
        heappush(self._heap, (timer.at, next(self._order), timer))
        if self._armed is None or timer.at < self._armed[0]:
            self._arm()
        return timer

    def clear(self) -> None:
        """Forget every date."""
        self._heap.clear()
        self._disarm()

    def _arm(self) -> None:
        self._disarm()
        while self._heap and self._heap[0][2].action is None:
            heappop(self._heap)
        if self._heap:
            at = self._heap[0][0]
            delay = max(0.0, at - self._clock())
            self._armed = at, self._loop.call_later(delay, self._ripe)

    def _disarm(self) -> None:
        if self._armed:
            self._armed[1].cancel()
            self._armed = None

    def _ripe(self) -> None:
        self._armed = None
        now = whole(self._clock())
        due: list[Timer] = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heappop(self._heap)[2])
        for timer in due:
            if timer.action:
                timer.action()
        self._arm()
