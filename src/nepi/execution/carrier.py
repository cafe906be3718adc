# SPDX-License-Identifier: BSD-3-Clause
"""The run behind an ExperimentController: begun at the first need, told of resources, ended once.

What a script calls is in `ec` and its parts; how a resource performs a step is in `life`.
"""

import atexit
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import Any

from nepi.core.conditions import Condition, Guid, Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.messages import DEFAULT_POLICY, Add, Aim, Connect, Failure, Hold
from nepi.execution.builtin import Builtin
from nepi.execution.relations import condition_of
from nepi.execution.resource import ResourceManager
from nepi.experiment import Experiment, surroundings
from nepi.experiment.roster import add_event
from nepi.resource import check_complete
from nepi.runtime.engine import Engine

POLICY = DEFAULT_POLICY
"""How long the steps of classic resources may take; they are not tried again."""

PICTURED = 200
"""Of so many resources, at most, a timeline and a topology are drawn in the end."""


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

    def __init__(
        self,
        resources: dict[Guid, Any],
        experiment: Experiment,
        *,
        at_exit: Callable[[], None],
    ) -> None:
        self.experiment = experiment
        self._at_exit = at_exit
        self.engine = experiment.engine
        self.post = self.engine.post
        self.act = self.engine.act
        self.begun = False
        """Whether the run has left its mark on this machine."""
        self._resources = resources
        self._critical: dict[Guid, bool] = {}
        self._lock = threading.RLock()

    # -- describing -----------------------------------------------------------------------------

    def adopt(self, rm: ResourceManager) -> None:
        """Take a new resource in; the experiment itself knows the built-in ones."""
        if isinstance(rm, Builtin):
            rm.engine = self.engine
            self.experiment.add(rm.resource, guid=rm.guid)

    def connect(self, rm: ResourceManager, other: ResourceManager) -> None:
        """Make two resources neighbours; ImpossibleConnectionError if they are built-in and not."""
        if isinstance(rm, Builtin) and isinstance(other, Builtin):
            self.experiment.connect(rm.resource, other.resource)
        rm.register_connection(other.guid)
        other.register_connection(rm.guid)
        if self.knows(rm.guid, other.guid):
            self._tell_connection(rm, other.guid)

    def hold(self, guid: Guid, condition: Condition) -> None:
        """Let *guid* obey *condition*; a circular wait is refused."""
        self.introduce(condition.requirement.group)
        self.engine.ask(Hold(guid, condition))

    # -- introducing ----------------------------------------------------------------------------

    def begin(self) -> Engine:
        """Have the run directory, the entry among the runs, the journal; return the engine."""
        if not self.begun:
            with self._lock:
                self.experiment.begin()
                # Called before the experiment's own, which knows the built-in resources only.
                atexit.register(self._at_exit)
                self.begun = True
        return self.engine

    def knows(self, *guids: Guid) -> bool:
        """Whether the engine knows all of *guids*."""
        return all(guid in self._critical for guid in guids)

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

    def prepare(self, aim: Aim) -> None:
        """Introduce who is about to be deployed, as they are by now.

        Built-in ones that are not complete are refused before anything is touched.
        """
        with self._lock:
            rms = [self._resources[guid] for guid in aim.guids]
            builtins = [rm.resource for rm in rms if isinstance(rm, Builtin)]
            for resource in builtins:
                check_complete(resource)
            if not self.begun:
                self._announce(aim)
            for rm in rms:
                known = self._critical.get(rm.guid)
                if known is not None and known != rm.get("critical"):
                    self._register(rm)
            self.introduce(aim.guids)
            if builtins:
                self.experiment.introduce(*builtins)

    def _announce(self, aim: Aim) -> None:
        """Tell whoever runs the script that it is about to touch something."""
        self.experiment.aimed = aim
        deploying = surroundings().deploying
        if deploying is not None:
            deploying(self.experiment)

    def _register(self, rm: ResourceManager) -> None:
        critical = self._critical[rm.guid] = bool(rm.get("critical"))
        if isinstance(rm, Builtin):
            # For the time being: once deployed, the experiment registers it as it is then.
            self.engine.register(rm.guid, rm.resource, add_event(rm.resource))
        else:
            add = Add(rm.guid, rm.get_rtype(), critical=critical, classic=True, policy=POLICY)
            self.engine.register(rm.guid, Actor(rm), add)

    def _relate(self, fresh: list[Guid]) -> None:
        """Tell of conditions and connections, now that both sides of each are known."""
        new = set(fresh)
        put = self.engine.put
        for guid in fresh:
            rm = self._resources[guid]
            for other in rm.connections:
                if guid < other or other not in new:
                    self._tell_connection(rm, other)
            for action, noted in rm.conditions.items():
                for each in noted:
                    put(Hold(guid, condition_of(action, each)))
            rm.listen(self)

    def _tell_connection(self, rm: ResourceManager, guid: Guid) -> None:
        other = self._resources.get(guid)
        # The experiment has told of those between built-in ones, and what follows from them.
        told = isinstance(rm, Builtin) and isinstance(other, Builtin)
        if not (told or other is None or other is rm):
            self.engine.put(Connect(rm.guid, guid))

    # -- later, and the end ---------------------------------------------------------------------

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

    def release(self, guids: list[Guid], *, stubborn: bool) -> None:
        """Have *guids* RELEASED; with *stubborn* the first Ctrl-C only makes it quicker."""
        self.introduce(guids)
        self.engine.ask(Aim(tuple(guids), State.RELEASED))
        try:
            self.engine.wait(guids, State.RELEASED, interrupts=False)
        except KeyboardInterrupt:
            if not stubborn:
                raise
            self.engine.cancel(guids, reason="Ctrl-C")
            self.engine.wait(guids, State.RELEASED, interrupts=False)

    def close(self) -> None:
        """End the engine and write down how the run went; harmless when it never began."""
        self.experiment.close()
        atexit.unregister(self._at_exit)
        if self.begun and len(self._resources) <= PICTURED:
            self._draw()

    def _draw(self) -> None:
        from nepi.results import timeline, topology
        from nepi.results.drawing import available

        if available():
            run = self.experiment.run_dir
            title = f"{self.experiment.name} {self.experiment.run_id}"
            timeline.draw(run / "events.jsonl", run / "timeline.svg", title=title)
            topology.draw(run / "events.jsonl", run / "topology.svg", title=title)
