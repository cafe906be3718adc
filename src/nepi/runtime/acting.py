# SPDX-License-Identifier: BSD-3-Clause
"""Acting directly: a step is performed now, for the caller who asks, whatever conditions say.

Plain steps are performed in the caller's own thread, coroutines on the loop. From within a step of
the same resource the call is re-entrant.
"""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from attrs import define

from nepi.core.conditions import Guid
from nepi.core.lifecycle import LANDS, State, Step
from nepi.core.messages import Done, Ended, Failed, Force, Observed
from nepi.runtime.answers import Answer
from nepi.runtime.attempts import Attempt, failure_of, running
from nepi.runtime.chronicle import Chronicle
from nepi.runtime.desk import Desk
from nepi.runtime.driver import Driver
from nepi.runtime.errors import StepAbandonedError
from nepi.runtime.performing import METHODS, nothing, way_of


class Withdrawn(Exception):  # noqa: N818 - nobody sees it
    """Whoever asked has gone away."""


@define(eq=False, kw_only=True)
class Acting:
    """The steps that callers ask for themselves."""

    desk: Desk
    actors: Mapping[Guid, Any]
    classic: set[Guid]
    chronicle: Chronicle
    driver: Callable[[], Driver]
    clock: Callable[[], float]

    def act(self, guid: Guid, step: Step) -> None:
        """Perform *step* and return when its state is reached; raise what it raises."""
        if running(guid):
            self._act_within(guid, step)
            return
        self.desk.refuse_here(f"{step}()", f"await {step}.aio()")
        way = way_of(self.actors[guid], step)
        if way is None or way.many or way.kind != "thread":
            self.desk.get(self.force(guid, step))
        else:
            self._act_here(guid, step)

    async def act_aio(self, guid: Guid, step: Step) -> None:
        """Perform *step* and return when its state is reached, on the loop of the caller."""
        if not running(guid):
            await self.force(guid, step).aio()
            return
        result = self._method(guid, step)()
        if inspect.isawaitable(result):
            await result
        self._observe(guid, step)

    def force(self, guid: Guid, step: Step) -> Answer:
        """Have *step* performed by the engine; the answer comes when its state is reached."""
        token = self.desk.new_token()
        return self.desk.ask(Force(guid, step, token), token)

    # -- in the caller's thread ---------------------------------------------------------------

    def _act_here(self, guid: Guid, step: Step) -> None:
        token, granted = self.desk.new_token(), self.desk.answers.new()
        begun: list[Attempt] = []
        try:
            self.desk.send(Force(guid, step, token, mine=True), granted, token)
            grant = self.desk.get(granted)
            attempt = Attempt(grant, self._method(guid, step), self.desk.mailbox.post, 0.0)
            begun.append(attempt)
            error = attempt.run_for_caller()
            told = self.desk.ask(_report(attempt, error))
        except KeyboardInterrupt as struck:
            why = struck
            self.desk.mailbox.post(lambda: self._withdraw(granted, begun, why))
            raise
        self.desk.get(told)
        if error:
            raise error
        if self.chronicle.state(guid) is State.FAILED and guid not in self.classic:
            raise StepAbandonedError(guid, step)

    def _withdraw(self, granted: Answer, begun: list[Attempt], why: KeyboardInterrupt) -> None:
        """See to what a caller has left behind: asked for is asked for, it happens without him."""
        if begun:
            self.desk.mailbox.post(_report(begun[0], why))  # in vain if he has reported himself
        elif not granted.give(error=Withdrawn()) and granted.error is None:
            performer, now = self.driver().obeying.performer, self.driver().timers.now()
            performer.begin(granted.result(), now)
            performer.flush()

    def _method(self, guid: Guid, step: Step) -> Callable[[], Any]:
        method: Callable[[], Any] = getattr(self.actors[guid], METHODS[step], nothing)
        return method

    # -- from within a step of the same resource ----------------------------------------------

    def _act_within(self, guid: Guid, step: Step) -> None:
        result = self._method(guid, step)()
        if inspect.iscoroutine(result):
            self._await_elsewhere(guid, step, result)
        self._observe(guid, step)

    def _await_elsewhere(self, guid: Guid, step: Step, work: Coroutine[Any, Any, Any]) -> None:
        if self.desk.portal.is_here():
            work.close()
            self.desk.refuse_here(f"{step}() of resource {guid}", f"await {step}.aio()")
        asyncio.run_coroutine_threadsafe(work, self.desk.portal.loop).result()

    def _observe(self, guid: Guid, step: Step) -> None:
        """Report where this leads; a classic resource says so itself."""
        if guid in self.classic:
            return
        attempt = running(guid)
        if step is Step.STOP and attempt and attempt.step is Step.START:
            self.desk.mailbox.post(Ended(guid))  # counts once the start has ended
        elif LANDS[step] > self.chronicle.state(guid) < State.FAILED:
            self.desk.mailbox.post(Observed(guid, LANDS[step], self.clock()))


def _report(attempt: Attempt, error: BaseException | None) -> Done | Failed:
    guid, step, number = attempt.guid, attempt.step, attempt.number
    if error is None:
        return Done(guid, step, number)
    return Failed(guid, step, number, failure_of(error))
