# SPDX-License-Identifier: BSD-3-Clause
"""What can be asked of an experiment at any time, before, while and after it runs."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

from nepi.core.conditions import RUN_START, Guid
from nepi.core.lifecycle import State
from nepi.core.messages import Event
from nepi.experiment.ending import Ending
from nepi.experiment.life import Life
from nepi.experiment.roster import Roster
from nepi.experiment.run import Run
from nepi.resource import Moment, Resource
from nepi.results import Table
from nepi.runtime.engine import Engine
from nepi.runtime.subscriptions import Told


class Phase(StrEnum):
    """How far an experiment has come."""

    DESCRIBED = "described"
    RUNNING = "running"
    ABORTED = "aborted"
    OVER = "over"


class Looking:
    """The questions; the answers are the experiment's."""

    name: str
    engine: Engine
    _roster: Roster
    _run: Run
    _life: Life
    _ending: Ending

    @property
    def run_id(self) -> str:
        """The id of the run, known from the beginning."""
        return self._run.run_id

    @property
    def run_dir(self) -> Path:
        """The directory that the run leaves; made by the first deploy()."""
        return self._run.path

    @property
    def state(self) -> Phase:
        """How far the experiment has come."""
        if self._life.over:
            return Phase.OVER
        if self.engine.aborted:
            return Phase.ABORTED
        return Phase.RUNNING if self._life.begun else Phase.DESCRIBED

    @property
    def resources(self) -> tuple[Resource, ...]:
        """All resources, in the order in which they were added."""
        return tuple(self._roster.resources.values())

    def resource(self, name: str) -> Resource:
        """Return the resource called *name*."""
        return self._roster.resource(name)

    def directory_of(self, name: str, guid: Guid) -> Path:
        """Return the folder that a resource of this name and number has, or would have."""
        return self._run.directory.resource_path(name, guid)

    def time(self, moment: Moment) -> float:
        """Return when *moment* was, in seconds after t = 0; ValueError if it was not yet."""
        at = self.engine.moment(moment.resource.guid, moment.state)
        zero = self.engine.moment(RUN_START, State.STARTED)
        if at is None or zero is None:
            raise ValueError(f"{moment} has not come yet: wait for it first")
        return at + moment.delay - zero

    def events(self) -> tuple[Event, ...]:
        """Return everything that was said so far, as the core is told."""
        dates = (event for dated in self._roster.dated for event in dated.events())
        return (*self._roster.events(), *dates)

    def remember(self, unsaved: Iterable[str]) -> None:
        """Note what a file could not hold, so that it is said again in the next."""
        self._roster.unsaved.extend(unsaved)

    @property
    def unsaved(self) -> tuple[str, ...]:
        """What was asked for that no description can hold."""
        return tuple(self._roster.unsaved)

    def on(self, told: Told) -> None:
        """Have *told* called, on the engine's thread, with batches of what happens, as dicts."""
        self._life.on(told)

    def table(self, kind: str) -> Table:
        """Return what all resources have measured of one kind, such as "ping", so far."""
        return self._ending.tables().table(kind)

    def summary(self) -> Table:
        """Return a line for every resource: how far it came, when, and why it failed."""
        return self._ending.summary()

    def __repr__(self) -> str:
        return f"<Experiment {self.name!r}, run {self.run_id}: {self.state}>"

    def _repr_html_(self) -> str:
        return self.summary().html()
