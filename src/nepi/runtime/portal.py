# SPDX-License-Identifier: BSD-3-Clause
"""Where the loop runs, and how others wait for it. What runs on it is not known here."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from time import process_time
from typing import Protocol

from nepi.runtime.answers import Answer
from nepi.runtime.pool import Crew, Pool
from nepi.runtime.switching import SWITCHING


class Portal(Protocol):
    """A loop, and the way to it."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...

    @property
    def clock(self) -> Callable[[], float]: ...

    def new_pool(self, limit: int | None) -> Crew:
        """Return the pool of threads that fits this loop."""
        ...

    def start(self) -> None:
        """Let there be a loop that runs."""
        ...

    def is_here(self) -> bool:
        """Return whether the caller is on the loop's own thread, so must not wait for it."""
        ...

    def settled(self, answer: Answer, timeout: float | None) -> bool:
        """Wait until *answer* is there; return False if it did not come in time."""
        ...

    def stop(self) -> None:
        """End the loop; to be called on it."""
        ...

    def join(self, timeout: float) -> bool:
        """Wait until the loop has ended; return False if it does not."""
        ...


class ThreadPortal:
    """The loop of an engine in a daemon thread of its own."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._over = Answer()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop, once started."""
        assert self._loop is not None, "the loop has not been started"  # noqa: S101
        return self._loop

    def new_pool(self, limit: int | None) -> Pool:
        """Return an elastic pool that this loop looks after."""
        return Pool(later=self.loop.call_later, clock=self.clock, cpu=process_time, limit=limit)

    def start(self) -> None:
        """Begin to run; begun again after a Ctrl-C in the middle of it, go on from there."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
        if self._thread is not None and self._thread.is_alive():
            return
        self._thread = threading.Thread(target=self._run, daemon=True, name="nepi-engine")
        self._thread.start()

    def is_here(self) -> bool:
        """Return whether this is the loop's thread."""
        return self._thread is threading.current_thread()

    def settled(self, answer: Answer, timeout: float | None) -> bool:
        """Wait; Ctrl-C ends the wait and nothing else."""
        return answer.wait(timeout)

    def stop(self) -> None:
        """End the loop after this pass."""
        self.loop.stop()

    def join(self, timeout: float) -> bool:
        """Wait until the thread has ended."""
        if self._thread is None:
            return True
        if not self._over.wait(timeout):
            return False
        self._thread.join()  # it has nothing left to do
        return True

    def _run(self) -> None:
        loop = self.loop
        asyncio.set_event_loop(loop)
        SWITCHING.begin()
        try:
            loop.run_forever()
        finally:
            SWITCHING.end()
            with suppress(RuntimeError):  # somebody's executor thread cannot be started any more
                loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
            self._over.give()
