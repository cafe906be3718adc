# SPDX-License-Identifier: BSD-3-Clause
"""Connecting resources: what may be connected, and what then waits for what."""

from attrs import frozen

from nepi.core.lifecycle import State, Step
from nepi.resource.errors import (
    ImpossibleConnectionError,
    MissingConnectionError,
    MissingValueError,
)
from nepi.resource.model import Resource
from nepi.resource.ports import Connects


@frozen
class Dependency:
    """*step* of *waiter* waits until *on* is in *state* (and *on* is released after *waiter*)."""

    waiter: Resource
    step: Step
    on: Resource
    state: State


def connect(a: Resource, b: Resource) -> tuple[Dependency, ...]:
    """Make *a* and *b* neighbours; return what waits for what because of it.

    Resources that are neighbours already stay so, and nothing new is returned.
    """
    if a is b:
        raise ImpossibleConnectionError(f"{a.label} cannot be connected to itself")
    if any(b is each for each in a.neighbours):
        return ()
    there, back = _port(a, b), _port(b, a)
    if there is None and back is None:
        raise ImpossibleConnectionError(
            f"{a.label} and {b.label} cannot be connected: {_wants(a)}, {_wants(b)}"
        )
    a.join(b, there.name if there else None)
    b.join(a, back.name if back else None)
    found = (_dependency(a, there, b), _dependency(b, back, a))
    return tuple(dependency for dependency in found if dependency)


def _port(this: Resource, other: Resource) -> "Connects[object, object] | None":
    """Return the place that *this* has for *other*; None: its type declares none."""
    fitting = [port for port in this.blueprint().ports.values() if port.accepts(other)]
    for port in fitting:
        if not port.full(len(this.joined(port.name))):
            return port
    if not fitting:
        return None
    others = ", ".join(each.label for port in fitting for each in this.joined(port.name))
    raise ImpossibleConnectionError(
        f"{this.label} cannot be connected to {other.label}: it connects to "
        f"{fitting[0].wanted()}, and is connected to {others}"
    )


def _wants(this: Resource) -> str:
    ports = this.blueprint().ports.values()
    return f"{this.rtype} connects to " + (", ".join(port.wanted() for port in ports) or "nothing")


def _dependency(
    waiter: Resource, port: "Connects[object, object] | None", on: Resource
) -> Dependency | None:
    if port is None or port.step is None:
        return None
    return Dependency(waiter, port.step, on, port.state)


def check_complete(resource: Resource) -> None:
    """Raise what is wrong with *resource*, if it were to be deployed as it is."""
    if missing := resource.missing():
        raise MissingValueError(f"{resource.label}: {', '.join(missing)} must be given")
    for port in resource.blueprint().ports.values():
        there = len(resource.joined(port.name))
        if there < port.at_least:
            raise MissingConnectionError(port.lacking(resource.label, there))
    resource.check()
