# SPDX-License-Identifier: BSD-3-Clause
"""What a resource type connects to: the places where neighbours go.

Joining two resources is done by `nepi.resource.connecting`.
"""

from collections.abc import Sequence
from typing import Any, Generic, Literal, Protocol, Self, TypeVar, cast, overload

from nepi.core.lifecycle import State, Step
from nepi.resource.errors import DeclarationError, MissingConnectionError

PeerT = TypeVar("PeerT")
GivesT = TypeVar("GivesT")
P = TypeVar("P")


class Joined(Protocol):
    """What a connection asks of the resource it belongs to."""

    @property
    def label(self) -> str: ...
    def joined(self, port: str) -> Sequence[Any]: ...


class Connects(Generic[PeerT, GivesT]):
    """Neighbours of type *peer*, each in *state* before *step* of this resource may run.

    Reading it gives the neighbour, or None where *at_least* is 0, or a tuple where *at_most* is
    not 1 (None: any number). *step* None: it is a neighbour and nothing waits for it.
    """

    @overload
    def __init__(
        self: "Connects[P, P]",
        peer: type[P],
        *,
        step: Step | None = ...,
        state: State = ...,
        at_least: Literal[1] = ...,
        at_most: Literal[1] = ...,
        help: str = ...,
    ) -> None: ...
    @overload
    def __init__(
        self: "Connects[P, P | None]",
        peer: type[P],
        *,
        step: Step | None = ...,
        state: State = ...,
        at_least: Literal[0],
        at_most: Literal[1] = ...,
        help: str = ...,
    ) -> None: ...
    @overload
    def __init__(
        self: "Connects[P, tuple[P, ...]]",
        peer: type[P],
        *,
        step: Step | None = ...,
        state: State = ...,
        at_least: int = ...,
        at_most: int | None,
        help: str = ...,
    ) -> None: ...
    def __init__(
        self,
        peer: type[Any],
        *,
        step: Step | None = Step.PROVISION,
        state: State = State.READY,
        at_least: int = 1,
        at_most: int | None = 1,
        help: str = "",  # noqa: A002 - the same word as for attributes
    ) -> None:
        if at_least < 0 or (at_most is not None and at_most < max(at_least, 1)):
            raise DeclarationError(f"nothing has at least {at_least} and at most {at_most}")
        self.peer: type[PeerT] = peer
        self.step = step
        self.state = state
        self.at_least = at_least
        self.at_most = at_most
        self.help = help
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Joined, owner: type) -> GivesT: ...
    def __get__(self, instance: Joined | None, owner: type) -> Self | GivesT:
        if instance is None:
            return self
        return cast("GivesT", self._given(instance))

    def __set__(self, instance: Joined, value: object) -> None:
        raise AttributeError(f"{instance.label}: connect it to {value} by Experiment.connect")

    def _given(self, instance: Joined) -> Any:
        there = instance.joined(self.name)
        if self.at_most != 1:
            return tuple(there)
        if not there and self.at_least:
            raise MissingConnectionError(self.lacking(instance.label, 0))
        return there[0] if there else None

    def accepts(self, other: object) -> bool:
        """Say whether *other* can be a neighbour here."""
        return isinstance(other, self.peer)

    def full(self, there: int) -> bool:
        """Say whether *there* neighbours are as many as there may be."""
        return self.at_most is not None and there >= self.at_most

    def lacking(self, label: str, there: int) -> str:
        """Say that *there* neighbours are too few."""
        return (
            f"{label} has to be connected to {self.wanted()}, and has {there}: connect it, "
            "or add it with on=..."
        )

    def wanted(self) -> str:
        """Say what it connects to, and to how many."""
        name = getattr(self.peer, "rtype", "") or self.peer.__name__
        return f"{self._number()} {name}"

    def _number(self) -> str:
        least, most = self.at_least, self.at_most
        if most is None:
            return f"at least {least}" if least else "any number of"
        if least == most:
            return f"{least}"
        return f"{least} to {most}" if least else f"at most {most}"
