# SPDX-License-Identifier: BSD-3-Clause
"""One attempt at one step of one resource: performed, then reported. Decides nothing.

Here, and only here, what resource types raise becomes an event.
"""

import asyncio
import traceback
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any, Protocol

from attrs import define

from nepi.core.conditions import Guid
from nepi.core.lifecycle import Step
from nepi.core.messages import Done, Event, Failed, Failure, Grant, Run
from nepi.runtime.answers import Answer
from nepi.runtime.errors import StepAbandonedError

Call = Callable[[], Any]
TRACE_LIMIT = 20_000


def failure_of(error: BaseException) -> Failure:
    """Return *error* as data."""
    name = type(error).__name__
    text = "".join(traceback.format_exception(error))
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - a broken __str__ must not hide the failure
        message = ""
    return Failure(name, message or name, text[-TRACE_LIMIT:])


@define(eq=False)
class Ask:
    """An event whose sender waits: for its being taken in or, with *token*, for what answers it.

    With *error* the event tells of a failure, and that is what its sender gets.
    """

    event: Event
    answer: Answer
    token: int = 0
    error: BaseException | None = None


class Report(Protocol):
    """Tell the orchestrator, from any thread."""

    def __call__(self, item: Event | Ask, /) -> None: ...


class Attempt:
    """What is running: a job for a thread, a coroutine for the loop, or a call in place."""

    __slots__ = ("answer", "call", "guid", "live", "number", "report", "since", "step")

    def __init__(self, order: Run | Grant, call: Call, report: Report, since: float) -> None:
        self.guid: Guid = order.guid
        self.step: Step = order.step
        self.number: int = order.attempt
        self.call = call
        self.report = report
        self.since = since
        self.answer: Answer | None = None
        self.live = True

    def run(self) -> None:
        """Perform it in this thread."""
        RUNNING.set(self)
        try:
            self.call()
        except BaseException as error:  # noqa: BLE001 - sys.exit() in a step is a failure, too
            self.failed(error)
        else:
            self.done()

    def recall(self) -> bool:
        """Report that it was called off before it began."""
        self.failed(asyncio.CancelledError(f"{self.step} was called off before it began"))
        return True

    def run_in_place(self) -> None:
        """Perform a coroutine that never suspends, here and now."""
        token = RUNNING.set(self)
        try:
            self.call().send(None)
        except StopIteration:
            self.done()
        except BaseException as error:  # noqa: BLE001 - it must not end the loop
            self.failed(error)
        finally:
            RUNNING.reset(token)

    async def run_suspending(self) -> None:
        """Perform a coroutine as the task that this is called from."""
        RUNNING.set(self)
        try:
            await self.call()
        except BaseException as error:  # noqa: BLE001 - its task may have been cancelled
            self.failed(error)
        else:
            self.done()

    def run_for_caller(self) -> BaseException | None:
        """Perform it in the thread of whoever asked; return what it raised, do not report it."""
        token = RUNNING.set(self)
        try:
            self.call()
        except BaseException as error:  # noqa: BLE001
            return error
        else:
            return None
        finally:
            self.live = False
            RUNNING.reset(token)

    def done(self) -> None:
        """Report that it succeeded."""
        self.live = False
        event = Done(self.guid, self.step, self.number)
        self.report(event if self.answer is None else Ask(event, self.answer))

    def failed(self, error: BaseException) -> None:
        """Report what it raised."""
        self.live = False
        event = Failed(self.guid, self.step, self.number, failure_of(error))
        if self.answer is None:
            self.report(event)
            return
        if isinstance(error, asyncio.CancelledError):  # whoever asked is not being cancelled
            error = StepAbandonedError(self.guid, self.step)
        self.report(Ask(event, self.answer, error=error))


RUNNING: ContextVar[Attempt | None] = ContextVar("nepi_running", default=None)
"""What the thread or task that asks is performing at the moment."""


def running(guid: Guid) -> Attempt | None:
    """Return the attempt at a step of *guid* that the caller is part of."""
    attempt = RUNNING.get()
    return attempt if attempt and attempt.live and attempt.guid == guid else None


class Batch:
    """Attempts at the same step of several resources, performed by one call."""

    def __init__(self, members: list[Attempt], call: Callable[[], Any]) -> None:
        self.members = members
        self.call = call
        self.since = members[0].since
        self.number = members[0].number
        self._interrupted = 0

    def run(self) -> None:
        """Perform it in this thread."""
        try:
            errors = self.call()
        except BaseException as error:  # noqa: BLE001
            errors = [error] * len(self.members)
        self._tell(errors)

    def recall(self) -> bool:
        """Be performed all the same: it was one of them that was called off."""
        return False

    async def run_suspending(self) -> None:
        """Perform it as the task that this is called from."""
        coroutine: Coroutine[Any, Any, Any] = self.call()
        try:
            errors = await coroutine
        except BaseException as error:  # noqa: BLE001
            errors = [error] * len(self.members)
        self._tell(errors)

    def is_interrupted(self) -> bool:
        """Count one member that shall end soon; return whether that are all of them."""
        self._interrupted += 1
        return self._interrupted >= len(self.members)

    def _tell(self, errors: Any) -> None:
        found = list(errors or [None] * len(self.members))
        if len(found) != len(self.members):
            step, kind = self.members[0].step, getattr(self.call, "__qualname__", "the batch")
            text = (
                f"{kind} answered for {len(found)} of {len(self.members)} resources; "
                f"do_{step}_many has to return one error or None for each of them"
            )
            found = [ValueError(text)] * len(self.members)
        for attempt, error in zip(self.members, found, strict=True):
            if error is None:
                attempt.done()
            else:
                attempt.failed(error)
