# SPDX-License-Identifier: BSD-3-Clause
"""`nepi types`: the declarations of the resource types, for eyes and for programs."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from attrs import asdict

from nepi.cli import output
from nepi.core.lifecycle import State
from nepi.resource import (
    AttributeInfo,
    ConnectionInfo,
    Phase,
    Registry,
    Resource,
    TypeInfo,
    UnavailableBackendError,
    describe,
)


def every(*, as_json: bool = False) -> None:
    """Print all types there are, and why some are not."""
    registry = Registry.installed()
    infos, troubles = known(registry)
    if as_json:
        output.answer({"types": [as_data(info) for info in infos], "unavailable": troubles})
        return
    output.show(("type", "what it is"), [(info.rtype, info.help) for info in infos])
    for trouble in troubles:
        output.say(f"not here: {trouble}")


def one(rtype: str, *, as_json: bool = False) -> None:
    """Print all about *rtype*; a mistyped one is an error that names the nearest."""
    info = describe(Registry.installed()[rtype])
    if as_json:
        output.answer(as_data(info))
        return
    output.say(info.rtype + (f" (also {', '.join(info.aliases)})" if info.aliases else ""))
    output.say(info.text)
    for title, columns, rows in sections(info):
        output.say()
        output.show(columns, rows, title=title)


def known(registry: Registry) -> tuple[list[TypeInfo], list[str]]:
    """Return every type that can be used here, and why others cannot."""
    infos: list[TypeInfo] = []
    troubles = list(registry.unavailable().values())
    for rtype in sorted(registry):
        try:
            infos.append(describe(registry[rtype]))
        except UnavailableBackendError as error:
            troubles.append(str(error))
    return infos, troubles


def as_data(info: TypeInfo) -> dict[str, Any]:
    """Return *info* as plain data."""
    return asdict(info, value_serializer=_as_word)


def _as_word(_: object, __: object, value: object) -> object:
    return str(value) if isinstance(value, State) else value


Section = tuple[str, Sequence[str], Sequence[Sequence[object]]]


def sections(info: TypeInfo) -> Iterator[Section]:
    """The tables of one type: title, names of the columns, rows."""
    columns: tuple[str, ...] = ("name", "type", "unit", "default", "what it is")
    for origin, members in groupby(info.attributes, key=lambda each: each.declared_by):
        yield _title(origin, info.rtype), columns, [_attribute(each) for each in members]
    if info.traces:
        columns = ("name", "file", "enabled", "what it is")
        traces = [(each.name, each.file, each.enabled, each.help) for each in info.traces]
        yield "Traces", columns, traces
    if info.connections:
        columns = ("name", "to", "how many", "waits", "what it is")
        yield "Connections", columns, [_connection(each) for each in info.connections]
    for record in info.records:
        rows = [(each.name, each.unit, each.help) for each in record.columns]
        yield f"Table {record.kind}", ("column", "unit", "what it is"), rows


def _title(origin: str, rtype: str) -> str:
    if origin == rtype:
        return "Attributes"
    return f"Attributes of every {origin.lower() if origin == Resource.__name__ else origin}"


def _attribute(attribute: AttributeInfo) -> tuple[object, ...]:
    default = "required" if attribute.required else attribute.default
    return attribute.name, attribute.type, attribute.unit, default, explained(attribute)


def explained(attribute: AttributeInfo) -> str:
    """The help of *attribute*, with what its values are limited to."""
    parts = [attribute.help, attribute.limits]
    if attribute.phase is Phase.LIVE:
        parts.append("can be changed at any time")
    if attribute.secret:
        parts.append("secret: never written anywhere")
    return "; ".join(part for part in parts if part)


def _connection(connection: ConnectionInfo) -> tuple[object, ...]:
    least, most = connection.at_least, connection.at_most
    number = f"{least} to {most}" if least != most else str(least)
    if most is None:
        number = f"{least} or more" if least else "any number"
    waits = f"{connection.step} until {connection.state}" if connection.step else ""
    return connection.name, connection.peer, number, waits, connection.help
