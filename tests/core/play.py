# SPDX-License-Identifier: BSD-3-Clause
"""Whole experiments, played in no time: the test is the driver and owns the clock."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from heapq import heappop, heappush
from itertools import count

from attrs import define, field

from nepi.core.conditions import RUN_START, Condition, Guid, Requirement
from nepi.core.errors import Refusal
from nepi.core.lifecycle import State, Step
from nepi.core.messages import (
    Abandon,
    Add,
    Aim,
    Command,
    Done,
    Ended,
    Event,
    Failed,
    Failure,
    Grant,
    Hold,
    Interrupt,
    Late,
    Observed,
    Reached,
    Run,
    WakeAt,
    Woke,
)
from nepi.core.orchestrator import Orchestrator

WORK = frozenset(Step)
BROKEN = Failure("OSError", "scripted")
FOREVER = float("inf")


@define
class Player:
    """Carry an orchestrator's commands out on a virtual clock, by a script."""

    orchestrator: Orchestrator = field(factory=Orchestrator)
    takes: dict[tuple[Guid, Step], float] = field(factory=dict[tuple[Guid, Step], float])
    breaks: set[tuple[Guid, Step]] = field(factory=set[tuple[Guid, Step]])
    lives: dict[Guid, float] = field(factory=dict[Guid, float])
    stubborn: bool = False
    now: float = 0.0
    seen: list[tuple[float, Guid, State]] = field(factory=list[tuple[float, Guid, State]])
    begun: list[tuple[float, Guid, Step]] = field(factory=list[tuple[float, Guid, Step]])
    commands: list[Command] = field(factory=list[Command])
    events: list[tuple[float, Event]] = field(factory=list[tuple[float, Event]])
    running: dict[Guid, tuple[Step, int]] = field(factory=dict[Guid, tuple[Step, int]])
    react: Callable[["Player", Command], object] | None = None
    witness: Callable[["Player", Command], object] | None = None
    """Sees each command when it is given, also before the rest of its batch."""
    scripts: dict[Guid, Callable[["Player", Command], object]] = field(
        factory=dict[Guid, Callable[["Player", Command], object]]
    )
    """Who answers for a resource instead of this player."""
    manual: set[Guid] = field(factory=set[Guid])
    """Resources whose reports the test makes itself."""
    _agenda: list[tuple[float, int, Event]] = field(factory=list[tuple[float, int, Event]])
    _due: list[Command] = field(factory=list[Command])
    _order: "count[int]" = field(factory=count)

    def at(self, when: float, *events: Event) -> "Player":
        """Let *events* happen at *when*."""
        for event in events:
            heappush(self._agenda, (when, next(self._order), event))
        return self

    def tell(self, *events: Event) -> "Player":
        """Let *events* happen now, and play on until nothing is left to do."""
        return self.at(self.now, *events).play()

    def tell_now(self, event: Event) -> None:
        """Let *event* happen, and carry out what follows at once."""
        self._feed(event)
        self._carry_out()

    def tell_together(self, *events: Event) -> None:
        """Let *events* happen in one batch: what follows is carried out after the last of them."""
        for event in events:
            with suppress(Refusal):
                self._feed(event)
        self._carry_out()

    def _feed(self, event: Event) -> None:
        commands = self.orchestrator.handle(event, self.now)
        self.events.append((self.now, event))
        self._due += commands
        if self.witness:
            for command in commands:
                self.witness(self, command)
        if isinstance(event, Done | Failed) and Late(event) not in commands:
            assert self.running.pop(event.guid) == (event.step, event.attempt)
        for command in commands:
            self._keep_count(command)

    def _keep_count(self, command: Command) -> None:
        """Fail if two steps of one resource run at once, or what does not run is given up."""
        match command:
            case Run(guid, step, attempt) | Grant(guid, step, attempt):
                assert guid not in self.running, f"{step} of {guid} begun twice"
                self.running[guid] = step, attempt
            case Abandon(guid, step, attempt):
                assert self.running.pop(guid) == (step, attempt)
            case _:
                pass

    def _carry_out(self) -> None:
        due, self._due = self._due, []
        for command in due:
            self.commands.append(command)
            self._obey(command)
            if script := self.scripts.get(getattr(command, "guid", RUN_START)):
                script(self, command)
            if self.react:
                self.react(self, command)

    def tell_soon(self, *events: Event) -> None:
        """Let *events* happen now, after what is already due."""
        self.at(self.now, *events)

    @staticmethod
    def released(player: "Player", command: Command) -> None:
        """Answer for a classic resource that can do nothing but be released."""
        if isinstance(command, Run) and command.step is Step.RELEASE:
            player.tell_soon(Observed(command.guid, State.RELEASED, player.now))
            player.tell_soon(Done(command.guid, command.step, command.attempt))

    def play(self, until: float = FOREVER) -> "Player":
        """Play until nothing is left to do, or *until* then."""
        while self._agenda and self._agenda[0][0] <= until:
            self.now, _, event = heappop(self._agenda)
            self.tell_now(event)
        return self

    def _obey(self, command: Command) -> None:
        match command:
            case Run(guid, step, attempt) | Grant(guid, step, attempt):
                self.begun.append((self.now, guid, step))
                if guid in self.scripts or guid in self.manual:
                    return
                report = self._report(guid, step, attempt)
                end = self.now + self.takes.get((guid, step), 0)
                if end < FOREVER:
                    self.at(end, report)
            case Interrupt(guid, step, attempt) if not self.stubborn:
                self.at(self.now, Failed(guid, step, attempt, Failure("CancelledError", "")))
            case WakeAt(token, at):
                self.at(at, Woke(token))
            case Reached(guid, state, at):
                self.seen.append((at, guid, state))
                if state is State.STARTED and guid in self.lives:
                    self.at(self.now + self.lives[guid], Ended(guid))
            case _:
                pass

    def _report(self, guid: Guid, step: Step, attempt: int) -> Event:
        if (guid, step) in self.breaks:
            return Failed(guid, step, attempt, BROKEN)
        return Done(guid, step, attempt)

    def reached(self, guid: Guid) -> list[tuple[float, State]]:
        """Return what *guid* reached, and when."""
        return [(at, state) for at, who, state in self.seen if who == guid]

    def when(self, guid: Guid, state: State) -> float:
        """Return the last time at which *guid* reached *state*."""
        return [at for at, who, what in self.seen if (who, what) == (guid, state)][-1]

    def times(self, guid: Guid, step: Step) -> list[float]:
        """Return when *step* of *guid* was begun."""
        return [at for at, who, what in self.begun if (who, what) == (guid, step)]


def hold(
    guid: Guid, step: Step, group: Iterable[Guid] | Guid, state: State, delay: float = 0.0
) -> Hold:
    """Return the event of a condition, briefly."""
    members = frozenset([group] if isinstance(group, int) else group)
    return Hold(guid, Condition(step, Requirement(members, state, delay)))


def world(*adds: Add, player: Player | None = None) -> Player:
    """Return a player whose orchestrator knows these resources."""
    made = player or Player()
    return made.tell(*adds)


def start(*guids: Guid, barrier: bool = True) -> Aim:
    """Return the wish that all *guids* be STARTED."""
    return Aim(guids, State.STARTED, barrier=barrier)


def release(*guids: Guid) -> Aim:
    """Return the wish that all *guids* be RELEASED."""
    return Aim(guids, State.RELEASED)
