# SPDX-License-Identifier: BSD-3-Clause
"""Who performs a step, and where: in place, as a task, in a thread, together with others.

On the loop thread only. What a step is answered with, and why it is performed, is not known here.
"""

import asyncio
import dis
import inspect
from collections.abc import Callable, Hashable, Mapping
from functools import cache, partial
from typing import Any, Literal

from attrs import frozen

from nepi.core.conditions import Guid
from nepi.core.lifecycle import Step
from nepi.core.messages import Abandon, Grant, Interrupt, Run
from nepi.runtime.answers import Answer
from nepi.runtime.attempts import Attempt, Batch, Report
from nepi.runtime.errors import StepAbandonedError
from nepi.runtime.hooks import hook
from nepi.runtime.pool import Crew

Kind = Literal["thread", "place", "task"]

METHODS: Mapping[Step, str] = {step: f"do_{step}" for step in Step}
_AWAITING = frozenset({"GET_AWAITABLE", "SEND", "YIELD_VALUE", "GET_ANEXT"})


@cache
def kind_of(function: Any) -> Kind:
    """Return how a method is called: plain ones in a thread, coroutines on the loop."""
    if not inspect.iscoroutinefunction(function):
        return "thread"
    code = getattr(inspect.unwrap(function), "__code__", None)
    if code is None or inspect.unwrap(function) is not function:
        return "task"
    # 3.11 has no eager tasks; without an await in the body there is nothing to suspend.
    awaits = any(i.opname in _AWAITING for i in dis.get_instructions(code))
    return "task" if awaits else "place"


@frozen
class Way:
    """How the resources of one class perform one step."""

    kind: Kind
    many: str | None = None


def way_of(actor: object, step: Step) -> Way | None:
    """Return how *actor* performs *step*; None: there is nothing to do."""
    one, many = METHODS[step], f"do_{step}_many"
    if is_batched(type(actor), one, many):
        call = getattr(actor, many)
        kind = kind_of(getattr(call, "__func__", call))
        return Way("thread" if kind == "thread" else "task", many)
    method = hook(actor, one)
    return None if method is None else Way(kind_of(getattr(method, "__func__", method)))


def is_batched(kind: type, one: str, many: str) -> bool:
    """Return whether *many* counts: a subclass that overrides *one* alone means it."""
    for base in kind.__mro__:
        if many in vars(base):
            return True
        if one in vars(base):
            return False
    return False


def nothing() -> None:
    """Do what a step does that a type does not implement."""


class Performer:
    """Carries out what the orchestrator wants run, for the actors it knows."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        pool: Crew,
        actors: Mapping[Guid, Any],
        report: Report,
    ) -> None:
        self._loop = loop
        self._pool = pool
        self._actors = actors
        self._report = report
        self._ways: dict[tuple[type, Step], Way | None] = {}
        self._tasks: dict[int, tuple[asyncio.Task[None], Batch | None]] = {}
        self._answers: dict[int, Answer] = {}
        self._jobs: list[Any] = []
        self._batches: dict[Hashable, list[Attempt]] = {}

    def way(self, guid: Guid, step: Step) -> Way | None:
        """Return how that resource performs *step*."""
        return self._way(self._actors[guid], step)

    def _way(self, actor: Any, step: Step) -> Way | None:
        kind = actor.__class__
        try:
            return self._ways[kind, step]
        except KeyError:
            way = way_of(actor, step)
            if hasattr(kind, METHODS[step]):  # else it may be the object's own, as of a mock
                self._ways[kind, step] = way
            return way

    def begin(self, order: Run | Grant, since: float, answer: Answer | None = None) -> None:
        """Let the step begin now, or at `flush` if it takes a thread or company."""
        actor = self._actors[order.guid]
        way = self._way(actor, order.step)
        call = nothing if way is None else getattr(actor, METHODS[order.step], nothing)
        attempt = Attempt(order, call, self._report, since)
        if answer is not None:
            attempt.answer = answer
            self._answers[attempt.number] = answer
            answer.then(lambda _: self._answers.pop(attempt.number, None))
        if way is None:
            attempt.done()
        elif way.many:
            self._gather(attempt, actor)
        elif way.kind == "thread":
            self._jobs.append(attempt)
        elif way.kind == "place":
            attempt.run_in_place()
        else:
            self._spawn(attempt.run_suspending, [attempt])

    def _gather(self, attempt: Attempt, actor: Any) -> None:
        try:
            key = (actor.__class__, attempt.step, actor.batch_key())
            self._batches.setdefault(key, []).append(attempt)
        except Exception as error:  # noqa: BLE001 - the type's own code: its failure is the step's
            attempt.failed(error)

    def flush(self) -> None:
        """Hand out what has gathered since the last time."""
        if self._batches:
            batches, self._batches = self._batches, {}
            for attempts in batches.values():
                self._begin_batch(attempts)
        if self._jobs:
            jobs, self._jobs = self._jobs, []
            self._pool.extend(jobs)

    def interrupt(self, order: Interrupt) -> None:
        """Cancel the task of an attempt; what runs in a thread, or in a batch, goes on."""
        task, batch = self._tasks.get(order.attempt, (None, None))
        if task is None:
            self._pool.recall(order.attempt)
        elif batch is None or batch.is_interrupted():
            task.cancel()

    def abandon(self, order: Abandon) -> None:
        """Forget an attempt and free what performs it."""
        task, batch = self._tasks.pop(order.attempt, (None, None))
        if task is None:
            self._pool.give_up(order.attempt)
        elif batch is None or batch.is_interrupted():
            task.cancel()
        if answer := self._answers.pop(order.attempt, None):
            answer.give(error=StepAbandonedError(order.guid, order.step))

    def _begin_batch(self, attempts: list[Attempt]) -> None:
        actors = [self._actors[attempt.guid] for attempt in attempts]
        way = self.way(attempts[0].guid, attempts[0].step)
        assert way is not None  # noqa: S101 - that is why it is a batch
        many: Callable[[Any], Any] = getattr(actors[0], str(way.many))
        batch = Batch(attempts, partial(many, actors))
        if way.kind == "thread":
            self._jobs.append(batch)
        else:
            self._spawn(batch.run_suspending, attempts, batch)

    def _spawn(
        self, perform: Callable[[], Any], attempts: list[Attempt], batch: Batch | None = None
    ) -> None:
        task: asyncio.Task[None] = self._loop.create_task(perform())
        for attempt in attempts:
            self._tasks[attempt.number] = task, batch
        task.add_done_callback(lambda _: self._forget(attempts))

    def _forget(self, attempts: list[Attempt]) -> None:
        for attempt in attempts:
            self._tasks.pop(attempt.number, None)
            if attempt.live:  # its task was cancelled before it had begun
                attempt.recall()
