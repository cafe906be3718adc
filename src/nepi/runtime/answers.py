# SPDX-License-Identifier: BSD-3-Clause
"""Answers that callers wait for, in their threads or on their loops; none is left unanswered.

Not concurrent.futures: a Ctrl-C in the middle of its lock can leave that lock taken, and whoever
gives the answer then waits for ever. Here whoever gives it never waits for anything.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any


class Answer:
    """Given once, from any thread; waited for by any number of others."""

    __slots__ = ("_told", "_turn", "_value", "error", "is_given")

    def __init__(self) -> None:
        self.is_given = False
        self.error: BaseException | None = None
        self._value: Any = None
        self._turn = deque((None,))
        self._told: deque[Callable[[Answer], object]] = deque()

    def give(self, value: object = None, error: BaseException | None = None) -> bool:
        """Give it, unless it was given before; return whether it was not."""
        try:
            self._turn.pop()
        except IndexError:
            return False
        self._value, self.error = value, error
        self.is_given = True
        self._tell()
        return True

    def result(self) -> Any:
        """Return or raise what was given."""
        if self.error is not None:
            raise self.error
        return self._value

    def then(self, told: Callable[["Answer"], object]) -> None:
        """Have *told* called as soon as it is given, by whoever gives it."""
        self._told.append(told)
        if self.is_given:  # looked at last: whoever gives it tells last
            self._tell()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait in this thread; return False if it did not come in time."""
        if not self.is_given:
            gate = threading.Lock()
            gate.acquire()
            self.then(lambda _: gate.release())
            gate.acquire(timeout=-1 if timeout is None else max(0.0, timeout))
        return self.is_given

    async def aio(self) -> Any:
        """Wait on the running loop; return or raise what was given."""
        loop = asyncio.get_running_loop()
        there = loop.create_future()

        def wake() -> None:
            if not there.done():
                there.set_result(None)

        def tell(_: Answer) -> None:
            with suppress(RuntimeError):  # that loop is closed: nobody waits any more
                loop.call_soon_threadsafe(wake)

        self.then(tell)
        await there
        return self.result()

    def _tell(self) -> None:
        while True:
            try:
                told = self._told.popleft()
            except IndexError:  # two may be telling: each of the told is told once
                return
            told(self)


class Answers:
    """Those that are still owed."""

    def __init__(self) -> None:
        self._open: set[Answer] = set()
        self._closed: Exception | None = None

    def new(self) -> Answer:
        """Return an answer to wait for."""
        answer = Answer()
        self._open.add(answer)
        answer.then(self._open.discard)
        if self._closed:  # looked at last: whoever closes looks at the open ones last
            answer.give(error=self._closed)
        return answer

    def close(self, error: Exception) -> None:
        """Answer all that are open, and all to come, with *error*."""
        self._closed = error
        for answer in tuple(self._open):
            answer.give(error=error)
