# SPDX-License-Identifier: BSD-3-Clause
"""From a Description to plain data: what differs from the defaults, in the order of the file."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nepi.formats.description import FORMAT, Description, Entry, Rule, Timed
from nepi.resource.units import format_seconds

RESOURCES = "resources"

Members = Iterator[tuple[str, Any]]


def as_data(description: Description) -> dict[str, Any]:
    """Return the plain data that reads as *description* again."""
    data = dict(members(description, description.resources))
    return data | {RESOURCES: dict(data[RESOURCES])}


def as_json(description: Description, resources: Iterable[Entry]) -> str:
    """Return the JSON that reads as *description* with *resources*, which are taken one by one."""
    from nepi.formats.jsontext import write_json

    return write_json(members(description, resources), inside=RESOURCES)


def members(description: Description, resources: Iterable[Entry]) -> Members:
    """Return the parts of a file; the resources are its members in their turn."""
    yield "nepi", FORMAT
    yield "name", description.name
    if description.on_failure is not None:
        yield "on_failure", description.on_failure
    if description.seed is not None:
        yield "seed", description.seed
    if description.parameters:
        yield "parameters", dict(description.parameters)
    yield RESOURCES, ((entry.name, _entry(entry)) for entry in resources)
    if description.connections:
        yield "connections", [list(pair) for pair in description.connections]
    if description.at:
        yield "at", [_timed(timed) for timed in description.at]
    if description.unsaved:
        yield "unsaved", list(description.unsaved)


def _entry(entry: Entry) -> dict[str, Any]:
    data: dict[str, Any] = {"type": entry.rtype}
    if entry.on:
        data["on"] = entry.on[0] if len(entry.on) == 1 else list(entry.on)
    if entry.count is not None:
        data["count"] = entry.count
    if entry.attributes:
        data["attributes"] = _plain(entry.attributes)
    if entry.traces:
        data["traces"] = dict(entry.traces)
    for step, rules in entry.rules.items():
        written = [_rule(rule) for rule in rules]
        data[str(step)] = written[0] if len(written) == 1 else written
    return data


def _rule(rule: Rule) -> dict[str, Any]:
    after = [str(moment) for moment in rule.after]
    data: dict[str, Any] = {"after": after[0] if len(after) == 1 else after}
    if rule.delay:
        data["delay"] = format_seconds(rule.delay)
    return data


def _timed(timed: Timed) -> dict[str, Any]:
    data: dict[str, Any] = {"time": format_seconds(timed.time), "resource": timed.resource}
    if timed.step is not None:
        data["do"] = str(timed.step)
    else:
        data["set"] = _plain(timed.values)
    return data


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    return dict(values)
