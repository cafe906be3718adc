# SPDX-License-Identifier: BSD-3-Clause
"""From a Description to plain data: what differs from the defaults, in the order of the file."""

from collections.abc import Mapping
from typing import Any

from nepi.formats.description import FORMAT, Description, Entry, Rule, Timed
from nepi.resource.units import format_seconds


def as_data(description: Description) -> dict[str, Any]:
    """Return the plain data that reads as *description* again."""
    data: dict[str, Any] = {"nepi": FORMAT, "name": description.name}
    if description.on_failure is not None:
        data["on_failure"] = description.on_failure
    if description.seed is not None:
        data["seed"] = description.seed
    if description.parameters:
        data["parameters"] = dict(description.parameters)
    data["resources"] = {entry.name: _entry(entry) for entry in description.resources}
    if description.connections:
        data["connections"] = [list(pair) for pair in description.connections]
    if description.at:
        data["at"] = [_timed(timed) for timed in description.at]
    if description.unsaved:
        data["unsaved"] = list(description.unsaved)
    return data


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
