# SPDX-License-Identifier: BSD-3-Clause
"""What would happen: an experiment played in virtual time, from its first deploy() on.

Touches nothing: no file, no process.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from nepi.core.conditions import Guid
from nepi.core.lifecycle import Step
from nepi.core.messages import Add, Aim, Event, Force, Hold
from nepi.experiment import Experiment
from nepi.planning.errors import PlanningError
from nepi.planning.intercepting import first_deployment
from nepi.planning.plan import Plan, Row, listed, moment
from nepi.planning.playing import Expected, Happening, Play, Played
from nepi.resource import Resource

__all__ = ["Plan", "PlanningError", "Row", "plan", "plan_of"]

BARRIER = "all are READY"


def plan(file: str | Path, argv: Sequence[str] = (), overrides: Sequence[str] = ()) -> Plan:
    """Return the plan of a script, or of a description file, up to its first deploy()."""
    said: list[str] = []
    experiment = first_deployment(Path(file), argv, overrides, tell=said.append)
    return plan_of(experiment, notes=said)


def plan_of(experiment: Experiment, *, notes: Iterable[str] = ()) -> Plan:
    """Return the plan of an experiment that was not begun; checks it as deploy() does."""
    return _Planner(experiment, experiment.aimed or experiment.check()).plan(tuple(notes))


class _Planner:
    """Makes one plan."""

    def __init__(self, experiment: Experiment, aim: Aim) -> None:
        self._experiment = experiment
        self._aim = aim
        self._events = experiment.events()
        self._resources = {resource.guid: resource for resource in experiment.resources}
        self._steps = {add.guid: add.steps for add in self._adds()}
        self._names = {add.guid: add.name or f"{add.rtype}-{add.guid}" for add in self._adds()}
        self._because: dict[tuple[Guid, Step], list[str]] = {}
        for event in self._events:
            self._explain(event)

    def _adds(self) -> Iterator[Add]:
        return (event for event in self._events if isinstance(event, Add))

    def plan(self, notes: tuple[str, ...]) -> Plan:
        not_played = (f"Not played: {text}." for text in self._experiment.unsaved)
        played = Play(self._events, self._aim, self._expected).play()
        return Plan(
            experiment=self._experiment.name,
            resources={self._names[add.guid]: add.rtype for add in self._adds()},
            rows=tuple(map(self._row, played.happenings)),
            eras=tuple(self._eras(played)),
            endless=tuple(self._names[guid] for guid in played.endless),
            notes=(*not_played, *notes),
        )

    def _expected(self, add: Add) -> Expected:
        resource = self._resources.get(add.guid)
        if resource is None:
            return Expected({}, None)
        return Expected({step: resource.estimate(step) for step in add.steps}, resource.lifetime())

    def _row(self, one: Happening) -> Row:
        resource = self._resources.get(one.guid)
        return Row(
            resource=self._names[one.guid],
            guid=one.guid,
            step=f"set {one.detail}" if one.kind == "set" else one.kind,
            era=one.era,
            offset=one.offset,
            takes=self._takes(one, resource),
            because=tuple(self._reasons(one)),
        )

    def _takes(self, one: Happening, resource: Resource | None) -> float | None:
        if one.kind in ("ends", "set"):
            return 0.0
        step = Step(one.kind)
        if resource is None:
            return None
        if step is Step.START and resource.ends():
            return resource.lifetime()
        guessed = type(resource).estimate is not Resource.estimate
        return resource.estimate(step) if guessed or step not in resource.steps() else None

    def _reasons(self, one: Happening) -> Iterator[str]:
        if one.kind == "ends":
            resource = self._resources.get(one.guid)
            known = resource is not None and resource.lifetime() is not None
            yield "by itself" if known else "by itself, nobody knows when"
            return
        if one.kind == "set":
            return
        step = Step(one.kind)
        for earlier in (*self._passed_through(one.guid, step), step):
            yield from self._because.get((one.guid, earlier), ())
        barred = step is Step.START and self._aim.barrier and one.guid in self._aim.guids
        if barred and (one.guid, step) not in self._because:
            yield BARRIER

    def _passed_through(self, guid: Guid, step: Step) -> Iterator[Step]:
        """Return the steps right before *step* that do nothing, but may have had to wait."""
        own = self._steps[guid]
        before = list(Step)[: list(Step).index(step)]
        last = max((number for number, each in enumerate(before) if each in own), default=-1)
        return iter(before[last + 1 :] if step is not Step.STOP else ())

    def _explain(self, event: Event) -> None:
        match event:
            case Hold(guid, condition) if condition.step is not Step.RELEASE:
                needed = condition.requirement
                names = [self._names[member] for member in sorted(needed.group)]
                text = moment(names, needed.state, needed.delay)
                self._because.setdefault((guid, condition.step), []).append(text)
            case Force(guid, step, after=after) if after:
                text = f"{after[0].delay:g} s after t = 0"
                self._because.setdefault((guid, step), []).append(text)
            case _:
                pass

    def _eras(self, played: Played) -> Iterator[str]:
        last = max((one.era for one in played.happenings), default=0)
        for era in range(1, last + 1):
            ended = [
                self._names[one.guid]
                for one in played.happenings
                if one.era == era and one.kind == "ends" and not one.offset
            ]
            yield f"when {listed(ended)} {'has' if len(ended) == 1 else 'have'} ended"
