# SPDX-License-Identifier: BSD-3-Clause
"""What authors of resource types build on: `Resource`, its steps, and the decorator `resource`.

What users do with a resource is in `nepi.resource.acting`; who carries the steps out is not
known here.
"""

import re
from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from typing import ClassVar, TypeVar

from attrs import AttrsInstance

from nepi.core.lifecycle import Step
from nepi.core.messages import DEFAULT_POLICY, Policy
from nepi.resource.acting import Acting
from nepi.resource.annotations import Quantity, Value
from nepi.resource.blueprint import OWN
from nepi.resource.declaring import attribute
from nepi.resource.errors import DeclarationError

Timeouts = Mapping[Step, float | None]
GivenTimeouts = Mapping[str, float | str | None]

C = TypeVar("C", bound="type[Resource]")

_VERBS = frozenset(str(step) for step in Step)
RESERVED = frozenset(name for name in dir(Acting) if not name.startswith("_")) - {"rtype"}
"""Names that users know of every resource: no type may give them another meaning."""

DECLARED: dict[str, "type[Resource]"] = {}
"""The types that were declared in this process, by name and alias; the last of a name counts."""


class Resource(Acting):
    """Something that an experiment deploys, starts, stops and releases.

    Override the steps that mean something to your type, `async def` or `def` (then it runs in a
    thread); the others succeed at once.
    """

    aliases: ClassVar[tuple[str, ...]] = ()
    record_types: ClassVar[tuple[type[AttrsInstance], ...]] = ()
    _steps: ClassVar[frozenset[Step]] = frozenset()
    _batched: ClassVar[frozenset[Step]] = frozenset()

    name: str = attribute(default="", help="Name, unique in the experiment")
    critical: bool = attribute(default=True, help="Whether its failure ends the experiment")
    timeouts: Value[Timeouts, GivenTimeouts] = attribute(
        default={}, unit="s", gt=0, help="How long each step may take; null: as long as it likes"
    )
    retries: int = attribute(default=0, ge=0, help="How often a failed step is tried again")
    backoff: Quantity = attribute(
        default=1.0, unit="s", ge=0, help="Wait before the first retry, twice as long each time"
    )

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in sorted(RESERVED.intersection({*vars(cls), *vars(cls)[OWN]})):
            hint = f"; define do_{name}" if name in _VERBS else ""
            raise DeclarationError(
                f"{cls.__qualname__}.{name}: {name} means the same for every resource{hint}"
            )
        cls._steps, cls._batched = _steps_done(cls)

    # -- the steps, for authors of types --------------------------------------------------------

    def do_discover(self) -> Awaitable[None] | None:
        """Find what it is to be."""

    def do_provision(self) -> Awaitable[None] | None:
        """Get it, or make it."""

    def do_deploy(self) -> Awaitable[None] | None:
        """Make it ready to start."""

    def do_start(self) -> Awaitable[None] | None:
        """Start it."""

    def do_stop(self) -> Awaitable[None] | None:
        """Stop it; what it has done until now is a result."""

    def do_release(self) -> Awaitable[None] | None:
        """Give back all it has taken, whatever state it is in."""

    def do_set(self, name: str, value: object) -> Awaitable[None] | None:
        """Carry out that live attribute *name* is to become *value* (checked, not yet stored)."""

    async def finished(self) -> None:
        """Return when it has ended by itself; raise if that was a failure."""

    def check(self) -> None:
        """Raise a ResourceError if the attributes do not fit together; called before deploy."""

    def records(self) -> Iterable[AttrsInstance]:
        """Return what it has measured so far: objects of `record_types`."""
        return ()

    # -- hints for those who carry the steps out ------------------------------------------------

    def estimate(self, step: Step) -> float:  # noqa: ARG002 - for types that know better
        """Return the seconds that *step* is expected to take."""
        return 0.0

    def lifetime(self) -> float | None:
        """Return the seconds it is expected to run before it ends by itself, if that is known."""
        return None

    def batch_key(self) -> Hashable:
        """Return what those of its type that are handled together have in common."""
        return None

    @classmethod
    def steps(cls) -> frozenset[Step]:
        """Return the steps that do something."""
        return cls._steps

    @classmethod
    def batched(cls) -> frozenset[Step]:
        """Return the steps that are done for many at once, by ``do_<step>_many``."""
        return cls._batched

    @classmethod
    def ends(cls) -> bool:
        """Say whether it may end by itself."""
        return cls.finished is not Resource.finished

    def policy(self) -> Policy:
        """Return how hard the experiment is to try, as the core wants to know it."""
        if not self.timeouts and not self.retries:
            return DEFAULT_POLICY
        changed = {**DEFAULT_POLICY.timeouts, **self.timeouts}
        timeouts = {step: limit for step, limit in changed.items() if limit is not None}
        return Policy(timeouts=timeouts, retries=self.retries, backoff=self.backoff)


def resource(rtype: str, *, aliases: Iterable[str] = ()) -> Callable[[C], C]:
    """Name the resource type that a class is (``linux::Ping``), and what else it is known as."""
    names = (rtype, *aliases)
    for name in names:
        if not re.fullmatch(r"\w+(::\w+)*", name):
            raise DeclarationError(f"{name!r} is no name of a resource type, such as linux::Node")

    def decorate(cls: C) -> C:
        cls.rtype, *others = names
        cls.aliases = tuple(others)
        DECLARED.update(dict.fromkeys(names, cls))
        return cls

    return decorate


def _depth(cls: type[Resource], name: str) -> int | None:
    """Return how far up *name* is defined; None: only by Resource, or not at all."""
    below = cls.__mro__[: cls.__mro__.index(Resource)]
    return next((depth for depth, base in enumerate(below) if name in vars(base)), None)


def _steps_done(cls: type[Resource]) -> tuple[frozenset[Step], frozenset[Step]]:
    """Return the steps that *cls* does at all, and those that it does for many at once."""
    done: set[Step] = set()
    batched: set[Step] = set()
    for step in Step:
        one, many = _depth(cls, f"do_{step}"), _depth(cls, f"do_{step}_many")
        if one is not None or many is not None:
            done.add(step)
        # Where a subclass overrides the step itself, what its parent does for many is not it.
        if many is not None and (one is None or many <= one):
            batched.add(step)
    return frozenset(done), frozenset(batched)
