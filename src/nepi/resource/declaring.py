# SPDX-License-Identifier: BSD-3-Clause
"""What authors write in the body of a resource type: `attribute` and `internal`.

What becomes of it is in `nepi.resource.blueprint`.
"""

from collections.abc import Callable
from enum import StrEnum, auto
from typing import Any, Literal

from attrs import NOTHING, frozen

from nepi.resource.errors import DeclarationError
from nepi.resource.limits import Limits


class Phase(StrEnum):
    """Until when an attribute may be changed."""

    DESIGN = auto()
    """Until the resource is deployed."""
    LIVE = auto()
    """At any time."""


@frozen(eq=False)
class Internal:
    """Run state of a resource: what it is at first."""

    default: Any
    factory: Callable[[], Any] | None


@frozen(eq=False)
class Declaration(Internal):
    """What the author said about an attribute, besides its annotation."""

    help: str
    unit: str | None
    phase: Phase
    secret: bool
    positional: bool
    classic: str
    limits: Limits | None
    validate: Callable[[Any], object] | None
    from_classic: Callable[[Any], object] | None

    @property
    def required(self) -> bool:
        """Whether there is no value unless one is given."""
        return self.default is NOTHING and self.factory is None


def attribute(
    *,
    help: str,  # noqa: A002 - the word every user of the kit expects
    default: Any = NOTHING,
    factory: Callable[[], Any] | None = None,
    unit: str | None = None,
    phase: Phase = Phase.DESIGN,
    secret: bool = False,
    kw_only: bool = True,
    init: Literal[True] = True,  # noqa: ARG001 - tells type checkers that the constructor takes it
    classic: str = "",
    ge: float | None = None,
    gt: float | None = None,
    le: float | None = None,
    lt: float | None = None,
    pattern: str | None = None,
    min_len: int | None = None,
    validate: Callable[[Any], object] | None = None,
    from_classic: Callable[[Any], object] | None = None,
) -> Any:
    """Declare one configurable attribute; its annotation says what values it has.

    *unit* ("s", "bit/s", "B", "%", "packets") lets numbers be given as texts such as "200 ms".
    Bounds and *pattern* also hold for what is in a list or a mapping.
    *validate* is called with each value and raises ValueError saying what is wrong with it.
    *classic* is its name in the classic interface, where that is not the camelCase of this one;
    *from_classic* makes a value of what classic scripts set.
    """
    limits = Limits(ge, gt, le, lt, pattern, min_len)
    return Declaration(
        default=default,
        factory=factory,
        help=help,
        unit=unit,
        phase=phase,
        secret=secret,
        positional=not kw_only,
        classic=classic,
        limits=None if limits == Limits() else limits,
        validate=validate,
        from_classic=from_classic,
    )


def internal(
    *,
    default: Any = NOTHING,
    factory: Callable[[], Any] | None = None,
    init: Literal[False] = False,  # noqa: ARG001 - tells type checkers of the constructor
) -> Any:
    """Declare run state: not configured, not described, not in the constructor."""
    if default is NOTHING and factory is None:
        raise DeclarationError("internal() needs a default or a factory: nobody else sets it")
    return Internal(default, factory)
