# SPDX-License-Identifier: BSD-3-Clause
"""The life of one classic resource: the state it keeps itself, and the steps on its way.

What is said here is told to the engine, which decides what follows; nothing here waits for it but
the verbs a user calls.
"""

import threading
import traceback
from datetime import datetime
from time import monotonic

from nepi.core.conditions import Guid
from nepi.core.errors import Refusal
from nepi.core.lifecycle import LANDS, State, Step
from nepi.core.messages import Failure, Observed
from nepi.execution.controller import Line
from nepi.execution.states import ResourceState
from nepi.runtime.errors import StepRefusedError
from nepi.runtime.tasks import Task, performs
from nepi.util.logger import Logger
from nepi.util.timefuncs import tdiffsec, tnow


class _Performing(threading.local):
    """The resources whose steps this thread performs, outermost first."""

    def __init__(self) -> None:
        self.now: list[Life] = []


_performing = _Performing()


class Life(Logger):
    """State, its times, and the verbs. Authors of types override the do_ methods."""

    _guid: Guid
    _line: Line | None = None
    _state: State = State.NEW
    _why: Failure | None = None
    _retry: tuple[Step, Task] | None = None
    _discover_time: datetime | None = None
    _reserved_time: datetime | None = None
    _provision_time: datetime | None = None
    _ready_time: datetime | None = None
    _start_time: datetime | None = None
    _stop_time: datetime | None = None
    _failed_time: datetime | None = None
    _release_time: datetime | None = None

    def __init__(self, component: str) -> None:
        super().__init__(component)
        self._lock = threading.Lock()

    @property
    def state(self) -> State:
        """Where it is now. Reading never waits."""
        return self._state

    @property
    def discover_time(self) -> datetime | None:
        return self._discover_time

    @property
    def reserved_time(self) -> datetime | None:
        return self._reserved_time

    @property
    def provision_time(self) -> datetime | None:
        return self._provision_time

    @property
    def ready_time(self) -> datetime | None:
        return self._ready_time

    @property
    def start_time(self) -> datetime | None:
        return self._start_time

    @property
    def stop_time(self) -> datetime | None:
        return self._stop_time

    @property
    def failed_time(self) -> datetime | None:
        return self._failed_time

    @property
    def release_time(self) -> datetime | None:
        return self._release_time

    # -- saying where it is ---------------------------------------------------------------------

    def set_state(self, state: State, state_time_attr: str, time: datetime | None = None) -> None:
        """Be in *state* since *time* (default: now), unless RELEASED; others see it at once."""
        if state.__class__ is not State:
            state = State(state)
        with self._lock:
            before = self._state
            if before is State.RELEASED:
                return
            # A step given up may go on and say READY: its resource is and stays FAILED.
            if before is not State.FAILED or state is State.RELEASED:
                self.set_state_time(state, state_time_attr, time)
            if self._retry is not None:
                self._drop_retry(state)
            if self._line is not None:
                at = monotonic() if time is None else monotonic() - tdiffsec(tnow(), time)
                why = self._why if state is State.FAILED else None
                self._line.post(Observed(self._guid, state, at, why))

    def listen(self, line: Line) -> None:
        """From now on tell *line*, beginning with where this is."""
        with self._lock:
            self._line = line
            if self._state is not State.NEW:
                line.post(Observed(self._guid, self._state, monotonic(), self._why))

    def set_state_time(
        self, state: State, state_time_attr: str, time: datetime | None = None
    ) -> None:
        """Note *state* and its time; tell nobody."""
        setattr(self, state_time_attr, tnow() if time is None else time)
        self._state = state

    def set_discovered(self, time: datetime | None = None) -> None:
        self.set_state(ResourceState.DISCOVERED, "_discover_time", time)

    def set_provisioned(self, time: datetime | None = None) -> None:
        self.set_state(ResourceState.PROVISIONED, "_provision_time", time)

    def set_ready(self, time: datetime | None = None) -> None:
        self.set_state(ResourceState.READY, "_ready_time", time)

    def set_started(self, time: datetime | None = None) -> None:
        self.set_state(ResourceState.STARTED, "_start_time", time)

    def set_stopped(self, time: datetime | None = None) -> None:
        self.set_state(ResourceState.STOPPED, "_stop_time", time)

    def set_failed(self, time: datetime | None = None) -> None:
        self.set_state(ResourceState.FAILED, "_failed_time", time)

    def set_released(self, time: datetime | None = None) -> None:
        self.set_state(ResourceState.RELEASED, "_release_time", time)

    # -- what authors override ------------------------------------------------------------------

    def do_discover(self) -> None:
        self.set_discovered()

    def do_provision(self) -> None:
        self.set_provisioned()

    def do_deploy(self) -> None:
        self.set_ready()

    def do_start(self) -> None:
        self.set_started()

    def do_stop(self) -> None:
        self.set_stopped()

    def do_release(self) -> None:
        self.set_released()

    def do_fail(self) -> None:
        self.set_failed()

    # -- what users call ------------------------------------------------------------------------

    @performs(Step.DISCOVER)
    def discover(self) -> None:
        """Find what the resource stands for, now, in this thread."""
        self._act(Step.DISCOVER)

    @performs(Step.PROVISION)
    def provision(self) -> None:
        """Prepare what was found, now, in this thread."""
        self._act(Step.PROVISION)

    @performs(Step.DEPLOY)
    def deploy(self) -> None:
        """Make READY, or try once more."""
        self._act(Step.DEPLOY)

    @performs(Step.START)
    def start(self) -> None:
        """Start now, in this thread, whatever the conditions say."""
        self._act(Step.START)

    @performs(Step.STOP)
    def stop(self) -> None:
        """Stop now, in this thread, whatever the conditions say."""
        self._act(Step.STOP)

    @performs(Step.RELEASE)
    def release(self) -> None:
        """Give back whatever it holds; what goes wrong is logged, RELEASED it is all the same."""
        try:
            self._act(Step.RELEASE)
        except Exception:  # noqa: BLE001 - `perform` has made an event of it already
            self.debug("RELEASED all the same")

    def fail(self) -> None:
        """Become FAILED, now; legal anywhere, in its own steps too."""
        if self._state is not State.RELEASED:
            self.do_fail()

    # -- how steps are performed ----------------------------------------------------------------

    def perform(self, step: Step) -> None:
        """Perform *step* in this thread; the engine, or a user it gave way to, calls this.

        Raise what the step raised, after FAILED (or, from a release, RELEASED) was noted.
        """
        inside = _performing.now
        inside.append(self)
        try:
            getattr(self, _DO[step])()
        except Exception as error:
            if step is Step.RELEASE:
                self._released_badly(error)
            else:
                self.blame(error, f"{step} failed")
            raise
        finally:
            inside.pop()

    def is_performing(self) -> bool:
        """Whether this thread is inside a step of this resource."""
        return self in _performing.now

    def blame(self, error: Exception, what: str) -> None:
        """Become FAILED because of *error*, unless that is known already; never raise."""
        if self._why is not None or self._state >= State.FAILED:
            return
        trace = "".join(traceback.format_exception(error))
        self._why = Failure(type(error).__name__, str(error), trace)
        self.error(f"{what}: {error!r}", err=trace)
        try:
            self.fail()
        except Exception as second:  # noqa: BLE001 - it has failed; how it says so may fail too
            self.error(f"do_fail failed, too: {second!r}")
        if self._state < State.FAILED:
            self.set_failed()

    def engine_says(self, state: State, failure: Failure | None) -> None:
        """Take over what the engine decided by itself: a step given up, a failed dependency."""
        with self._lock:
            if self._state >= state or state not in _DECIDED:
                return
            self._why = self._why or failure
            self.set_state_time(state, _DECIDED[state])
        if failure is not None:
            self.error(failure.message)

    def _released_badly(self, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error))
        self.error(f"release failed, RELEASED all the same: {error!r}", err=trace)
        with self._lock:
            self.set_state_time(State.RELEASED, "_release_time")

    def _act(self, step: Step) -> None:
        if self.is_performing():
            self._act_inside(step)
            return
        line = self._line or self._find_line()
        if line is None:
            self.perform(step)
            return
        try:
            line.act(self._guid, step)
        except (Refusal, StepRefusedError) as refusal:
            self.refused(step, str(refusal))

    def refused(self, step: Step, reason: str) -> None:
        """Say that *step* could not be; the engine calls this, too."""
        # A retry that a type has scheduled for itself may come when there is nothing left to do.
        say = self.debug if step is Step.DEPLOY else self.error
        say(reason)

    def retries(self, step: Step, task: Task) -> None:
        """Note that *task* will try *step* again; one such task is enough."""
        with self._lock:
            before, self._retry = self._retry, (step, task)
        if before is not None:
            before[1].cancel()

    def _drop_retry(self, state: State) -> None:
        """Call the retry off that *state* makes needless."""
        assert self._retry is not None  # noqa: S101 - the caller looked, this path is hot
        step, task = self._retry
        if state >= LANDS[step]:
            self._retry = None
            task.cancel()

    def _act_inside(self, step: Step) -> None:
        if self._allows(step):
            getattr(self, _DO[step])()
        else:
            self.error(f"Wrong state {self._state.name} for {step}")

    def _allows(self, step: Step) -> bool:
        state = self._state
        if step is Step.START:
            return state in {State.READY, State.STOPPED}
        if step is Step.STOP:
            return state is State.STARTED
        if step is Step.DEPLOY:
            return state <= State.READY
        return state is not State.RELEASED

    def _find_line(self) -> Line | None:
        return None


_DECIDED = {State.FAILED: "_failed_time", State.RELEASED: "_release_time"}
_DO = {step: f"do_{step}" for step in Step}
