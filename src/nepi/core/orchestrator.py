# SPDX-License-Identifier: BSD-3-Clause
"""Decide what happens next; never do it.

The orchestrator is a pure function of the events it has seen: it holds no clock, no task, no
socket. A driver feeds it events and carries out the commands it answers with. Same events, same
commands: that is what makes the journal of a run replay its decisions.

Which event leads where is here. How steps begin and end is in `stepping`, what is remembered in
`board`, what one resource's own data decides in `track`, the counters are in `gates`, the refusal
of circular waits in `deadlock`.
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
from nepi.core.explain import explain
from nepi.core.gates import Barrier, Errand, Gate, Waiting, Watcher
from nepi.core.lifecycle import LANDS, State, Step
from nepi.core.messages import (
    Abort,
    Aborted,
    Add,
    Aim,
    Call,
    Cancel,
    Command,
    Connect,
    Done,
    Ended,
    Event,
    Failed,
    Failure,
    Force,
    Hold,
    Late,
    Observed,
    Retried,
    Set,
    Unwatch,
    Watch,
    Woke,
)
from nepi.core.stepping import ENDING, OnFailure, Stepping, interruption
from nepi.core.track import Track


class Orchestrator(Stepping):
    """Take events in, give commands out. See `messages` for what each means."""

    def __init__(self, *, on_failure: OnFailure = "release") -> None:
        super().__init__(on_failure=on_failure)
        self._handlers: Mapping[type, Callable[[Any], None]] = MappingProxyType(
            {
                Add: self._add,
                Connect: self._connect,
                Hold: self._hold,
                Set: self._timed,
                Call: self._order,
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

    def guids(self) -> list[Guid]:
        """Return every resource, in the order in which they were added."""
        return [guid for guid in self._tracks if guid != RUN_START]

    def state(self, guid: Guid) -> State:
        """Return where *guid* is."""
        return self.track(guid).state

    def outcome(self, guid: Guid) -> State:
        """Return where *guid* is or, once RELEASED, where it was before."""
        return self.track(guid).outcome

    def failure(self, guid: Guid) -> Failure | None:
        """Return why *guid* failed, if it did; this survives RELEASED."""
        return self.track(guid).failure

    def busy(self, guid: Guid) -> Step | None:
        """Return the step of *guid* that is running."""
        return self.track(guid).busy

    def moment(self, guid: Guid, state: State) -> float | None:
        """Return when *guid* first was in *state* or a later one since its last start."""
        return self.track(guid).moment(state)

    def explain(self, guid: Guid) -> str:
        """Return what *guid* is doing or waiting for, as a sentence without its name."""
        self.track(guid)
        return explain(self._tracks, guid)

    def snapshot(self) -> dict[Guid, dict[str, object]]:
        """Return the whole state as plain data: equal if and only if it decides alike."""
        return {guid: track.snapshot() for guid, track in self._tracks.items()}

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
        ends = self.track(event.guid), self.track(event.other)
        for track, other in (ends, ends[::-1]):
            if track.neighbours is None:
                track.neighbours = []
            track.neighbours.append(other.add.guid)

    def _hold(self, event: Hold) -> None:
        track, step = self.track(event.guid), event.condition.step
        needed = event.condition.requirement
        if step is Step.RELEASE and needed.state is not State.RELEASED:
            raise InvalidConditionError(
                f"release of {track.label} can only wait for others to be RELEASED, "
                f"not {needed.state}: a release always ends"
            )
        for guid in needed.group:
            self.track(guid)
        if track.waits is None:
            track.waits = {}
        waiting = track.waits.setdefault(step, Waiting(event.guid, step))
        gate = self._need(waiting, needed)
        if track.goal is not State.NEW or step is Step.RELEASE:
            self._check_or_withdraw(track, waiting, gate)
        self._look(track)

    def _check_or_withdraw(self, track: Track, waiting: Waiting, gate: Gate) -> None:
        only = Step.RELEASE if waiting.step is Step.RELEASE else None
        try:
            deadlock.check(self._tracks, only)
        except deadlock.DeadlockError:
            gate.held.clear()
            waiting.needs.pop()
            waiting.unmet -= bool(gate.pending)
            if not waiting.needs and track.waits:
                del track.waits[waiting.step]
            raise

    # -- goals ------------------------------------------------------------------------------

    def _aim(self, event: Aim) -> None:
        tracks = [self.track(guid) for guid in event.guids]
        if event.goal is State.RELEASED:
            self._release(tracks)
            return
        if self.aborted:
            why = self.aborted.failure.message
            raise AlreadyAbortedError(
                f"the experiment was aborted ({why}): nothing new begins in it; "
                "release it and begin another"
            )
        for track in tracks:
            if track.state is State.RELEASED:
                raise AlreadyReleasedError(f"{track.label} has been released; add a new resource")
        self._set_goals([t for t in tracks if t.state < State.STOPPED], event)

    def _set_goals(self, tracks: list[Track], event: Aim) -> None:
        before = [(track, track.goal, track.barrier) for track in (*tracks, self._origin)]
        starts = event.goal >= State.STARTED
        gate = None
        if starts and event.barrier:
            gate = Gate([t.add.guid for t in tracks if t.state < State.READY], State.READY)
            if self._origin.state is State.NEW:
                self._origin.barrier = self._origin.barrier or gate
        for track in tracks:
            track.goal = max(track.goal, event.goal)
            track.barrier = gate if gate and track.state < State.STARTED else track.barrier
        try:
            deadlock.check(self._tracks)
        except deadlock.DeadlockError:
            for track, goal, barrier in before:
                track.goal, track.barrier = goal, barrier
            raise
        if gate:
            self._arm(gate, tracks)
        elif starts:
            self._enter_origin(self._now)
        for track in tracks:
            self._look(track)

    def _arm(self, gate: Gate, tracks: list[Track]) -> None:
        gate.pending.update(gate.members)
        for guid in gate.members:
            self._tracks[guid].expect(gate)
        guids = tuple(track.add.guid for track in tracks)
        gate.moment = self._now
        gate.told.append(Barrier(guids, opens_run=self._origin.barrier is gate))
        if not gate.pending:
            self._opened(gate)

    def _force(self, event: Force) -> None:
        self.track(event.guid)
        if event.after:
            self._order(event)
        else:
            self._queue(event)

    def _timed(self, event: Set) -> None:
        self.track(event.guid)
        self._order(event)

    # -- reports ----------------------------------------------------------------------------

    def _observed(self, event: Observed) -> None:
        track = self.track(event.guid)
        if track.state is event.state:
            return
        over = track.state >= State.FAILED and event.state is not State.RELEASED
        if over or track.state is State.RELEASED:
            self._out.append(Late(event))
        elif event.state is State.FAILED:
            unknown = Failure("Failed", f"{track.label} reported that it failed")
            self._fail(track, event.failure or unknown, step=track.busy, at=event.at)
        else:
            if event.state is State.STARTED and track.state is State.STOPPED and not track.busy:
                track.restart()
            self._enter(track, event.state, event.at)

    def _is_current(self, track: Track, event: Done | Failed) -> bool:
        if track.busy is event.step and track.attempt == event.attempt:
            self._look(track)
            return True
        self._out.append(Late(event))
        return False

    def _done(self, event: Done) -> None:
        track = self.track(event.guid)
        if not self._is_current(track, event):
            return
        track.busy, track.tries = None, 0
        if track.add.classic:
            self._classic_done(track, event.step)
        else:
            self._enter(track, LANDS[event.step], self._now)
        if track.ended:
            ended, track.ended = track.ended, None
            self._ended(ended)

    def _classic_done(self, track: Track, step: Step) -> None:
        """Park a deploy or release that returned without its state; start is not begun anew."""
        if track.state >= LANDS[step]:
            return
        if step is Step.START:
            track.tried = True
        elif step in (Step.DEPLOY, Step.RELEASE):
            stirred, track.parked = track.stirred, step
            if track.goal is State.RELEASED and step is Step.DEPLOY:
                track.parked = None
            elif stirred:
                self._resume(track)

    def _failed(self, event: Failed) -> None:
        track = self.track(event.guid)
        if not self._is_current(track, event):
            return
        track.busy = None
        if event.step is Step.RELEASE:
            self._released_badly(track, event.failure)
        elif track.state is State.FAILED:  # it said so before; now it says why
            track.failure = event.failure
        elif self._retries(track, event):
            track.tries += 1
            track.retry_at = self._now + track.add.policy.pause(track.tries)
            self._out.append(Retried(event.guid, event.step, event.failure, track.retry_at))
            self._wake(track, track.retry_at)
        else:
            cut_short = track.interrupted and event.step not in ENDING
            failure = interruption(track, event.step) if cut_short else event.failure
            self._fail(track, failure, step=event.step)

    def _retries(self, track: Track, event: Failed) -> bool:
        return (
            track.tries < track.add.policy.retries
            and not (self.aborted or track.direct or event.step is Step.STOP)
            and track.goal is not State.RELEASED
        )

    def _ended(self, event: Ended) -> None:
        track = self.track(event.guid)
        if track.busy is Step.START:
            track.ended = event
        elif track.state is not State.STARTED or track.busy:
            self._out.append(Late(event))
        elif event.failure:
            self._fail(track, event.failure)
        else:
            self._enter(track, State.STOPPED, self._now)

    def _cancel(self, event: Cancel) -> None:
        track = self.track(event.guid)
        step = track.busy or track.parked
        if step:
            self._give_up(track, Failure("Cancelled", f"{step} of {track.label}: {event.reason}"))
        elif track.retry_at > self._now:
            self._fail(track, Failure("Cancelled", f"{track.label}: {event.reason}"))

    def _abort_all(self, event: Abort) -> None:
        if self.aborted is None:
            self._abort(Aborted(RUN_START, None, event.failure))

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
        watcher = Watcher(event.token, through_abort=event.through_abort)
        gate = self._gate(event.guids, event.state)
        self._watchers[event.token] = watcher, gate
        gate.told.append(watcher)
        if not gate.pending:
            self._answer(watcher, "met")
        elif self.aborted and not event.through_abort:
            self._answer(watcher, "aborted")

    def _unwatch(self, event: Unwatch) -> None:
        if known := self._watchers.pop(event.token, None):
            known[1].told.clear()
