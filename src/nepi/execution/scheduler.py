# SPDX-License-Identifier: BSD-3-Clause
"""What a script asked to be done later, and how that went."""

import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final


class TaskStatus:
    """How far a task is."""

    NEW: Final = 0
    DONE: Final = 1
    ERROR: Final = 2


class Task:
    """One call at a time: *result* is what it returned, or the traceback of what it raised."""

    __slots__ = ("callback", "id", "result", "status", "timestamp")

    def __init__(self, timestamp: datetime | None, callback: Callable[[], Any]) -> None:
        self.id: int | None = None
        self.timestamp = timestamp
        self.callback = callback
        self.result: Any = None
        self.status: int = TaskStatus.NEW

    def run(self) -> None:
        """Make the call; what it raises is noted, then raised on."""
        try:
            self.result = self.callback()
        except Exception:
            self.result = traceback.format_exc()
            self.status = TaskStatus.ERROR
            raise
        self.status = TaskStatus.DONE
