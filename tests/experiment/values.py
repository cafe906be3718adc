# SPDX-License-Identifier: BSD-3-Clause
"""Random values for whatever an attribute declares."""

import ipaddress
from typing import Any

from hypothesis import strategies as st

from nepi.resource import Resource
from nepi.resource.blueprint import Field
from nepi.resource.compounds import ByName, OneOf, Optional, Several
from nepi.resource.kinds import Choice, Data, FilePath, Kind, Number, Parsed, Text, Truth, Whole

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
TRICKS = st.sampled_from(
    ["", "on", "~", "1e5", "${{ x }}", "${{", "env:X", "a: b", "- x", "'", "\n"]
)
ADDRESSES: dict[object, str] = {
    ipaddress.IPv4Address: "10.0.0.1",
    ipaddress.IPv4Network: "10.0.0.0/8",
    ipaddress.IPv4Interface: "10.0.0.1/8",
    ipaddress.IPv6Address: "::1",
    ipaddress.IPv6Network: "fd00::/8",
    ipaddress.IPv6Interface: "fd00::1/8",
}


def values_of(kind: Kind) -> st.SearchStrategy[Any]:
    """Return a strategy for values of *kind*, of which declared limits may refuse some."""
    match kind:
        case Optional():
            return st.none() | values_of(kind.inner)
        case Several():
            return st.lists(values_of(kind.item), max_size=3)
        case ByName():
            return st.dictionaries(values_of(kind.key), values_of(kind.item), max_size=3)
        case OneOf():
            return st.one_of([values_of(each) for each in kind.kinds])
        case _:
            return _single(kind)


def _single(kind: Kind) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one line for each kind
    match kind:
        case Text():
            return WORDS | TRICKS | st.sampled_from(["AB12", "localhost", "ls -l"])
        case Truth():
            return st.booleans()
        case Whole():
            return st.integers(-2, 40) | st.integers(0, 2**40)
        case Number():
            return st.floats(0, 100) | st.floats(allow_nan=False, allow_infinity=False)
        case FilePath():
            return st.sampled_from(["data.bin", "/tmp/x y", "../a", "~/ü"])  # noqa: S108
        case Data():
            return st.binary(max_size=6)
        case Choice():
            return st.sampled_from(sorted(kind.options.values(), key=str))
        case Parsed():
            return st.just(ADDRESSES[kind.cls])
        case _:
            return st.none() | WORDS


def accepted(field: Field, value: object) -> bool:
    """Say whether the attribute takes *value*."""
    try:
        field.convert(value, "it")
    except ValueError:
        return False
    return True


@st.composite
def resources(draw: st.DrawFn, cls: type[Resource], name: str) -> Resource:
    """Return a resource of *cls* whose attributes are random, as far as they may be."""
    made = cls.draft(name=name)
    for field in cls.blueprint().fields.values():
        wanted = field.said.required or draw(st.integers(0, 3)) == 0
        if field.name == "name" or not wanted:
            continue
        value = draw(values_of(field.kind))
        if accepted(field, value):
            setattr(made, field.name, value)
        elif field.said.required:
            setattr(made, field.name, "localhost")
    for trace in cls.blueprint().traces:
        if draw(st.integers(0, 3)) == 0:
            made.set_trace(trace, to=draw(st.sampled_from([True, False, "file.txt", "on"])))
    return made
