# SPDX-License-Identifier: BSD-3-Clause
"""Timed `set`: values are given to a resource one after another, in the order they came due."""

import asyncio
import inspect
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from nepi.core.conditions import Guid
from nepi.core.messages import Apply
from nepi.runtime.answers import Answer
from nepi.runtime.pool import Chore

Give = Callable[[Guid, str, object], Any]
Told = Callable[[Apply, Answer | None, BaseException | None], None]


class _Drain(Chore):
    """The job of giving one resource what waits for it."""

    def __init__(self, settings: "Settings", guid: Guid, since: float) -> None:
        self._settings = settings
        self._guid = guid
        self.since = since

    def run(self) -> None:
        self._settings.drain(self._guid)


class Settings:
    """The values that wait to be given. A plain *give* is called in a thread."""

    def __init__(self, give: Give, submit: Callable[[Any], None], told: Told) -> None:
        self._give = give
        self._suspends = inspect.iscoroutinefunction(give)
        self._submit = submit
        self._told = told
        self._waiting: dict[Guid, deque[tuple[Apply, Answer | None]]] = {}
        self._lock = threading.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, order: Apply, answer: Answer | None, since: float) -> None:
        """Give that value once those before it are given."""
        with self._lock:
            queue = self._waiting.get(order.guid)
            if queue is not None:
                queue.append((order, answer))
                return
            self._waiting[order.guid] = deque([(order, answer)])
        if self._suspends:
            task = asyncio.get_running_loop().create_task(self._drain_suspending(order.guid))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._submit(_Drain(self, order.guid, since))

    def drain(self, guid: Guid) -> None:
        """Give everything that waits, in this thread."""
        while entry := self._next(guid):
            order, answer = entry
            try:
                self._give(order.guid, order.name, order.value)
            except Exception as error:  # noqa: BLE001 - told to whoever ordered it
                self._told(order, answer, error)
            else:
                self._told(order, answer, None)

    async def _drain_suspending(self, guid: Guid) -> None:
        while entry := self._next(guid):
            order, answer = entry
            try:
                await self._give(order.guid, order.name, order.value)
            except Exception as error:  # noqa: BLE001 - told to whoever ordered it
                self._told(order, answer, error)
            else:
                self._told(order, answer, None)

    def _next(self, guid: Guid) -> tuple[Apply, Answer | None] | None:
        with self._lock:
            queue = self._waiting[guid]
            if queue:
                return queue.popleft()
            del self._waiting[guid]
            return None
