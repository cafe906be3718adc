# SPDX-License-Identifier: BSD-3-Clause
"""What is the case, and who is to be told when it changes: tracks, gates, wake-ups, answers.

Nothing here begins or ends a step (see `stepping`) or knows what an event means (see
`orchestrator`).
"""

from collections import deque
from collections.abc import Iterable
from math import isfinite
from typing import Literal

from nepi.core.conditions import RUN_START, Guid, Requirement
from nepi.core.deadlines import Deadline
from nepi.core.errors import InvalidConditionError, UnknownResourceError
from nepi.core.gates import Barrier, Errand, Gate, Held, Waiting, Watcher, hold, opens_at
from nepi.core.lifecycle import (
    FAILED,
    LANDS,
    NEW,
    RELEASED,
    STARTED,
    State,
)
from nepi.core.messages import (
    Aborted,
    Add,
    Apply,
    Call,
    Command,
    Failure,
    Force,
    Invoke,
    Opened,
    Reached,
    Set,
    Token,
    WakeAt,
)
from nepi.core.track import ANEW, Track

Alarm = Waiting | Errand | Deadline | Track


class Board:
    """The memory of the orchestrator."""

    def __init__(self) -> None:
        self.aborted: Aborted | None = None
        self._now = 0.0
        self._origin = Track(Add(RUN_START, name="the experiment", steps=frozenset()))
        self._tracks: dict[Guid, Track] = {RUN_START: self._origin}
        self._gates: dict[tuple[frozenset[Guid], State], Gate] = {}
        self._errands: dict[Errand, None] = {}
        self._out: list[Command] = []
        self._due: deque[Track] = deque()
        self._wakes: dict[int, Alarm] = {}
        self._next_wake = 0
        self._deadlines: dict[float, Deadline] = {}
        self._watchers: dict[int, tuple[Watcher, Gate]] = {}

    def track(self, guid: Guid) -> Track:
        """Return what is known of *guid*; to look at, never to change."""
        try:
            return self._tracks[guid]
        except KeyError:
            raise UnknownResourceError(f"no resource has the guid {guid}") from None

    def _look(self, track: Track) -> None:
        """See to it that *track* is looked at before this event is over."""
        if not track.queued:
            track.queued = True
            self._due.append(track)

    # -- gates ------------------------------------------------------------------------------

    def _gate(self, members: Iterable[Guid], state: State) -> Gate:
        """Return a new gate; a restart of its members closes it again."""
        gate = Gate(members, state)
        for guid in gate.members:
            track = self._tracks[guid]
            if state in ANEW:
                track.renew(gate)
            if track.state is FAILED and state < FAILED and track.is_fatal():
                gate.failed = guid
            moment = track.moment(state)
            if moment is None:
                gate.pending.add(guid)
                track.expect(gate)
            else:
                gate.moment = max(gate.moment, moment)
        return gate

    def _need(self, waiter: Held, needed: Requirement) -> Gate:
        """Let *waiter* wait for what is *needed*, with all others who need the same."""
        key = needed.group, needed.state
        gate = self._gates.get(key)
        if gate is None:
            gate = self._gates[key] = self._gate(sorted(needed.group), needed.state)
        hold(waiter, gate, needed.delay)
        return gate

    def _opened(self, gate: Gate) -> None:
        for waiter in tuple(gate.held):
            waiter.unmet -= 1
            if waiter.unmet:
                continue
            if isinstance(waiter, Waiting):
                self._look(self._tracks[waiter.guid])
            else:
                self._errand_due(waiter)
        if isinstance(gate.told, Watcher):
            self._answer(gate.told, "met")
        elif gate.told:
            self._open_barrier(gate.told, gate.moment)

    def _open_barrier(self, barrier: Barrier, at: float) -> None:
        if barrier.opens_run and self.aborted is None:
            self._enter_origin(at)
        for guid in barrier.guids:
            self._look(self._tracks[guid])

    # -- states -----------------------------------------------------------------------------

    def _land(self, track: Track, state: State, at: float) -> None:
        """Put *track* into *state*; tell its gates, not the world."""
        track.state = state
        if state is not RELEASED:
            track.outcome = state
        track.history[state] = at
        watch = track.watch
        if watch:
            for target in [t for t in watch if t <= state]:
                for gate in watch.pop(target):
                    self._arrive(track, gate, at)

    def _enter(self, track: Track, state: State, at: float) -> None:
        self._out.append(Reached(track.add.guid, state, at, track.failure))
        self._land(track, state, at)
        if track.busy is None:  # else it is looked at when its step is over
            self._look(track)

    def _enter_origin(self, at: float) -> None:
        if self._origin.state is NEW:
            self._enter(self._origin, STARTED, at)

    def _arrive(self, track: Track, gate: Gate, at: float) -> None:
        if track.state is FAILED and gate.state < FAILED and track.is_fatal():
            gate.failed = track.add.guid
            for waiter in gate.held:
                if isinstance(waiter, Waiting):
                    self._doom(waiter, track)
        if gate.arrive(track.add.guid, at):
            self._opened(gate)

    def _doom(self, waiter: Waiting, failed: Track) -> None:
        """Let *waiter* fail, for it waits for *failed*, which was critical: with that reason."""
        track = self._tracks[waiter.guid]
        if track.state >= LANDS[waiter.step] or track.doomed or track.goal is NEW:
            return
        why = failed.failure.message if failed.failure else "no reason was given"
        text = f"{waiter.step} of {track.label} waits for {failed.label}, which is FAILED"
        track.doomed = Failure("DependencyFailed", f"{text}: {why}")
        self._look(track)

    # -- time -------------------------------------------------------------------------------

    def _wake(self, alarm: Alarm, at: float) -> None:
        self._next_wake += 1
        self._wakes[self._next_wake] = alarm
        self._out.append(WakeAt(self._next_wake, at))

    def _is_due(self, waiter: Held) -> bool:
        """Return whether all gates are open and the delays over; if only delays, see to that."""
        if waiter.unmet:
            return False
        at = opens_at(waiter)
        if at <= self._now:
            return True
        if waiter.waking != at:
            waiter.waking = at
            self._wake(waiter, at)
        return False

    def _limit(self, track: Track, seconds: float) -> None:
        deadline = self._deadlines.get(seconds)
        if deadline is None:
            deadline = self._deadlines[seconds] = Deadline()
        deadline.begin(self._now + seconds, track.add.guid, track.span)
        if not deadline.armed:
            deadline.armed = True
            self._wake(deadline, self._now + seconds)

    def _runs(self, guid: Guid, span: int) -> bool:
        track = self._tracks[guid]
        return track.span == span and (track.busy or track.parked) is not None

    # -- timed orders -----------------------------------------------------------------------

    def _order(self, event: Set | Call | Force) -> None:
        """Give an order when all it needs is met: once, and never after an abort."""
        for needed in event.after:
            self._check_needed(needed)
        errand = Errand(event)
        self._errands[errand] = None
        for needed in event.after:
            self._need(errand, needed)
        self._errand_due(errand)

    def _check_needed(self, needed: Requirement) -> None:
        if not isfinite(needed.delay):
            raise InvalidConditionError(f"a delay of {needed.delay} s would never be over")
        if (needed.group, needed.state) not in self._gates:
            for guid in sorted(needed.group):
                self.track(guid)

    def _errand_due(self, errand: Errand) -> None:
        if self.aborted or errand not in self._errands or not self._is_due(errand):
            return
        del self._errands[errand]
        for gate, _ in errand.needs:
            gate.held.pop(errand, None)
        self._give(errand)

    def _give(self, errand: Errand) -> None:
        match errand.order:
            case Set(guid, name, value, token):
                self._out.append(Apply(guid, name, value, token))
            case Call(token):
                self._out.append(Invoke(token))
            case force:
                self._queue(force)

    def _queue(self, force: Force) -> None:
        track = self._tracks[force.guid]
        if track.forced is None:
            track.forced = deque()
        track.forced.append(force)
        self._look(track)

    # -- those who watch --------------------------------------------------------------------

    def _answer(self, watcher: Watcher, reason: Literal["met", "aborted"]) -> None:
        self._forget(watcher.token)
        self._out.append(Opened(watcher.token, reason))

    def _forget(self, token: Token) -> None:
        """Leave nothing behind of this watch."""
        if known := self._watchers.pop(token, None):
            gate = known[1]
            gate.told = None
            for guid in gate.members:
                self._tracks[guid].forget(gate)
