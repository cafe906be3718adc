# SPDX-License-Identifier: BSD-3-Clause
"""How this process does its housekeeping while any engine lives; afterwards all is as it was.

A busy thread hands over to another soon: Python's own 5 ms make a hop to a thread cost 15 ms beside
one busy thread. And the garbage collector looks less often for cycles: with thousands of messages
waiting in queues it looks at them in vain, for a sixth of all the time an engine needs.
"""

import gc
import sys
import threading

INTERVAL = 0.0005
GARBAGE = 20_000


class Switching:
    """Counts the engines of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engines = 0
        self._interval = 0.0
        self._garbage: tuple[int, int, int] | None = None

    def begin(self) -> None:
        """One more engine lives."""
        with self._lock:
            if self._engines == 0:
                self._set()
            self._engines += 1

    def end(self) -> None:
        """One less; what somebody else has set meanwhile stays as it is."""
        with self._lock:
            self._engines -= 1
            if self._engines == 0:
                self._put_back()

    def _set(self) -> None:
        self._interval = sys.getswitchinterval()
        sys.setswitchinterval(INTERVAL)
        before = gc.get_threshold()
        self._garbage = None
        if 0 < before[0] < GARBAGE:  # 0: somebody has switched it off
            self._garbage = before
            gc.set_threshold(GARBAGE, *before[1:])

    def _put_back(self) -> None:
        if abs(sys.getswitchinterval() - INTERVAL) < INTERVAL / 10:
            sys.setswitchinterval(self._interval)
        if self._garbage and gc.get_threshold() == (GARBAGE, *self._garbage[1:]):
            gc.set_threshold(*self._garbage)


SWITCHING = Switching()
