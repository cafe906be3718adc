# SPDX-License-Identifier: BSD-3-Clause
"""An asyncio loop whose clock jumps to the next timer, so that a test of hours takes none."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


class NothingLeftError(RuntimeError):
    """Everything waits, and nothing is due: in real time this would hang for ever."""


class _Selector(selectors.DefaultSelector):
    """Instead of waiting for the next timer it makes it due."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            raise NothingLeftError("every task waits for something that nothing will bring")
        self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """For tasks that wait for timers and for each other only: no threads, no sockets."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


def run_virtual(main: Coroutine[Any, Any, _T]) -> _T:
    """As asyncio.run, in virtual time that begins at 0."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
