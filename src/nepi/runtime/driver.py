# SPDX-License-Identifier: BSD-3-Clause
"""Turn after turn: take everything in, decide, write it down, carry it out.

On the loop thread only, and nothing else touches the orchestrator. Who asks, and how they wait, is
known by `engine`; what is done about a command by `obeying`.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from attrs import define, field

from nepi.core.errors import Refusal
from nepi.core.lifecycle import Step
from nepi.core.messages import (
    Abort,
    Command,
    Event,
    Failed,
    Grant,
    Run,
    Unwatch,
    Watch,
)
from nepi.core.orchestrator import Orchestrator
from nepi.runtime.attempts import Ask, failure_of
from nepi.runtime.errors import JournalError
from nepi.runtime.lines import COMMANDS, Encode, note
from nepi.runtime.mailbox import Item, Mailbox
from nepi.runtime.obeying import Obeying
from nepi.runtime.pool import Crew
from nepi.runtime.scribe import Scribe
from nepi.runtime.subscriptions import Subscription, Subscriptions
from nepi.runtime.timers import Timers, whole

MANY = 32
"""While more jobs than this wait for threads, and as many reports come in, the bell stays off."""
MODERATION = 0.001

log = logging.getLogger(__name__)


@define(eq=False, kw_only=True)
class Driver:
    """Feeds the orchestrator and has it obeyed."""

    loop: asyncio.AbstractEventLoop
    clock: Callable[[], float]
    orchestrator: Orchestrator
    mailbox: Mailbox
    pool: Crew
    timers: Timers
    obeying: Obeying
    scribe: Scribe
    subscriptions: Subscriptions
    encode: Mapping[type, Encode]
    collapsed: Callable[[Exception], None]
    notes: list[str] = field(factory=list[str], init=False)
    _lines: list[str] = field(factory=list[str], init=False)
    _now: float = field(default=0.0, init=False)
    _is_told: bool = field(default=False, init=False)
    _is_over: bool = field(default=False, init=False)

    def turn(self) -> None:
        """Take in what waits, and let follow from it what does."""
        if self._is_over:
            return
        try:
            taken = self._turn()
        except Exception as error:  # noqa: BLE001 - an engine that cannot go on says so to all
            self._is_over = True
            self.collapsed(error)
        else:
            self._next_turn(taken)

    def listen(self, subscription: Subscription, past: Sequence[str]) -> None:
        """Let *subscription* be told of what was and of everything after this."""
        self._is_told = True
        self.notes += self.subscriptions.add(subscription, past)

    def close(self) -> None:
        """Take no more turns, after a last one."""
        self.turn()
        self._is_over = True

    def _turn(self) -> int:
        self.mailbox.rung = True
        self._now = now = whole(self.clock())
        taken = len(self.mailbox.items)
        self._is_told = self.scribe.journal is not None or bool(self.subscriptions.members)
        self._take_in(taken)
        commands = self.orchestrator.take()
        if self._is_told:
            commands = self._write_down(commands, now)
        else:
            self.notes.clear()  # nobody reads them
        self.obeying.obey(commands, now)
        if self._lines:
            self.notes += self.subscriptions.publish(self._lines)
            self._lines = []
        self.obeying.pay()
        return taken

    def _next_turn(self, taken: int) -> None:
        if taken > MANY and len(self.pool.jobs) > MANY:  # the threads are fed for a while
            self.loop.call_later(MODERATION, self.turn)
            return
        self.mailbox.rung = False
        if self.mailbox.items or self.notes:  # looked at again: something may have come in between
            self.mailbox.rung = True
            self.loop.call_soon(self.turn)

    # -- taking in ----------------------------------------------------------------------------

    def _take_in(self, count: int) -> None:
        now, lines, items = self._now, self._lines, self.mailbox.items
        feed, encode = self.orchestrator.feed, self.encode.get
        for _ in range(count):
            item = items.popleft()
            line = encode(item.__class__)
            if line is None:
                self._take_other(item)
                continue
            try:
                feed(item, now)
            except Refusal as refusal:
                self._not_taken(item, refusal)
            else:
                if self._is_told:  # looked at each time: a listener may just have come
                    lines.append(line(item))

    def _take_other(self, item: Item) -> None:
        match item:
            case Ask():
                self._take_asked(item)
            case Watch() | Unwatch():  # no answer, no line
                with suppress(Refusal):
                    self.orchestrator.feed(item, self._now)
            case _:
                item()

    def _take_asked(self, ask: Ask) -> None:
        event, answer = ask.event, ask.answer
        try:
            self.orchestrator.feed(event, self._now)
        except Refusal as refusal:
            self.obeying.owe(answer, error=refusal)
            return
        line = self.encode.get(event.__class__)
        if line and self._is_told:
            self._lines.append(line(event))
        if ask.token:
            self.obeying.tokens[ask.token] = answer
        else:
            self.obeying.owe(answer, error=ask.error)

    def _not_taken(self, event: Event, refusal: Refusal) -> None:
        log.error("%s was refused: %s", type(event).__name__, refusal)
        self.notes.append(note(f"{type(event).__name__} was refused: {refusal}"))

    # -- writing down -------------------------------------------------------------------------

    def _write_down(self, commands: list[Command], now: float) -> list[Command]:
        """Write ahead; return what may be carried out now."""
        encode, lines = COMMANDS.get, self._lines
        lines += [line(c) for c in commands if (line := encode(c.__class__))]
        if self.notes:
            lines += self.notes
            self.notes = []
        if not lines:
            return commands
        prefix = f'{{"t":{now:.6f},'
        error = self.scribe.write(prefix + prefix.join(lines), now)
        if self.subscriptions.members:
            self._lines = [prefix + line for line in lines]
        else:
            self._lines = []
        return commands if error is None else self._stop_short(error, commands)

    def _stop_short(self, error: JournalError, commands: list[Command]) -> list[Command]:
        """Abort: what was decided but could not be written down does not begin."""
        log.error("%s", error)
        failure = failure_of(error)
        self.orchestrator.feed(Abort(failure), self._now)
        kept: list[Command] = []
        for command in [*commands, *self.orchestrator.take()]:
            if isinstance(command, Run | Grant) and command.step not in (Step.STOP, Step.RELEASE):
                report = Failed(command.guid, command.step, command.attempt, failure)
                self.mailbox.items.append(report)
                if answer := self.obeying.tokens.pop(command.token, None):
                    self.obeying.owe(answer, error=error)
            else:
                kept.append(command)
        return kept
