# SPDX-License-Identifier: BSD-3-Clause
"""The only way into the loop: one queue, and one bell that is rung once a batch."""

from collections import deque
from collections.abc import Callable
from typing import Any

Item = Any
"""An event, or a request: something to be called with the driver, in its turn."""


class Mailbox:
    """What the driver has not taken in yet; anybody may put something in, from any thread."""

    __slots__ = ("_ring", "items", "rung")

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self.items: deque[Item] = deque()
        self.rung = False

    def put(self, item: Item) -> None:
        """Put *item* in for the next turn, whenever that is."""
        self.items.append(item)

    def post(self, item: Item) -> None:
        """Put *item* in, and see to it that there is a turn."""
        try:
            self.items.append(item)
            if not self.rung:
                self.rung = True
                self._ring()
        except BaseException:
            # Ctrl-C may strike between the flag and the bell; nobody else would ring it then.
            self._ring()
            raise
