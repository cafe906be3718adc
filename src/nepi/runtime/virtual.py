# SPDX-License-Identifier: BSD-3-Clause
"""The same engine on a virtual clock: whole experiments in no time, in the caller's own thread.

For planning and for tests. Nothing here waits: time leaps to the next date once nothing is left to
do before it. Plain steps are performed on the spot and take no time.
"""

import asyncio
import selectors
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from nepi.core.lifecycle import Step
from nepi.core.stepping import OnFailure
from nepi.runtime.answers import Answer
from nepi.runtime.assembly import Redact
from nepi.runtime.engine import Engine
from nepi.runtime.pool import Job
from nepi.runtime.settings import Give


class _Leaping(selectors.PollSelector):
    """Looks at what is there, and lets the clock leap instead of waiting for more."""

    def __init__(self, leap: Callable[[float | None], None]) -> None:
        super().__init__()
        self._leap = leap

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout != 0:
            self._leap(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only as far as its timers ask for."""

    def __init__(self, start: float = 0.0) -> None:
        self._virtual = start
        self.is_stuck = False
        super().__init__(_Leaping(self._leap))

    def time(self) -> float:
        """Return the virtual time."""
        return self._virtual

    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Call *func* on the spot: a thread would take real time."""
        del executor
        future: asyncio.Future[Any] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever awaits gets it
            future.set_exception(error)
        return future

    def _leap(self, seconds: float | None) -> None:
        if seconds is None:  # no date is left: nothing will ever happen
            self.is_stuck = True
            self.stop()
        else:
            self._virtual += seconds


class _OnTheSpot:
    """In the place of a pool: jobs are done where they are handed in."""

    def __init__(self) -> None:
        self.jobs: deque[Job] = deque()
        self.hands = 0

    def extend(self, jobs: list[Job]) -> None:
        for job in jobs:
            job.run()

    def submit(self, job: Job) -> bool:
        job.run()
        return False

    def watch(self) -> None:
        """There is nothing to watch: no job ever waits."""

    def give_up(self, number: int) -> None:
        """There is nothing to give up: no job ever lasts."""

    def recall(self, number: int) -> None:
        """There is nothing to recall: no job ever waits."""

    def close(self) -> None:
        """There is nothing to end."""


class VirtualPortal:
    """A virtual loop that runs while somebody waits."""

    def __init__(self, start: float = 0.0) -> None:
        self.loop = VirtualLoop(start)
        self._awaited: Answer | None = None

    @property
    def clock(self) -> Callable[[], float]:
        """Return the clock of this loop."""
        return self.loop.time

    def new_pool(self, limit: int | None) -> _OnTheSpot:
        """Return what does jobs on the spot."""
        del limit
        return _OnTheSpot()

    def start(self) -> None:
        """There is nothing to start."""

    def is_here(self) -> bool:
        """Return whether the loop is running, so that the caller is part of what it plays."""
        return self.loop.is_running()

    def settled(self, answer: Answer, timeout: float | None) -> bool:
        """Play on until *answer* is there; False: it never comes, or not in time."""
        if not answer.is_given:
            self._awaited = answer
            answer.then(self._is_there)
            self.play(timeout)
            self._awaited = None
        return answer.is_given

    def _is_there(self, answer: Answer) -> None:
        if answer is self._awaited:
            self.loop.stop()

    def play(self, seconds: float | None = None) -> None:
        """Let happen what happens, for so many seconds or until nothing is left to happen."""
        timer = None if seconds is None else self.loop.call_later(seconds, self.loop.stop)
        self.loop.is_stuck = False
        self.loop.run_forever()
        if timer:
            timer.cancel()

    def stop(self) -> None:
        """End the loop after this pass."""
        self.loop.stop()

    def join(self, timeout: float) -> bool:
        """Play the end, then close the loop."""
        if not self.loop.is_closed():
            self.play(timeout)
            self.loop.close()
        return True


class VirtualEngine(Engine):
    """An engine that needs no time: its waits play what happens meanwhile, and return.

    WaitTimeoutError when what is waited for never comes. Everything is done in the caller's thread,
    the same way each time. Close it, or use it in a `with` statement.
    """

    def __init__(
        self,
        *,
        directory: Path | None = None,
        on_failure: OnFailure = "release",
        give: Give | None = None,
        redact: Redact | None = None,
        start: float = 0.0,
    ) -> None:
        self._portal = VirtualPortal(start)
        super().__init__(
            directory=directory,
            on_failure=on_failure,
            give=give,
            redact=redact,
            patience=None,
            portal=self._portal,
        )

    def play(self, seconds: float | None = None) -> float:
        """Let happen what happens within so many seconds, or all of it; return the time then."""
        self._portal.play(seconds)
        return self.now()


class Stand:
    """Stands in for a resource: its steps take as long as told, and fail if told so.

    *lifetime*: seconds after which it ends by itself, once started.
    """

    def __init__(
        self,
        durations: Mapping[Step, float] | None = None,
        *,
        lifetime: float | None = None,
        failing: Mapping[Step, Exception] | None = None,
    ) -> None:
        self.durations = dict(durations or {})
        self.failing = dict(failing or {})
        self.lifetime = lifetime
        self.performed: list[Step] = []

    @property
    def steps(self) -> frozenset[Step]:
        """Return the steps in which it does something."""
        return frozenset(self.durations) | frozenset(self.failing)

    @property
    def ends(self) -> bool:
        """Return whether it ends by itself."""
        return self.lifetime is not None

    async def do_discover(self) -> None:
        await self._perform(Step.DISCOVER)

    async def do_provision(self) -> None:
        await self._perform(Step.PROVISION)

    async def do_deploy(self) -> None:
        await self._perform(Step.DEPLOY)

    async def do_start(self) -> None:
        await self._perform(Step.START)

    async def do_stop(self) -> None:
        await self._perform(Step.STOP)

    async def do_release(self) -> None:
        await self._perform(Step.RELEASE)

    async def finished(self) -> None:
        """Return after the lifetime; never, if there is none."""
        if self.lifetime is None:
            await asyncio.get_running_loop().create_future()
        else:
            await asyncio.sleep(self.lifetime)

    async def _perform(self, step: Step) -> None:
        self.performed.append(step)
        if duration := self.durations.get(step):
            await asyncio.sleep(duration)
        if error := self.failing.get(step):
            raise error
