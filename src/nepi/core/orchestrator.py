# SPDX-License-Identifier: BSD-3-Clause
"""Decide what happens next; never do it.

The orchestrator is a pure function of the events it has seen: it holds no clock, no task, no
socket. A driver feeds it events and carries out the commands it answers with. Same events, same
commands: that is what makes the journal of a run replay its decisions.

What the user wants is here; what is reported back in `reports`; how steps begin and end in
`stepping`; what is remembered in `board`; what one resource's own data decides in `track`; the
counters are in `gates`, the refusal of circular waits in `deadlock`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from nepi.core import deadlock
from nepi.core.conditions import RUN_START, Guid
from nepi.core.deadlines import Deadline
from nepi.core.errors import (
    AlreadyAbortedError,
    AlreadyReleasedError,
    DuplicateResourceError,
    InvalidConditionError,
)
from nepi.core.gates import Barrier, Errand, Gate, Waiting, Watcher, let_go
from nepi.core.lifecycle import (
    NEW,
    READY,
    RELEASE,
    RELEASED,
    STARTED,
    STOPPED,
)
from nepi.core.messages import (
    Abort,
    Add,
    Aim,
    Apply,
    Call,
    Cancel,
    Command,
    Connect,
    Done,
    Ended,
    Event,
    Failed,
    Force,
    Hold,
    Observed,
    Set,
    Unwatch,
    Watch,
    Woke,
)
from nepi.core.reports import Reports
from nepi.core.stepping import OnFailure
from nepi.core.track import Track


class Orchestrator(Reports):
    """Take events in, give commands out. See `messages` for what each means."""

    def __init__(self, *, on_failure: OnFailure = "release") -> None:
        super().__init__(on_failure=on_failure)
        self._handlers: Mapping[type, Callable[[Any], None]] = MappingProxyType(
            {
                Add: self._add,
                Connect: self._connect,
                Hold: self._hold,
                Set: self._set,
                Call: self._call,
                Aim: self._aim,
                Force: self._force,
                Observed: self._observed,
                Cancel: self._cancel,
                Abort: self._abort_all,
                Done: self._done,
                Failed: self._failed,
                Ended: self._ended,
                Woke: self._woke,
                Watch: self._watch,
                Unwatch: self._unwatch,
            }
        )

    def handle(self, event: Event, now: float) -> list[Command]:
        """Take one event in and return the commands that follow from it.

        Raise a Refusal, and change nothing, if the event makes no sense.
        """
        self.feed(event, now)
        return self.take()

    def feed(self, event: Event, now: float) -> None:
        """Take one event in; its commands wait for `take`."""
        self._now = now
        self._handlers[type(event)](event)
        due = self._due
        while due:
            track = due.popleft()
            track.queued = False
            self._advance(track)

    def take(self) -> list[Command]:
        """Return the commands that have not been taken yet, in their order."""
        out, self._out = self._out, []
        return out

    # -- what is the case -------------------------------------------------------------------

    def snapshot(self) -> dict[Guid, dict[str, object]]:
        """Return the whole state as plain data: equal if and only if it decides alike."""
        found = {guid: track.snapshot() for guid, track in self._tracks.items()}
        found[RUN_START] |= {
            "aborted": self.aborted,
            "attempts": self._attempts,
            "wakes": self._next_wake,
            "orders": [(errand.order, errand.unmet) for errand in self._errands],
        }
        return found

    # -- the description --------------------------------------------------------------------

    def _add(self, event: Add) -> None:
        known = self._tracks.get(event.guid)
        if known is None:
            self._tracks[event.guid] = Track(event)
        elif known.is_untouched() and known is not self._origin:
            known.add = event
        else:
            raise DuplicateResourceError(f"the guid {event.guid} is taken already")

    def _connect(self, event: Connect) -> None:
        ends = self._resource(event.guid), self._resource(event.other)
        for track, other in (ends, ends[::-1]):
            if track.neighbours is None:
                track.neighbours = {}
            track.neighbours[other.add.guid] = None

    def _hold(self, event: Hold) -> None:
        track, step = self._resource(event.guid), event.condition.step
        needed = event.condition.requirement
        if step is RELEASE and needed.state is not RELEASED:
            raise InvalidConditionError(
                f"release of {track.label} can only wait for others to be RELEASED, "
                f"not {needed.state}: a release always ends"
            )
        self._check_needed(needed)
        if track.waits is None:
            track.waits = {}
        waiting = track.waits.setdefault(step, Waiting(event.guid, step))
        gate = self._need(waiting, needed)
        try:
            if step is RELEASE:
                deadlock.check_release(self._tracks, event.guid, needed.group)
            elif track.goal is not NEW:
                deadlock.check_steps(self._tracks, [track])
        except deadlock.DeadlockError:
            let_go(waiting)
            if not waiting.needs:
                del track.waits[step]
            raise
        self._held(track, waiting, gate)

    def _held(self, track: Track, waiting: Waiting, gate: Gate) -> None:
        """See to what a new condition means for a resource that is on its way."""
        if waiting.step is RELEASE and track.goal is RELEASED:
            self._release([self._tracks[guid] for guid in gate.members])
        if gate.failed is not None and self._tracks[gate.failed].is_fatal():
            self._doom(waiting, self._tracks[gate.failed])
        self._look(track)

    # -- goals ------------------------------------------------------------------------------

    def _aim(self, event: Aim) -> None:
        tracks = [self._resource(guid) for guid in dict.fromkeys(event.guids)]
        if event.goal is RELEASED:
            self._release(tracks)
            return
        self._refuse_aborted()
        for track in tracks:
            if track.goal is RELEASED or track.state is RELEASED:
                how = "has been" if track.state is RELEASED else "is being"
                raise AlreadyReleasedError(f"{track.label} {how} released; add a new resource")
        self._set_goals([t for t in tracks if t.state < STOPPED], event)

    def _refuse_aborted(self) -> None:
        if self.aborted:
            why = self.aborted.failure.message
            raise AlreadyAbortedError(
                f"the experiment was aborted ({why}): nothing new begins in it; "
                "release it and begin another"
            )

    def _set_goals(self, tracks: list[Track], event: Aim) -> None:
        before = [(track, track.goal, track.barriers) for track in (*tracks, self._origin)]
        gate = self._barrier(tracks) if event.barrier and event.goal >= STARTED else None
        alone = (gate,) if gate else ()
        for track in tracks:
            track.goal = max(track.goal, event.goal)
            if gate and track.state < STARTED:
                track.barriers = (*track.barriers, gate) if track.barriers else alone
        try:
            deadlock.check_steps(self._tracks, tracks)
        except deadlock.DeadlockError:
            for track, goal, barriers in before:
                track.goal, track.barriers = goal, barriers
            raise
        if gate:
            self._arm(gate, tracks)
        elif event.goal >= STARTED and not self._origin.barriers:
            self._enter_origin(self._now)
        for track in tracks:
            self._look(track)

    def _barrier(self, tracks: list[Track]) -> Gate:
        gate = Gate([t.add.guid for t in tracks if t.state < READY], READY)
        gate.pending.update(gate.members)
        gate.moment = self._now
        if self._origin.state is NEW and not self._origin.barriers:
            self._origin.barriers = (gate,)
        return gate

    def _arm(self, gate: Gate, tracks: list[Track]) -> None:
        for guid in gate.members:
            self._tracks[guid].expect(gate)
        guids = tuple(track.add.guid for track in tracks)
        gate.told = Barrier(guids, opens_run=gate in self._origin.barriers)
        if not gate.pending:
            self._opened(gate)

    # -- orders -----------------------------------------------------------------------------

    def _force(self, event: Force) -> None:
        self._resource(event.guid)
        if event.after:
            self._refuse_aborted()
            self._order(event)
        else:
            self._queue(event)

    def _set(self, event: Set) -> None:
        self._resource(event.guid)
        if event.after:
            self._refuse_aborted()
            self._order(event)
        else:  # no step begins by that, so an abort does not forbid it
            self._out.append(Apply(event.guid, event.name, event.value, event.token))

    def _call(self, event: Call) -> None:
        self._refuse_aborted()
        self._order(event)

    # -- time and those who watch -----------------------------------------------------------

    def _woke(self, event: Woke) -> None:
        match self._wakes.pop(event.token, None):
            case Waiting() as waiting:
                waiting.waking = -1.0
                self._look(self._tracks[waiting.guid])
            case Errand() as errand:
                errand.waking = -1.0
                self._errand_due(errand)
            case Deadline() as deadline:
                self._deadline_passed(deadline)
            case Track() as track if track.retry_at > self._now:  # the timer was early
                self._wake(track, track.retry_at)
            case Track() as track:
                self._look(track)
            case _:  # of something that is over
                pass

    def _watch(self, event: Watch) -> None:
        for guid in event.guids:
            self.track(guid)
        self._forget(event.token)
        watcher = Watcher(event.token, through_abort=event.through_abort)
        gate = self._gate(event.guids, event.state)
        self._watchers[event.token] = watcher, gate
        gate.told = watcher
        if not gate.pending:
            self._answer(watcher, "met")
        elif self.aborted and not event.through_abort:
            self._answer(watcher, "aborted")

    def _unwatch(self, event: Unwatch) -> None:
        self._forget(event.token)
