# SPDX-License-Identifier: BSD-3-Clause
"""What resources and those who carry out their steps report, and what follows from it."""

from nepi.core.conditions import RUN_START, Guid
from nepi.core.errors import UnknownResourceError
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
    Step,
)
from nepi.core.messages import (
    Abort,
    Aborted,
    Cancel,
    Done,
    Ended,
    Failed,
    Failure,
    Late,
    Observed,
    Retried,
)
from nepi.core.stepping import ENDING, Stepping, interruption
from nepi.core.track import Track


class Reports(Stepping):
    """Take in what was done, what failed and what happened by itself."""

    def _resource(self, guid: Guid) -> Track:
        """Return what is known of *guid*, which has to be a resource."""
        track = self._tracks.get(guid, self._origin)
        if track is not self._origin:
            return track
        self.track(guid)
        raise UnknownResourceError(
            f"{guid} is no resource but the experiment itself: it can only be waited for"
        )

    def _observed(self, event: Observed) -> None:
        track = self._resource(event.guid)
        if track.state is event.state:
            return
        over = track.state >= FAILED and event.state is not RELEASED
        if over or track.state is RELEASED:
            self._out.append(Late(event))
        elif event.state is FAILED:
            failure = event.failure or unexplained(track)
            self._fail(track, failure, step=track.busy, at=event.at)
        else:
            if event.state is STARTED and track.state is STOPPED and not track.busy:
                track.restart()
            self._enter(track, event.state, event.at)

    def _is_current(self, track: Track, event: Done | Failed) -> bool:
        if track.busy is event.step and track.attempt == event.attempt:
            self._look(track)
            return True
        self._out.append(Late(event))
        return False

    def _done(self, event: Done) -> None:
        track = self._resource(event.guid)
        if not self._is_current(track, event):
            return
        track.busy, track.tries = None, 0
        if track.add.classic:
            self._classic_done(track, event.step)
        elif track.state < FAILED or event.step is RELEASE:
            self._enter(track, LANDS[event.step], self._now)
        if track.ended:
            ended, track.ended = track.ended, None
            self._ended(ended)

    def _classic_done(self, track: Track, step: Step) -> None:
        """Park a deploy or release that returned without its state; start is not begun anew."""
        if track.state >= LANDS[step]:
            return
        if step is START:
            track.tried = True
        elif step in (DEPLOY, RELEASE):
            stirred, track.parked = track.stirred, step
            if track.goal is RELEASED and step is DEPLOY:
                track.parked = None
            elif stirred:
                self._resume(track)

    def _failed(self, event: Failed) -> None:
        track = self._resource(event.guid)
        if not self._is_current(track, event):
            return
        track.busy = None
        if event.step is RELEASE:
            self._released_badly(track, event.failure)
        elif track.state >= FAILED:  # it said so before; now it may say why
            if track.failure == unexplained(track):
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
            and not (self.aborted or track.direct or event.step is STOP)
            and track.goal is not RELEASED
        )

    def _ended(self, event: Ended) -> None:
        track = self._resource(event.guid)
        if track.busy is START:
            track.ended = event
        elif track.state is not STARTED or track.busy:
            self._out.append(Late(event))
        elif event.failure:
            self._fail(track, event.failure)
        else:
            self._enter(track, STOPPED, self._now)

    def _cancel(self, event: Cancel) -> None:
        track = self._resource(event.guid)
        step = track.busy or track.parked
        if step:
            self._give_up(track, Failure("Cancelled", f"{step} of {track.label}: {event.reason}"))
        elif track.retry_at > self._now:
            self._fail(track, Failure("Cancelled", f"{track.label}: {event.reason}"))

    def _abort_all(self, event: Abort) -> None:
        if self.aborted is None:
            self._abort(Aborted(RUN_START, None, event.failure))


def unexplained(track: Track) -> Failure:
    """Return the reason of a failure for which none was given."""
    return Failure("Failed", f"{track.label} reported that it failed")
