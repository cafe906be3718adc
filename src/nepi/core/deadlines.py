# SPDX-License-Identifier: BSD-3-Clause
"""Until when may a step run? One queue and one timer a duration, however many steps."""

from collections import deque
from collections.abc import Callable, Iterator

from nepi.core.conditions import Guid


class Deadline:
    """The steps that may last the same number of seconds, in the order in which they began."""

    __slots__ = ("armed", "queue")

    def __init__(self) -> None:
        self.queue: deque[tuple[float, Guid, int]] = deque()
        self.armed = False

    def begin(self, until: float, guid: Guid, span: int) -> None:
        """Note that *span* of *guid* may last *until* then."""
        self.queue.append((until, guid, span))

    def over(self, now: float) -> Iterator[tuple[Guid, int]]:
        """Take out, oldest first, those whose time is over."""
        while self.queue and self.queue[0][0] <= now:
            _, guid, span = self.queue.popleft()
            yield guid, span

    def upcoming(self, matters: Callable[[Guid, int], bool]) -> float | None:
        """Return the first date that still *matters*; forget those before it that do not."""
        while self.queue and not matters(self.queue[0][1], self.queue[0][2]):
            self.queue.popleft()
        return self.queue[0][0] if self.queue else None
