# SPDX-License-Identifier: BSD-3-Clause
"""Numbers that name the resources of one experiment."""

import threading


class GuidGenerator:
    """Hands out 1, 2, 3, ...; a number given by hand is never handed out again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self, guid: int | None = None) -> int:
        """Return *guid* if one is given, else the next free number."""
        with self._lock:
            chosen = self._last + 1 if guid is None else guid
            self._last = max(self._last, chosen)
            return chosen

    generate = next
