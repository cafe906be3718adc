# SPDX-License-Identifier: BSD-3-Clause
"""What can be told of a resource type: the help, the schema and the documentation read this."""

import inspect
from typing import Any

from attrs import frozen

from nepi.core.lifecycle import State, Step
from nepi.resource.blueprint import OWN, Field
from nepi.resource.declaring import Phase
from nepi.resource.model import Resource
from nepi.resource.ports import Connects
from nepi.resource.records import Column, columns, kind_of_record


@frozen
class AttributeInfo:
    """One attribute of a resource type."""

    name: str
    classic_name: str
    type: str
    unit: str | None
    default: Any
    """As JSON has it; a text with its unit where it has one. None: no default, or none."""
    required: bool
    help: str
    phase: Phase
    secret: bool
    positional: bool
    choices: tuple[str, ...]
    limits: str
    schema: dict[str, Any]
    """The JSON schema of its values."""
    declared_by: str
    """The resource type that declares it: this one, or one that this one builds on."""


@frozen
class TraceInfo:
    """One trace of a resource type."""

    name: str
    help: str
    enabled: bool
    file: str


@frozen
class ConnectionInfo:
    """What resources of a type may, or have to, be connected to."""

    name: str
    peer: str
    at_least: int
    at_most: int | None
    step: Step | None
    state: State
    help: str


@frozen
class RecordInfo:
    """One kind of records that resources of a type measure."""

    kind: str
    help: str
    columns: tuple[Column, ...]


@frozen
class TypeInfo:
    """One resource type."""

    rtype: str
    aliases: tuple[str, ...]
    help: str
    """The first line of its documentation; *text* is all of it."""
    text: str
    attributes: tuple[AttributeInfo, ...]
    traces: tuple[TraceInfo, ...]
    connections: tuple[ConnectionInfo, ...]
    records: tuple[RecordInfo, ...]

    def attribute(self, name: str) -> AttributeInfo | None:
        """Return the attribute called *name*, here or in the classic interface."""
        for each in self.attributes:
            if name in {each.name, each.classic_name}:
                return each
        return None


def describe(cls: type[Resource]) -> TypeInfo:
    """Tell all that is declared of a resource type, its own declarations first."""
    plan = cls.blueprint()
    own = _declarers(cls)
    order = [plan.fields[name] for name in own if name in plan.fields]
    text = inspect.getdoc(cls) or ""
    return TypeInfo(
        rtype=cls.rtype or cls.__name__,
        aliases=cls.aliases,
        help=text.partition("\n")[0],
        text=text,
        attributes=tuple(_attribute(cls, field, own[field.name]) for field in order),
        traces=tuple(
            TraceInfo(each.name, each.help, each.enabled, each.file)
            for each in plan.traces.values()
        ),
        connections=tuple(_connection(each) for each in plan.ports.values()),
        records=tuple(
            RecordInfo(kind_of_record(each), _first_line(each), columns(each))
            for each in cls.record_types
        ),
    )


def _first_line(cls: type) -> str:
    return (inspect.getdoc(cls) or "").partition("\n")[0]


def _declarers(cls: type[Resource]) -> dict[str, str]:
    """Return the type that declares each attribute last, the declarations of *cls* first."""
    found: dict[str, str] = {}
    known = cls.__name__
    for base in cls.__mro__:
        # What has no name is a part of the type that builds on it.
        known = base.__name__ if base is Resource else vars(base).get("rtype") or known
        for name in vars(base).get(OWN, {}):
            found.setdefault(name, known)
    return found


def _attribute(cls: type[Resource], field: Field, declared_by: str) -> AttributeInfo:
    said = field.said
    default = None if said.required else field.kind.plain(field.default())
    return AttributeInfo(
        name=field.name,
        classic_name=field.classic,
        type=field.kind.name,
        unit=said.unit,
        default=default,
        required=field.name in cls.blueprint().required,
        help=said.help,
        phase=said.phase,
        secret=said.secret,
        positional=said.positional,
        choices=field.kind.choices(),
        limits=str(said.limits or ""),
        schema=field.schema(),
        declared_by=declared_by,
    )


def _connection(port: "Connects[Any, Any]") -> ConnectionInfo:
    return ConnectionInfo(
        name=port.name,
        peer=getattr(port.peer, "rtype", "") or port.peer.__name__,
        at_least=port.at_least,
        at_most=port.at_most,
        step=port.step,
        state=port.state,
        help=port.help,
    )
