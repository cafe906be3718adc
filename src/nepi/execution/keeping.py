# SPDX-License-Identifier: BSD-3-Clause
"""The state of one classic resource, which it keeps itself and tells the engine.

Telling never waits, and reading never asks anybody. What leads from state to state is in `life`.
"""

import threading
from datetime import datetime
from time import monotonic

from nepi.core.conditions import Guid
from nepi.core.lifecycle import LANDS, State, Step
from nepi.core.messages import Failure, Observed
from nepi.execution.controller import Line
from nepi.execution.states import ResourceState
from nepi.runtime.tasks import Task
from nepi.util.logger import Logger
from nepi.util.timefuncs import tdiffsec, tnow

_DECIDED = {State.FAILED: "_failed_time", State.RELEASED: "_release_time"}


class Keeping(Logger):
    """A state, and since when it and those before it."""

    _guid: Guid
    _line: Line | None = None
    _state: State = ResourceState.NEW
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
            if before is ResourceState.RELEASED:
                return
            # A step given up may go on and say READY: its resource is and stays FAILED.
            if before is not ResourceState.FAILED or state is ResourceState.RELEASED:
                setattr(self, state_time_attr, tnow() if time is None else time)
                self._state = state
            if self._retry is not None:
                self._drop_retry(state)
            if self._line is not None:
                at = monotonic() if time is None else monotonic() - tdiffsec(tnow(), time)
                why = self._why if state is ResourceState.FAILED else None
                self._line.post(Observed(self._guid, state, at, why))

    def listen(self, line: Line) -> None:
        """From now on tell *line*, beginning with where this is."""
        with self._lock:
            self._line = line
            if self._state is not ResourceState.NEW:
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

    # -- hearing about it ---------------------------------------------------------------------

    def engine_says(self, state: State, failure: Failure | None) -> None:
        """Take over what the engine decided by itself: a step given up, a failed dependency."""
        with self._lock:
            if self._state >= state or state not in _DECIDED:
                return
            self._why = self._why or failure
            self.set_state_time(state, _DECIDED[state])
        if failure is not None:
            self.error(failure.message)

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
