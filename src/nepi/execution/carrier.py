# SPDX-License-Identifier: BSD-3-Clause
"""The run behind an ExperimentController: begun at the first need, told of resources, ended once.

What a script calls is in `ec` and its parts; how a resource performs a step is in `life`.
"""

import os
import threading
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from nepi.core.conditions import Condition, Guid, Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.messages import DEFAULT_POLICY, Add, Connect, Failure, Hold
from nepi.execution.relations import condition_of
from nepi.execution.resource import ResourceManager
from nepi.runtime.directory import RunDirectory
from nepi.runtime.engine import Engine
from nepi.runtime.runs import Registration, register

POLICY = DEFAULT_POLICY
"""How long the steps of classic resources may take; they are not tried again."""


class Actor:
    """Performs the steps of one classic resource for the engine."""

    __slots__ = ("_rm",)

    def __init__(self, rm: ResourceManager) -> None:
        self._rm = rm

    def do_discover(self) -> None:
        self._rm.perform(Step.DISCOVER)

    def do_provision(self) -> None:
        self._rm.perform(Step.PROVISION)

    def do_deploy(self) -> None:
        self._rm.perform(Step.DEPLOY)

    def do_start(self) -> None:
        self._rm.perform(Step.START)
        if self._rm.computes_state:
            self._rm.look()

    def do_stop(self) -> None:
        self._rm.perform(Step.STOP)

    def do_release(self) -> None:
        self._rm.perform(Step.RELEASE)

    def reached(self, state: State, failure: Failure | None) -> None:
        """Hear what the engine decided by itself."""
        self._rm.engine_says(state, failure)

    def refused(self, step: Step, reason: str) -> None:
        """Hear that a step could not be."""
        self._rm.refused(step, reason)


class Carrier:
    """Gives the engine what it needs to know, when it needs to know it."""

    def __init__(self, resources: dict[Guid, Any], directory: RunDirectory) -> None:
        self.directory = directory
        self.threads = int(os.environ.get("NEPI_NTHREADS") or 0) or None
        self.engine = Engine(on_failure="abort", run_id=directory.run_id, threads=self.threads)
        self.post = self.engine.post
        self.act = self.engine.act
        self._resources = resources
        self._registration: Registration | None = None
        self._critical: dict[Guid, bool] = {}
        self._lock = threading.RLock()

    @property
    def begun(self) -> bool:
        """Whether the run has left its mark on this machine."""
        return self._registration is not None

    def begin(self) -> Engine:
        """Have the run directory, the entry among the runs, the journal; return the engine."""
        with self._lock:
            if self._registration is None:
                self.directory.make()
                self._registration = register(self.directory)
                self.engine.open(self.directory.path)
            return self.engine

    def hold(self, guid: Guid, condition: Condition) -> None:
        """Let *guid* obey *condition*; a circular wait is refused."""
        self.introduce(condition.requirement.group)
        self.begin().ask(Hold(guid, condition))

    def knows(self, *guids: Guid) -> bool:
        """Whether the engine knows all of *guids*."""
        return all(guid in self._critical for guid in guids)

    def call(
        self, rm: ResourceManager, name: str, value: Any, after: tuple[Requirement, ...]
    ) -> None:
        """Set attribute *name* of *rm* once all of *after* holds."""
        self.begin().call(partial(rm.set, name, value), after=after)

    def release_unbegun(self, rm: ResourceManager) -> None:
        """Release a resource that nothing was ever done with, leaving no mark of a run."""
        with suppress(Exception):  # `perform` has logged it
            rm.perform(Step.RELEASE)
        rm.engine_says(State.RELEASED, None)

    def introduce(self, guids: Iterable[Guid]) -> None:
        """Make *guids*, their neighbours and all they wait for known to the engine."""
        with self._lock:
            self.begin()
            fresh: list[Guid] = []
            pending = list(guids)
            while pending:
                guid = pending.pop()
                rm = self._resources.get(guid)
                if rm is None or guid in self._critical:
                    continue
                self._register(rm)
                fresh.append(guid)
                pending += rm.connections
                for noted in rm.conditions.values():
                    for group, _, _ in noted:
                        pending += group
            self._relate(fresh)

    def refresh(self, guids: Iterable[Guid]) -> None:
        """Introduce *guids*, which are about to be deployed, as critical as they are by now."""
        with self._lock:
            for guid in guids:
                known = self._critical.get(guid)
                if known is not None and known != self._resources[guid].get("critical"):
                    self._register(self._resources[guid])
            self.introduce(guids)

    def close(self, outcome: str, reason: str = "") -> None:
        """End the engine and say how the run went; harmless when it never began."""
        self.engine.close()
        if self._registration is not None:
            self._registration.outcome(outcome, reason=reason)
            self.directory.close()

    def _register(self, rm: ResourceManager) -> None:
        critical = self._critical[rm.guid] = bool(rm.get("critical"))
        add = Add(rm.guid, rm.get_rtype(), critical=critical, classic=True, policy=POLICY)
        self.engine.register(rm.guid, Actor(rm), add)

    def _relate(self, fresh: list[Guid]) -> None:
        """Tell of conditions and connections, now that both sides of each are known."""
        new = set(fresh)
        put = self.engine.put
        for guid in fresh:
            rm = self._resources[guid]
            for other in rm.connections:
                both = guid in (self._resources[other].connections if other in new else ())
                if other in self._critical and other != guid and (guid < other or not both):
                    put(Connect(guid, other))
            for action, noted in rm.conditions.items():
                for each in noted:
                    put(Hold(guid, condition_of(action, each)))
            rm.listen(self)
