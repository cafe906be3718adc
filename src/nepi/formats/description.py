# SPDX-License-Identifier: BSD-3-Clause
"""An experiment as plain data: what a description file says, before any resource is made of it."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from attrs import field, frozen

from nepi.core.lifecycle import State, Step
from nepi.formats.tree import Tree

FORMAT = 1

MOMENTS: Mapping[str, State] = MappingProxyType(
    {str(state).lower(): state for state in State if state is not State.NEW}
)
"""The words for moments: `server.started`."""

HELD = (Step.DISCOVER, Step.PROVISION, Step.DEPLOY, Step.START, Step.STOP, Step.RELEASE)
"""The steps that a description may hold back until something has happened."""


@frozen
class MomentOf:
    """The moment when all resources called *name* are in *state*."""

    name: str
    state: State

    def __str__(self) -> str:
        return f"{self.name}.{str(self.state).lower()}"


@frozen
class Rule:
    """Wait until all of *after* has happened, and *delay* seconds more."""

    after: tuple[MomentOf, ...]
    delay: float = 0.0


@frozen
class Entry:
    """One resource, or *count* copies of it."""

    name: str
    rtype: str
    on: tuple[str, ...] = ()
    count: int | None = None
    attributes: Mapping[str, object] = field(factory=dict[str, object])
    traces: Mapping[str, bool | str] = field(factory=dict[str, bool | str])
    """Which are kept; a text is the name of the file."""
    rules: Mapping[Step, tuple[Rule, ...]] = field(factory=dict[Step, tuple[Rule, ...]])

    def copies(self) -> tuple[str, ...]:
        """Return the names of the resources that this entry makes."""
        if self.count is None:
            return (self.name,)
        return tuple(f"{self.name}-{number}" for number in range(1, self.count + 1))


@frozen
class Timed:
    """What happens to a resource *time* seconds after t = 0: a step, or attributes set."""

    time: float
    resource: str
    step: Step | None = None
    values: Mapping[str, object] = field(factory=dict[str, object])


@frozen
class Description:
    """A whole experiment. *tree* is where it was read, so that messages can name the line."""

    name: str = "experiment"
    on_failure: str | None = None
    seed: int | None = None
    parameters: Mapping[str, object] = field(factory=dict[str, object])
    resources: tuple[Entry, ...] = ()
    connections: tuple[tuple[str, str], ...] = ()
    at: tuple[Timed, ...] = ()
    unsaved: tuple[str, ...] = ()
    tree: Tree = field(factory=lambda: Tree({}), eq=False, repr=False)

    def groups(self) -> dict[str, tuple[str, ...]]:
        """Return for every name that may be referred to the resources that it means."""
        found: dict[str, tuple[str, ...]] = {}
        for entry in self.resources:
            found[entry.name] = entry.copies()
            found.update({name: (name,) for name in entry.copies()})
        return found

    def expanded(self) -> Iterator[tuple[str, Entry]]:
        """Return every resource that is described, with the entry that describes it."""
        return ((name, entry) for entry in self.resources for name in entry.copies())
