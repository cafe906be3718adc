# SPDX-License-Identifier: BSD-3-Clause
"""When a step begins and how it ends: advancing, limits, failures, release.

What an event means is in `orchestrator`; what is remembered is in `board`.
"""

from collections import deque
from typing import Literal

from nepi.core.conditions import RUN_START
from nepi.core.deadlines import Deadline
from nepi.core.lifecycle import (
    DEPLOY,
    FAILED,
    LANDS,
    RELEASE,
    RELEASED,
    START,
    STARTED,
    STOP,
    STOPPED,
    State,
    Step,
)
from nepi.core.messages import (
    Abandon,
    Aborted,
    Failure,
    Force,
    Grant,
    Interrupt,
    Reached,
    Refused,
    Run,
)
from nepi.core.queries import Queries
from nepi.core.track import Track

OnFailure = Literal["release", "abort"]

ENDING = (STOP, RELEASE)
RETRIED_WHEN_STIRRED = (DEPLOY, RELEASE)


class Stepping(Queries):
    """Begin what may begin, end what must end."""

    def __init__(self, *, on_failure: OnFailure) -> None:
        super().__init__()
        self.on_failure: OnFailure = on_failure
        self._attempts = 0

    # -- beginning --------------------------------------------------------------------------

    def _advance(self, track: Track) -> None:
        """Take *track* as far as it may go now: through what does nothing, into what does."""
        before = track.state
        step: Step | None = None
        while track.busy is None and not track.doomed and not track.forced:
            step = track.next()
            if step is None or not self._may(track, step):
                step = None
                break
            if track.does(step):
                break
            self._land(track, LANDS[step], self._now)
        if track.state is not before:
            self._out.append(Reached(track.add.guid, track.state, self._now, track.failure))
            self._stir(track)
        if track.busy is None:
            self._go_on(track, step)

    def _go_on(self, track: Track, step: Step | None) -> None:
        if track.doomed:
            self._fail(track, track.doomed)
            self._look(track)  # its life may be over already: who forces it has still to be told
        elif track.forced:
            self._grant(track, track.forced.popleft())
        elif step:
            self._begin(track, step)

    def _may(self, track: Track, step: Step) -> bool:
        if track.parked is step:
            return False
        if track.goal is RELEASED:
            waiting = track.waiting(RELEASE)
        elif self.aborted or track.retry_at > self._now:
            return False
        else:
            waiting = track.waiting(step)
        if step is START and track.barriers and track.is_barred():
            return False
        return waiting is None or self._is_due(waiting)

    def _begin(self, track: Track, step: Step, force: Force | None = None) -> None:
        if track.leaving and step is RELEASE:
            force, track.leaving = track.leaving, None
        self._attempts += 1
        resumed = track.parked is step
        track.busy, track.attempt, track.parked, track.stirred = step, self._attempts, None, False
        track.token = force.token if force else 0
        track.retry_at = -1.0
        track.direct = force is not None
        if step is START:
            track.ended = None
            if STARTED in track.history or STOPPED in track.history:
                track.restart()
        if not resumed:
            track.span = track.attempt
            limit = track.add.policy.timeouts.get(step)
            if limit is not None:
                self._limit(track, limit)
        kind = Grant if force and force.mine else Run
        self._out.append(kind(track.add.guid, step, track.attempt, track.token))

    # -- steps asked for directly -----------------------------------------------------------

    def _queue(self, force: Force) -> None:
        track = self._tracks[force.guid]
        if why := self._forbidden(track, force.step):
            self._refuse(track, force, why)
        else:
            super()._queue(force)

    def _grant(self, track: Track, force: Force) -> None:
        why = self._forbidden(track, force.step)
        if why is None and not track.allows(force.step):
            why = f"it is {track.state}"
        if why:
            self._refuse(track, force, why)
        elif force.step is RELEASE and track.parked is not RELEASE:
            self._leave(track, force)
        else:
            self._begin(track, force.step, force)
        self._look(track)

    def _leave(self, track: Track, force: Force) -> None:
        """Release it for somebody who wants to know: in the order in which all release goes."""
        if track.leaving:
            self._refuse(track, force, "it is being released")
        else:
            track.leaving = force
            self._release([track])

    def _forbidden(self, track: Track, step: Step) -> str | None:
        """Return why *step* of *track* will never be, whatever comes."""
        if track.goal is RELEASED and step is not RELEASE:
            return "it is being released"
        if self.aborted and step not in ENDING:
            return "the experiment was aborted"
        return None

    def _refuse(self, track: Track, force: Force, why: str) -> None:
        reason = f"cannot {force.step} {track.label}: {why}"
        self._out.append(Refused(force.token, force.guid, force.step, reason))

    def _sift_forced(self, track: Track) -> None:
        """Refuse the waiting direct steps that have become impossible."""
        waiting, track.forced = track.forced, None
        for force in waiting or ():
            self._queue(force)

    # -- parked classic steps ---------------------------------------------------------------

    def _enter(self, track: Track, state: State, at: float) -> None:
        if track.parked and state >= LANDS[track.parked]:
            track.parked = None
        super()._enter(track, state, at)
        if track.leaving and state is RELEASED:
            self._refuse(track, track.leaving, f"it is {state}")
            track.leaving = None
        self._stir(track)

    def _stir(self, track: Track) -> None:
        """Let the parked steps of its neighbours be tried again: something has changed."""
        for guid in track.neighbours or ():
            other = self._tracks[guid]
            if other.busy in RETRIED_WHEN_STIRRED:
                other.stirred = True
            elif other.parked in RETRIED_WHEN_STIRRED:
                self._resume(other)

    def _resume(self, track: Track) -> None:
        if (
            track.parked
            and track.busy is None
            and track.doomed is None
            and not (self.aborted and track.parked not in ENDING)
        ):
            self._begin(track, track.parked)

    # -- limits -----------------------------------------------------------------------------

    def _deadline_passed(self, deadline: Deadline) -> None:
        for guid, span in deadline.over(self._now):
            track = self._tracks[guid]
            step = track.busy or track.parked
            if step and track.span == span:
                self._give_up(track, self._timeout(track, step))
        upcoming = deadline.upcoming(self._runs)
        deadline.armed = upcoming is not None
        if upcoming is not None:
            self._wake(deadline, upcoming)

    def _timeout(self, track: Track, step: Step) -> Failure:
        if track.interrupted and step not in ENDING:
            return interruption(track, step)
        limit = track.add.policy.timeouts[step]
        return Failure(
            "StepTimeout",
            f"{step} of {track.label} took longer than {limit:g} s and was given up; "
            f"if it needs more time, raise its timeout for {step}",
        )

    def _give_up(self, track: Track, failure: Failure) -> None:
        """Do not wait for the running (or parked) step any longer."""
        step = track.busy or track.parked
        if track.busy:
            self._out.append(Abandon(track.add.guid, track.busy, track.attempt))
        track.busy = track.parked = None
        self._look(track)
        if step is RELEASE:
            self._released_badly(track, failure)
        else:
            self._fail(track, failure, step=step)

    # -- the end ----------------------------------------------------------------------------

    def _released_badly(self, track: Track, failure: Failure) -> None:
        """RELEASED all the same, for we cannot do more; the first reason is kept."""
        track.failure = track.failure or failure
        self._enter(track, RELEASED, self._now)

    def _fail(
        self,
        track: Track,
        failure: Failure,
        *,
        step: Step | None = None,
        at: float | None = None,
    ) -> None:
        track.doomed = track.ended = None
        if track.state >= FAILED:
            return
        track.failure = failure
        fatal = track.add.critical and track.goal is not RELEASED and self.aborted is None
        if fatal:  # before anybody hears of it: nothing new begins
            self.aborted = Aborted(track.add.guid, step, failure)
        self._enter(track, FAILED, self._now if at is None else at)
        if fatal and self.aborted:
            self._abort(self.aborted)

    def _abort(self, aborted: Aborted) -> None:
        self.aborted = aborted
        self._out.append(aborted)
        for watcher, _ in tuple(self._watchers.values()):
            if not watcher.through_abort:
                self._answer(watcher, "aborted")
        tracks = [track for guid, track in self._tracks.items() if guid != RUN_START]
        if self.on_failure == "release":
            self._release(tracks)
            return
        for track in tracks:
            if track.forced:
                self._sift_forced(track)

    def _release(self, tracks: list[Track]) -> None:
        """Release *tracks* and whatever depends on them."""
        pending = deque(tracks)
        while pending:
            track = pending.popleft()
            if track.goal is RELEASED:
                continue
            track.goal = RELEASED
            track.retry_at = -1.0
            if track.parked is DEPLOY:
                track.parked = None
            if track.forced:
                self._sift_forced(track)
            if track.busy and track.busy not in ENDING:
                self._interrupt(track, track.busy)
            if waiting := track.waiting(RELEASE):
                pending.extend(self._tracks[g] for gate, _ in waiting.needs for g in gate.members)
            self._look(track)

    def _interrupt(self, track: Track, step: Step) -> None:
        track.interrupted = True
        self._out.append(Interrupt(track.add.guid, step, track.attempt))
        self._limit(track, track.add.policy.grace)


def interruption(track: Track, step: Step) -> Failure:
    """Return the reason of a step that a release cut short."""
    return Failure("Interrupted", f"{track.label} was released before its {step} had ended")
