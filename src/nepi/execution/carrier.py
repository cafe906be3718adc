# SPDX-License-Identifier: BSD-3-Clause
"""The run behind an ExperimentController: begun at the first need, told of resources, ended once.

What a script calls is in `ec` and its parts; how a resource performs a step is in `life`.
"""

import atexit
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from nepi.core.conditions import Condition, Guid, Requirement
from nepi.core.lifecycle import (
    DEPLOY,
    DISCOVER,
    PROVISION,
    RELEASE,
    START,
    STOP,
    State,
    Step,
)
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
        self._rm.perform(DISCOVER)

    def do_provision(self) -> None:
        self._rm.perform(PROVISION)

    def do_deploy(self) -> None:
        self._rm.perform(DEPLOY)

    def do_start(self) -> None:
        self._rm.perform(START)
        if self._rm.computes_state:
            self._rm.look()

    def do_stop(self) -> None:
        self._rm.perform(STOP)

    def do_release(self) -> None:
        self._rm.perform(RELEASE)

    def reached(self, state: State, failure: Failure | None) -> None:
        """Hear what the engine decided by itself."""
        self._rm.engine_says(state, failure)

    def refused(self, step: Step, reason: str) -> None:
        """Hear that a step could not be."""
        self._rm.refused(step, reason)


class Carrier:
    """Gives the engine what it needs to know, when it needs to know it.

    User-defined resources are known to the engine from the beginning. Built-in ones may still be
    incomplete until they are deployed: they are made known when somebody has to do with them.
    """

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
        self._met: set[Guid] = set()
        self._lock = threading.RLock()

    # -- describing -----------------------------------------------------------------------------

    def adopt(self, rm: ResourceManager) -> None:
        """Take a new resource in."""
        with self._lock:
            if isinstance(rm, Builtin):
                self._add(rm)
            else:
                self._register(rm)
                if self.begun:
                    rm.listen(self)
            self._resources[rm.guid] = rm

    def _add(self, rm: Builtin) -> None:
        rm.engine = self.engine
        # Scripts know resources by their guids, so messages and pictures name these.
        kind = rm.get_rtype().rpartition("::")[2].lower()
        rm.resource.name = rm.resource.name or f"{kind}-{rm.guid}"
        self.experiment.add(rm.resource, guid=rm.guid)

    def connect(self, rm: ResourceManager, other: ResourceManager) -> None:
        """Make two resources neighbours; ImpossibleConnectionError if they are built-in and not."""
        if isinstance(rm, Builtin) and isinstance(other, Builtin):
            self.experiment.connect(rm.resource, other.resource)
        elif rm is not other:
            self.meet(rm.guid, other.guid)
            self.engine.put(Connect(rm.guid, other.guid))
        rm.register_connection(other.guid)
        other.register_connection(rm.guid)

    def hold(self, guid: Guid, condition: Condition) -> None:
        """Let *guid* obey *condition*; a circular wait is refused."""
        self.meet(*condition.requirement.group)
        self.engine.ask(Hold(guid, condition))

    # -- making known ---------------------------------------------------------------------------

    def begin(self) -> Engine:
        """Have the run directory, the entry among the runs, the journal; return the engine."""
        if not self.begun:
            with self._lock:
                self._begin()
        return self.engine

    def _begin(self) -> None:
        if self.begun:
            return
        self.experiment.begin()
        # Called before the experiment's own, which knows the built-in resources only.
        atexit.register(self._at_exit)
        self.begun = True
        for rm in list(self._resources.values()):
            if not isinstance(rm, Builtin):
                self._enlist(rm)
            elif rm.guid in self._met or rm.conditions:
                self._meet(rm)

    def meet(self, *guids: Guid) -> None:
        """Make *guids* known to the engine, those that are not yet."""
        for guid in guids:
            rm = self._resources.get(guid)
            if isinstance(rm, Builtin) and rm.guid not in self._met:
                with self._lock:
                    self._meet(rm)

    def _meet(self, rm: Builtin) -> None:
        if rm.guid not in self._met:
            # For the time being: when it is deployed, the experiment registers it as it is then.
            self._met.add(rm.guid)
            self.engine.register(rm.guid, rm.resource, add_event(rm.resource))
        if self.begun:
            self._enlist(rm)

    def _enlist(self, rm: ResourceManager) -> None:
        """Tell what *rm* waits for, and listen to it."""
        for action, noted in rm.conditions.items():
            for each in noted:
                self.meet(*each[0])
                self.engine.put(Hold(rm.guid, condition_of(action, each)))
        rm.listen(self)

    def _register(self, rm: ResourceManager) -> None:
        critical = self._critical[rm.guid] = bool(rm.get("critical"))
        add = Add(rm.guid, rm.get_rtype(), critical=critical, classic=True, policy=POLICY)
        self.engine.register(rm.guid, Actor(rm), add)

    # -- deploying and releasing ----------------------------------------------------------------

    def prepare(self, aim: Aim) -> None:
        """Tell the engine of those who are about to be deployed, as they are by now.

        Built-in ones that are not complete are refused before anything is touched.
        """
        with self._lock:
            rms = [self._resources[guid] for guid in aim.guids]
            builtins = [rm for rm in rms if isinstance(rm, Builtin)]
            for rm in builtins:
                check_complete(rm.resource)
            if not self.begun:
                self._announce(aim)
            for rm in rms:
                if rm.get("critical") != self._critical.get(rm.guid, rm.get("critical")):
                    self._register(rm)
            self.begin()
            if builtins:
                self._deploy(builtins)

    def _deploy(self, rms: list[Builtin]) -> None:
        self.experiment.introduce(*(rm.resource for rm in rms))
        for rm in rms:
            if rm.guid not in self._met:
                self._met.add(rm.guid)
                self._enlist(rm)

    def _announce(self, aim: Aim) -> None:
        """Tell whoever runs the script that it is about to touch something.

        What a user-defined type will do is known to nobody, so nothing is said about it.
        """
        around = surroundings()
        planned = tuple(g for g in aim.guids if isinstance(self._resources[g], Builtin))
        self.experiment.aimed = Aim(planned, aim.goal, aim.barrier)
        if around.deploying is not None:
            if around.tell is not None and len(planned) < len(aim.guids):
                others = sorted({self._resources[g].get_rtype() for g in {*aim.guids} - {*planned}})
                around.tell(f"what user-defined types will do is not known: {', '.join(others)}")
            around.deploying(self.experiment)

    def release(self, guids: list[Guid], *, stubborn: bool) -> None:
        """Have *guids* RELEASED; with *stubborn* the first Ctrl-C only makes it quicker."""
        self.meet(*guids)
        try:
            self.engine.ask(Aim(tuple(guids), State.RELEASED))
            self.engine.wait(guids, State.RELEASED, interrupts=False)
        except KeyboardInterrupt:
            if not stubborn:
                raise
            self.engine.cancel(guids, reason="Ctrl-C")
            self.engine.wait(guids, State.RELEASED, interrupts=False)

    def release_unbegun(self, rm: ResourceManager) -> None:
        """Release a resource that nothing was ever done with, leaving no mark of a run."""
        with suppress(Exception):  # `perform` has logged it
            rm.perform(RELEASE)
        rm.engine_says(State.RELEASED, None)

    # -- later, and the end ---------------------------------------------------------------------

    def call(
        self, rm: ResourceManager, name: str, value: Any, after: tuple[Requirement, ...]
    ) -> None:
        """Set attribute *name* of *rm* once all of *after* holds."""
        for needed in after:
            self.meet(*needed.group)
        self.begin().call(partial(rm.set, name, value), after=after)

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
