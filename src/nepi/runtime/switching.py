# SPDX-License-Identifier: BSD-3-Clause
"""How soon a busy thread hands over to another: soon, while any engine lives."""

import sys
import threading

INTERVAL = 0.0005
"""Python's own 5 ms make a hop to a thread cost 15 ms beside one busy thread."""


class Switching:
    """Counts the engines of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engines = 0
        self._before = 0.0

    def begin(self) -> None:
        """One more engine lives."""
        with self._lock:
            if self._engines == 0:
                self._before = sys.getswitchinterval()
                sys.setswitchinterval(INTERVAL)
            self._engines += 1

    def end(self) -> None:
        """One less; after the last one everything is as it was."""
        with self._lock:
            self._engines -= 1
            if self._engines == 0 and abs(sys.getswitchinterval() - INTERVAL) < INTERVAL / 10:
                sys.setswitchinterval(self._before)


SWITCHING = Switching()
