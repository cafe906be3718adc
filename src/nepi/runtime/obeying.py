# SPDX-License-Identifier: BSD-3-Clause
"""What each command of the orchestrator means here. On the loop thread only."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from attrs import define, field

from nepi.core.conditions import Guid
from nepi.core.lifecycle import State
from nepi.core.messages import (
    Abandon,
    Aborted,
    Apply,
    Command,
    Grant,
    Interrupt,
    Invoke,
    Late,
    Opened,
    Reached,
    Refused,
    Retried,
    Run,
    WakeAt,
    Woke,
)
from nepi.runtime.answers import Answer
from nepi.runtime.chronicle import Chronicle
from nepi.runtime.endings import Endings
from nepi.runtime.errors import StepRefusedError
from nepi.runtime.hooks import hook
from nepi.runtime.mailbox import Mailbox
from nepi.runtime.performing import Performer
from nepi.runtime.settings import Settings
from nepi.runtime.timers import Timers

FAILED = State.FAILED  # Python 3.11 looks members of enumerations up slowly

log = logging.getLogger(__name__)


def _nothing(_: Command) -> None:
    """Leave it at the line in the journal."""


@define(eq=False, kw_only=True)
class Obeying:
    """Passes every command on to whom it concerns."""

    actors: Mapping[Guid, Any]
    mailbox: Mailbox
    performer: Performer
    timers: Timers
    endings: Endings
    settings: Settings
    chronicle: Chronicle
    now: float = field(default=0.0, init=False)
    tokens: dict[int, Answer] = field(factory=dict[int, Answer], init=False)
    calls: dict[int, Callable[[], None]] = field(factory=dict[int, Callable[[], None]], init=False)
    _owed: list[tuple[Answer, object, BaseException | None]] = field(
        factory=list[tuple[Answer, object, BaseException | None]], init=False
    )
    _ways: Mapping[type, Callable[[Any], None]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._ways = {
            Run: self._run,
            Grant: self._grant,
            Refused: self._refused,
            Interrupt: self.performer.interrupt,
            Abandon: self.performer.abandon,
            Reached: self._reached,
            Apply: self._apply,
            Invoke: self._invoke,
            WakeAt: self._wake_at,
            Opened: self._opened,
            Aborted: self._aborted,
            Late: _nothing,
            Retried: _nothing,
        }

    def obey(self, commands: list[Command], now: float) -> None:
        """Carry *commands* out, in their order."""
        self.now = now
        ways = self._ways
        for command in commands:
            ways[command.__class__](command)
        self.performer.flush()

    def owe(self, answer: Answer, value: object = None, error: BaseException | None = None) -> None:
        """Give this answer at the end of the turn."""
        self._owed.append((answer, value, error))

    def pay(self) -> None:
        """Give every answer that is owed."""
        owed, self._owed = self._owed, []
        for answer, value, error in owed:
            answer.give(value, error)

    def _run(self, order: Run) -> None:
        answer = self.tokens.pop(order.token, None) if order.token else None
        self.performer.begin(order, self.now, answer)

    def _grant(self, order: Grant) -> None:
        answer = self.tokens.pop(order.token, None)
        if answer is None or answer.is_given:  # the caller has gone away: do it for him
            self.performer.begin(order, self.now)
        else:
            self.owe(answer, order)

    def _refused(self, order: Refused) -> None:
        if answer := self.tokens.pop(order.token, None):
            self.owe(answer, error=StepRefusedError(order.guid, order.step, order.reason))
        elif refused := hook(self.actors.get(order.guid), "refused"):
            refused(order.step, order.reason)
        else:
            log.error("%s", order.reason)

    def _reached(self, reached: Reached) -> None:
        self.chronicle.note(reached)
        self.endings.note(reached)
        if reached.state >= FAILED:
            told = hook(self.actors.get(reached.guid), "reached")
            if told is not None:
                told(reached.state, reached.failure)

    def _apply(self, order: Apply) -> None:
        self.settings.add(order, self.tokens.pop(order.token, None), self.now)

    def _invoke(self, order: Invoke) -> None:
        if call := self.calls.pop(order.token, None):
            call()

    def _wake_at(self, order: WakeAt) -> None:
        self.timers.at(order.at, partial(self.mailbox.post, Woke(order.token)))

    def _opened(self, order: Opened) -> None:
        if answer := self.tokens.pop(order.token, None):
            self.owe(answer, order.reason == "met")

    def _aborted(self, aborted: Aborted) -> None:
        self.chronicle.aborted = aborted
