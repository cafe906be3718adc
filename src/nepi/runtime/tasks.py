# SPDX-License-Identifier: BSD-3-Clause
"""What users have called at a date, or once conditions hold."""

import traceback
from collections.abc import Callable
from enum import IntEnum
from typing import Any, TypeVar

from nepi.core.lifecycle import Step
from nepi.runtime.answers import Answer
from nepi.runtime.errors import StepRefusedError
from nepi.runtime.pool import Chore
from nepi.runtime.timers import Timer

Callback = Callable[[], Any]
F = TypeVar("F", bound=Callable[..., Any])


class TaskStatus(IntEnum):
    """How far a task has come."""

    NEW = 0
    DONE = 1
    ERROR = 2


class Task(Chore):
    """A callback and what became of it; *result* is what it returned, or the text of its trace."""

    __slots__ = ("callback", "due", "failed", "id", "result", "since", "status", "timer")

    def __init__(
        self, number: int, due: float, callback: Callback, failed: Callable[["Task"], None]
    ) -> None:
        self.id = number
        self.due = self.since = due
        self.callback: Callback | None = callback
        self.failed = failed
        self.status = TaskStatus.NEW
        self.result: Any = None
        self.timer: Timer | None = None

    def cancel(self) -> None:
        """Do not call it, if it has not been called yet."""
        self.callback = None
        if self.timer:
            self.timer.cancel()

    def run(self) -> None:
        """Call it in this thread."""
        callback = self.callback
        if callback is None:
            return
        try:
            result = callback()
        except BaseException as error:  # noqa: BLE001 - sys.exit() in a callback is an error, too
            self.end(error)
        else:
            self.end(result=result)

    async def run_suspending(self) -> None:
        """Await it."""
        callback = self.callback
        if callback is None:
            return
        try:
            result = await callback()
        except BaseException as error:  # noqa: BLE001
            self.end(error)
        else:
            self.end(result=result)

    def end(self, error: BaseException | None = None, result: Any = None) -> None:
        """Take down how it ended; an error is told once."""
        if error is None:
            self.result = result
            self.status = TaskStatus.DONE
        else:
            self.result = "".join(traceback.format_exception(error))
            self.status = TaskStatus.ERROR
            self.failed(self)

    def follow(self, answer: Answer) -> None:
        """End as the step ends that is performed for it; one that does not fit is not begun."""

        def over(answer: Answer) -> None:
            error = answer.error
            self.end(None if isinstance(error, StepRefusedError) else error)

        answer.then(over)

    @property
    def name(self) -> str:
        """Return what it calls."""
        return getattr(self.callback, "__qualname__", None) or repr(self.callback)


def step_of(callback: Callback) -> Step | None:
    """Return the step that a bound method of a resource stands for, if it was marked `performs`."""
    step = getattr(getattr(callback, "__func__", None), "nepi_step", None)
    return step if isinstance(step, Step) else None


def performs(step: Step) -> Callable[[F], F]:
    """Mark a method: handing it to schedule() means to act, not to have a thread call it."""

    def mark(method: F) -> F:
        method.nepi_step = step  # type: ignore[attr-defined]
        return method

    return mark
