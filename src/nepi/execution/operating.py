# SPDX-License-Identifier: BSD-3-Clause
"""The half of an ExperimentController that acts: deploy, wait, start, stop, schedule."""

import contextlib
from collections.abc import Callable, Generator
from datetime import datetime
from itertools import count
from typing import Any

from nepi.core.conditions import Condition, Guid, Requirement
from nepi.core.errors import AlreadyAbortedError
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Aim, Force, Hold
from nepi.execution.builtin import Builtin
from nepi.execution.describing import Describing
from nepi.execution.relations import Guids, guids_of
from nepi.execution.resource import ResourceManager
from nepi.execution.states import ECState, ResourceState2str
from nepi.runtime.errors import WaitTimeoutError
from nepi.runtime.tasks import Task, TaskStatus, step_of
from nepi.util.logger import Logger
from nepi.util.timefuncs import delay_seconds, seconds_until

States = dict[Guid, State]

LOOK_AGAIN = 0.5
"""Seconds between two questions to a script that wants to be asked whether to go on waiting."""


class Operating(Describing, Logger):
    """Carries out what was described."""

    def __init__(self) -> None:
        Describing.__init__(self)
        Logger.__init__(self, "ExperimentController")
        self._groups: dict[int, list[Guid]] = {}
        self._group_ids = count(1)
        self._tracked: dict[int, Task] = {}
        self._pending: dict[int, Task] = {}
        self._pending_limit = 1000
        self._task_ids = count(1)
        self._ecstate: int = ECState.RUNNING
        self._is_ending = False

    # -- deploying ------------------------------------------------------------------------------

    def deploy(
        self, guids: Guids | None = None, wait_all_ready: bool = True, group: int | None = None
    ) -> None:
        """Have resources deployed, then started as their conditions say; return at once.

        None: all that are NEW. *wait_all_ready*: none of the group starts before all are READY.
        """
        chosen = guids_of(guids) if guids is not None else []
        chosen = chosen or [g for g, rm in list(self._resources.items()) if rm.state == State.NEW]
        self._check(chosen)
        group = next(self._group_ids) if group is None else group
        members = self._groups.setdefault(group, [])
        aim = Aim(tuple(chosen), State.STARTED, barrier=wait_all_ready)
        self._carrier.prepare(aim)
        if wait_all_ready:
            self._join(chosen, members)
        try:
            self._carrier.engine.ask(aim)
        except AlreadyAbortedError as refusal:
            self.error(str(refusal))
            return
        members += chosen
        for guid in chosen:
            self._resources[guid].deployment_group = group

    def _join(self, guids: list[Guid], members: list[Guid]) -> None:
        """Let new members of a group wait for the old ones, too, to be READY."""
        behind = [guid for guid in members if self._rm(guid).state < State.READY]
        if behind:
            ready = Condition(Step.START, Requirement(frozenset(behind), State.READY))
            for guid in guids:
                self._carrier.engine.put(Hold(guid, ready))

    # -- waiting --------------------------------------------------------------------------------

    def wait_finished(self, guids: Guids, timeout: str | float | None = None) -> States:
        """Wait until all of *guids* are STOPPED or later, or the experiment is aborted."""
        return self._wait(guids, State.STOPPED, timeout)

    def wait_started(self, guids: Guids, timeout: str | float | None = None) -> States:
        """Wait until all of *guids* are STARTED or later, or the experiment is aborted."""
        return self._wait(guids, State.STARTED, timeout)

    def wait_deployed(self, guids: Guids, timeout: str | float | None = None) -> States:
        """Wait until all of *guids* are READY or later, or the experiment is aborted."""
        return self._wait(guids, State.READY, timeout)

    def wait_released(self, guids: Guids, timeout: str | float | None = None) -> States:
        """Wait until all of *guids* are RELEASED; an abort does not end this wait."""
        return self._wait(guids, State.RELEASED, timeout, interrupts=False)

    def wait(
        self,
        guids: Guids,
        state: int,
        quit: Callable[[], bool] | None = None,
        timeout: str | float | None = None,
    ) -> States:
        """Wait until all of *guids* are in *state* or later, or *quit* says so.

        *quit* is asked every half second, since nobody can know when its answer changes; without
        it an abort ends the wait. Return where all of them are then.
        """
        if quit is None:
            return self._wait(guids, State(state), timeout)
        left = None if timeout is None else delay_seconds(timeout)
        while not quit():
            span = LOOK_AGAIN if left is None else min(LOOK_AGAIN, left)
            found = self._wait(guids, State(state), span, interrupts=False)
            left = None if left is None else left - span
            if all(seen >= state for seen in found.values()) or left == 0:
                break
        return {guid: self._rm(guid).state for guid in guids_of(guids)}

    def _wait(
        self, guids: Guids, state: State, timeout: str | float | None, *, interrupts: bool = True
    ) -> States:
        chosen = guids_of(guids)
        self._check(chosen)
        seconds = None if timeout is None else delay_seconds(timeout)
        if chosen and self._ecstate != ECState.TERMINATED:
            self._carrier.meet(*chosen)
            engine = self._carrier.begin()
            with self._orderly(), contextlib.suppress(WaitTimeoutError):
                engine.wait(chosen, state, timeout=seconds, interrupts=interrupts)
        resources = self._resources
        return {guid: resources[guid].state for guid in chosen}

    @contextlib.contextmanager
    def _orderly(self) -> Generator[None]:
        """Make an orderly release of Ctrl-C; a second one ends that, too."""
        try:
            yield
        except KeyboardInterrupt:
            if not self._is_ending:
                self.error("interrupted: releasing everything; again, and nobody is asked any more")
                self.shutdown()
            raise

    def shutdown(self) -> None:
        """Release everything and end; see nepi.execution.ec."""
        raise NotImplementedError

    # -- acting ---------------------------------------------------------------------------------

    def discover(self, guid: Guid) -> None:
        """Perform the discovery of a resource now."""
        self._rm(guid).discover()

    def provision(self, guid: Guid) -> None:
        """Perform the provision of a resource now."""
        self._rm(guid).provision()

    def start(self, guid: Guid) -> None:
        """Start a resource now, whatever its conditions say; raise what that raises."""
        self._rm(guid).start()

    def stop(self, guid: Guid) -> None:
        """Stop a resource now, whatever its conditions say; raise what that raises."""
        self._rm(guid).stop()

    def schedule(
        self,
        date: str | datetime | float | None,
        callback: Callable[[], Any],
        track: bool = False,
    ) -> int:
        """Have *callback* called at *date* ("2s" from now, or 20 digits); return the task's id."""
        delay = seconds_until(date)
        engine = self._carrier.begin()
        tid = next(self._task_ids)
        owner: Any = getattr(callback, "__self__", None)
        step = step_of(callback) if isinstance(owner, ResourceManager) else None
        if step is not None and not (delay or track or isinstance(owner, Builtin)):
            engine.post(Force(owner.guid, step))  # there is nobody to tell how it went
            return tid
        task = engine.schedule(delay, callback)
        task.id = tid
        if step is Step.DEPLOY or step is Step.RELEASE:
            owner.retries(step, task)
        if track:
            self._tracked[tid] = task
        self._note(task)
        return tid

    def get_task(self, tid: int) -> Task | None:
        """Return a task that was scheduled with track=True."""
        return self._tracked.get(tid)

    def _note(self, task: Task) -> None:
        """Remember what is still to be done, so that shutdown can drop it."""
        self._pending[task.id] = task
        if len(self._pending) > self._pending_limit:
            left = [t for t in list(self._pending.values()) if _waits(t)]
            self._pending = {t.id: t for t in left}
            self._pending_limit = 2 * len(left) + 1000

    def _drop_tasks(self) -> None:
        for task in list(self._pending.values()):
            task.cancel()
        self._pending.clear()

    # -- asking ---------------------------------------------------------------------------------

    def state(self, guid: Guid, hr: bool = False) -> Any:
        """Return where a resource is: a number, or with *hr* its name."""
        state = self._rm(guid).state
        return ResourceState2str.get(state) if hr else state

    def get_discover_time(self, guid: Guid) -> datetime | None:
        return self._time(guid, "discover_time")

    def get_provision_time(self, guid: Guid) -> datetime | None:
        return self._time(guid, "provision_time")

    def get_ready_time(self, guid: Guid) -> datetime | None:
        return self._time(guid, "ready_time")

    def get_start_time(self, guid: Guid) -> datetime | None:
        return self._time(guid, "start_time")

    def get_stop_time(self, guid: Guid) -> datetime | None:
        return self._time(guid, "stop_time")

    def get_failed_time(self, guid: Guid) -> datetime | None:
        return self._time(guid, "failed_time")

    def get_release_time(self, guid: Guid) -> datetime | None:
        return self._time(guid, "release_time")

    def _time(self, guid: Guid, name: str) -> datetime | None:
        found: datetime | None = getattr(self._rm(guid), name)
        return found


def _waits(task: Task) -> bool:
    return task.status == TaskStatus.NEW and task.callback is not None
