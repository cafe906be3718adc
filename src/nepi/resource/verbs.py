# SPDX-License-Identifier: BSD-3-Clause
"""What users do with a resource of an experiment: verbs, moments, setting attributes.

All of it goes through the resource's `Binding`, which whoever runs the experiment provides.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from attrs import evolve, field, frozen

from nepi.core.conditions import Guid, Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Failure
from nepi.resource.errors import ResourceError
from nepi.resource.traces import TraceFile
from nepi.resource.units import seconds

ServiceT = TypeVar("ServiceT")


class Binding(Protocol):
    """The experiment, as its resources see it; one object serves all of them.

    The blocking calls may be made from any thread but the engine's own, their twins from a loop.
    """

    def deployed(self, guid: Guid) -> bool:
        """Say whether deploy() was called for it: from then on the design is fixed."""
        ...

    def state(self, guid: Guid) -> State: ...
    def failure(self, guid: Guid) -> Failure | None: ...
    def directory(self, guid: Guid) -> Path: ...
    def trace(self, guid: Guid, name: str) -> TraceFile: ...

    def hold(self, guid: Guid, step: Step, requirements: tuple[Requirement, ...]) -> None:
        """Let *step* wait until all of *requirements* hold."""
        ...

    def act(self, guid: Guid, step: Step) -> None:
        """Perform *step* now, whatever its conditions say; return when it is done."""
        ...

    async def act_aio(self, guid: Guid, step: Step) -> None: ...

    def set(self, guid: Guid, values: Mapping[str, object]) -> None:
        """Give attributes their values (inside ones, checked) at once; return when it is done."""
        ...

    async def set_aio(self, guid: Guid, values: Mapping[str, object]) -> None: ...

    async def service(self, kind: type[ServiceT]) -> ServiceT:
        """Return the run's own object of *kind* (a LocalMachine), begun and recorded.

        All resources of the run share it; the run ends it when everything is released.
        """
        ...


class Subject(Protocol):
    """A resource, as far as verbs and moments need to know it."""

    @property
    def label(self) -> str: ...
    @property
    def guid(self) -> Guid: ...
    @property
    def binding(self) -> Binding: ...
    def checked(self, values: Mapping[str, object]) -> dict[str, Any]: ...


@frozen
class Moment:
    """The instant at which *resource* reached *state*, or *delay* seconds after it."""

    resource: Subject
    state: State
    delay: float = field(default=0.0, converter=seconds)

    def __add__(self, delay: float | str) -> "Moment":
        return evolve(self, delay=self.delay + seconds(delay))

    def __str__(self) -> str:
        later = f" + {self.delay:g} s" if self.delay else ""
        return f"{self.resource.label} {self.state}{later}"


class ForeignMomentError(ResourceError):
    """A condition names a resource of another experiment."""


@frozen
class Verb:
    """A step of a resource: call it to perform it now, or say after what it is due."""

    resource: Subject
    step: Step

    def __call__(self) -> None:
        """Perform the step now and return when it is done; conditions are ignored."""
        self.resource.binding.act(self.resource.guid, self.step)

    async def aio(self) -> None:
        """Perform the step now, from an event loop."""
        await self.resource.binding.act_aio(self.resource.guid, self.step)

    def after(self, *moments: Moment, delay: float | str = 0.0) -> None:
        """Let the step wait for all of *moments*, and *delay* longer."""
        binding = self.resource.binding
        groups: dict[tuple[State, float], set[Guid]] = {}
        for moment in moments:
            later = self._checked(moment, binding) + delay
            groups.setdefault((later.state, later.delay), set()).add(later.resource.guid)
        requirements = (Requirement(group, *key) for key, group in groups.items())
        binding.hold(self.resource.guid, self.step, tuple(requirements))

    def _checked(self, moment: object, binding: Binding) -> Moment:
        if not isinstance(moment, Moment):
            raise TypeError(f"{self}.after() takes moments, such as server.started, not {moment!r}")
        if moment.resource.binding is not binding:
            raise ForeignMomentError(
                f"{self} cannot wait for {moment}: they are in different experiments"
            )
        return moment

    def __str__(self) -> str:
        return f"{self.step} of {self.resource.label}"


@frozen
class Setter:
    """Set attributes of a resource, now or (by `Experiment.at`) at a later time."""

    resource: Subject

    def __call__(self, **values: object) -> None:
        """Give attributes their values and return when that is done."""
        self.resource.binding.set(self.resource.guid, self.resource.checked(values))

    async def aio(self, **values: object) -> None:
        """Give attributes their values, from an event loop."""
        await self.resource.binding.set_aio(self.resource.guid, self.resource.checked(values))

    def __str__(self) -> str:
        return f"set of {self.resource.label}"
