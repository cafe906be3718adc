# SPDX-License-Identifier: BSD-3-Clause
"""Waiting until resources are in a state: one counter in the orchestrator for each caller."""

import asyncio
import logging
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager

from attrs import define, field

from nepi.core.conditions import Guid
from nepi.core.lifecycle import State
from nepi.core.messages import Unwatch, Watch
from nepi.runtime.answers import Answer
from nepi.runtime.desk import Desk
from nepi.runtime.driver import Driver
from nepi.runtime.errors import WaitTimeoutError

PATIENCE = 30.0
SHOWN = 3

log = logging.getLogger(__name__)


def tell_log(text: str) -> None:
    """Say *text* in the log."""
    log.warning("%s", text)


@define(eq=False, kw_only=True)
class Waiting:
    """The waits of all callers. A long one says what it waits for, through *tell*."""

    desk: Desk
    driver: Callable[[], Driver]
    tell: Callable[[str], None] = tell_log
    patience: float | None = PATIENCE
    _said: int = field(default=0, init=False)

    def wait(
        self, guids: Iterable[Guid], state: State, *, timeout: float | None, interrupts: bool
    ) -> bool:
        """Return True when all got there, False when an abort ended the wait before."""
        self.desk.refuse_here("wait()", "await engine.wait_aio(...)")
        watch = self._watch(guids, state, interrupts=interrupts)
        with self._watching(watch) as answer:
            if not self.desk.portal.settled(answer, timeout):
                raise self._too_long(watch, timeout, self.desk.get(self._waits_for(watch)))
            return bool(answer.result())

    async def wait_aio(
        self, guids: Iterable[Guid], state: State, *, timeout: float | None, interrupts: bool
    ) -> bool:
        """Wait on the loop of the caller."""
        watch = self._watch(guids, state, interrupts=interrupts)
        with self._watching(watch) as answer:
            try:
                async with asyncio.timeout(timeout):
                    return bool(await answer.aio())
            except TimeoutError:
                texts = await self._waits_for(watch).aio()
                raise self._too_long(watch, timeout, texts) from None

    def explain(self, guids: Iterable[Guid], state: State) -> list[str]:
        """Return a line for each of *guids* that is not in *state*; on the loop thread."""
        orchestrator = self.driver().orchestrator
        missing = [g for g in guids if orchestrator.state(g) < state]
        return [f"{orchestrator.track(g).label} {orchestrator.explain(g)}" for g in missing]

    def _watch(self, guids: Iterable[Guid], state: State, *, interrupts: bool) -> Watch:
        token = self.desk.new_token()
        return Watch(token, tuple(guids), state, through_abort=not interrupts)

    @contextmanager
    def _watching(self, watch: Watch) -> Generator[Answer]:
        answer = self.desk.answers.new()
        try:
            if self.patience is not None:
                self.desk.mailbox.put(lambda: self._be_patient(watch, answer, self.patience or 0))
            self.desk.send(watch, answer, watch.token)
            yield answer
        finally:
            if not answer.is_given:
                self.desk.mailbox.post(lambda: self._forget(watch))

    def _forget(self, watch: Watch) -> None:
        driver = self.driver()
        driver.orchestrator.feed(Unwatch(watch.token), driver.timers.now())
        driver.obeying.tokens.pop(watch.token, None)

    def _waits_for(self, watch: Watch) -> Answer:
        return self.desk.call(lambda: self.explain(watch.guids, watch.state))

    def _too_long(
        self, watch: Watch, timeout: float | None, texts: Sequence[str]
    ) -> WaitTimeoutError:
        if timeout is None:  # in virtual time one can know
            return WaitTimeoutError(f"{watch.state} will never come: {shortened(texts)}")
        return WaitTimeoutError(
            f"not {watch.state} within {round(timeout, 3):g} s: {shortened(texts)}"
        )

    def _be_patient(self, watch: Watch, answer: Answer, seconds: float) -> None:
        if answer.is_given:
            return
        timers = self.driver().timers
        timer = timers.at(timers.now() + seconds, lambda: self._say(watch, answer, seconds))
        answer.then(lambda _: timer.cancel())

    def _say(self, watch: Watch, answer: Answer, seconds: float) -> None:
        if not answer.is_given:
            texts = shortened(self.explain(watch.guids, watch.state))
            self.tell(f"still waiting for {watch.state}: {texts}")
            self._be_patient(watch, answer, 2 * seconds)


def shortened(texts: Sequence[str]) -> str:
    """Return a few of *texts* in one line, and how many more there are."""
    more = len(texts) - SHOWN
    return "; ".join(texts[:SHOWN]) + (f"; and {more} more" if more > 0 else "")
