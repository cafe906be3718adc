# SPDX-License-Identifier: BSD-3-Clause
"""What an experiment consists of, before and while it runs: resources, links, conditions, dates.

Plain bookkeeping, kept so that it can be checked, planned, saved and told to an engine. Who carries
it out is not known here.
"""

from collections.abc import Iterator

from attrs import define, field, frozen

from nepi.core.conditions import RUN_START, Condition, Guid, Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Add, Connect, Event, Force, Hold, Set
from nepi.experiment.errors import DuplicateNameError, UnknownResourceNameError
from nepi.resource import Dependency, Resource
from nepi.resource.errors import nearest


@frozen
class Held:
    """A condition as the author gave it."""

    guid: Guid
    step: Step
    requirements: tuple[Requirement, ...]

    def events(self) -> Iterator[Hold]:
        """Return the events that it is told by."""
        return (Hold(self.guid, Condition(self.step, needed)) for needed in self.requirements)


@frozen
class Dated:
    """What happens to a resource some seconds after t = 0: a step, or values that it is given."""

    time: float
    guid: Guid
    step: Step | None = None
    values: tuple[tuple[str, object], ...] = ()

    def events(self) -> Iterator[Event]:
        """Return the events that it is told by."""
        after = after_start(self.time)
        if self.step is not None:
            yield Force(self.guid, self.step, after=after)
        for name, value in self.values:
            yield Set(self.guid, name, value, after=after)


def after_start(seconds: float) -> tuple[Requirement, ...]:
    """Return what holds *seconds* after t = 0."""
    return (Requirement({RUN_START}, State.STARTED, seconds),)


def add_event(resource: Resource) -> Add:
    """Return what the core has to know of *resource*."""
    return Add(
        resource.guid,
        rtype=resource.rtype,
        name=resource.name,
        critical=resource.critical,
        steps=resource.steps(),
        ends=resource.ends(),
        policy=resource.policy(),
    )


def guids_of(event: Event) -> set[Guid]:
    """Return the resources that have to be known before *event* makes sense."""
    match event:
        case Connect(guid, other):
            return {guid, other}
        case Hold(guid, condition):
            return {guid, *condition.requirement.group}
        case Set(guid) | Force(guid):
            return {guid}
        case _:
            return set()


@define(eq=False)
class Roster:
    """All of it, in the order in which it was said."""

    resources: dict[Guid, Resource] = field(factory=dict[Guid, Resource])
    names: dict[str, Guid] = field(factory=dict[str, Guid])
    connections: list[tuple[Guid, Guid]] = field(factory=list[tuple[Guid, Guid]])
    implied: list[Hold] = field(factory=list[Hold])
    """What waits for what because it is connected to it."""
    held: list[Held] = field(factory=list[Held])
    dated: list[Dated] = field(factory=list[Dated])
    originals: dict[Guid, dict[str, object]] = field(factory=dict[Guid, dict[str, object]])
    """What attributes were before they were set in a running experiment."""
    unsaved: list[str] = field(factory=list[str])
    """What was asked for that no description can hold."""
    _last: Guid = 0
    _numbers: dict[str, int] = field(factory=dict[str, int])

    def next_guid(self, wanted: Guid | None = None) -> Guid:
        """Return *wanted*, or the next number, if nobody has it."""
        if wanted is None:
            return self._last + 1
        if wanted < 1 or wanted in self.resources:
            raise DuplicateNameError(f"the guid {wanted} is taken, or none: leave it out")
        return wanted

    def check_name(self, resource: Resource) -> str:
        """Return the name that *resource* has, or gets from its type."""
        if not resource.name:
            return self._free_name(resource)
        if resource.name in self.names:
            taken = self.resources[self.names[resource.name]].rtype
            raise DuplicateNameError(
                f"there is a resource {resource.name!r} already, a {taken}: "
                "give one of them another name"
            )
        return resource.name

    def _free_name(self, resource: Resource) -> str:
        kind = (resource.rtype or type(resource).__name__).rpartition("::")[2].lower()
        number = self._numbers.get(kind, 0)
        while True:
            number += 1
            name = kind if number == 1 else f"{kind}-{number}"
            if name not in self.names:
                self._numbers[kind] = number
                return name

    def enter(self, resource: Resource, guid: Guid) -> None:
        """Take *resource* in under its name, which nobody has, and number."""
        self.resources[guid] = resource
        self.names[resource.name] = guid
        self._last = max(self._last, guid)

    def resource(self, name: str) -> Resource:
        """Return the resource called *name*."""
        if name not in self.names:
            hint = nearest(name, self.names)
            raise UnknownResourceNameError(f"there is no resource {name!r}: {hint}")
        return self.resources[self.names[name]]

    def configured(self, resource: Resource) -> dict[str, object]:
        """Return what *resource* was deployed with, as far as it differs from the defaults."""
        plan = resource.blueprint()
        first = plan.defaults
        now = vars(resource)
        given = [n for n in plan.fields if now.get(n) is not first.get(n)]
        if given in ([], ["name"]) and not plan.makers:
            return {}  # as with most of many: nothing but a name
        found = resource.plain_values()
        found.pop("name", None)
        for name, value in self.originals.get(resource.guid, {}).items():
            field = resource.field(name)
            found.pop(name, None)
            if not field.said.secret and (field.said.required or field.default() != value):
                found[name] = field.kind.plain(value)
        return found

    def connect(self, a: Guid, b: Guid, found: tuple[Dependency, ...]) -> list[Event]:
        """Note that *a* and *b* are neighbours, and what follows from it; return the events."""
        holds = [hold for dependency in found for hold in _holds(dependency)]
        self.connections.append((a, b))
        self.implied += holds
        return [Connect(a, b), *holds]

    def extent(self) -> tuple[int, ...]:
        """Return how much there is; it differs when something was said since."""
        parts = (self.resources, self.connections, self.held, self.dated, self.unsaved)
        return tuple(map(len, parts))

    def events(self) -> Iterator[Event]:
        """Return everything but the dates, as events."""
        yield from map(add_event, self.resources.values())
        yield from (Connect(a, b) for a, b in self.connections)
        yield from self.implied
        for held in self.held:
            yield from held.events()


def _holds(dependency: Dependency) -> Iterator[Hold]:
    """Return what a connection means: wait for the other, and be released before it."""
    waiter, on = dependency.waiter.guid, dependency.on.guid
    yield Hold(waiter, Condition(dependency.step, Requirement({on}, dependency.state)))
    yield Hold(on, Condition(Step.RELEASE, Requirement({waiter}, State.RELEASED)))
