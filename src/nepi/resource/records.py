# SPDX-License-Identifier: BSD-3-Clause
"""Records: what resources measure, as attrs objects whose columns know unit and help.

    @record("ping.replies")
    @frozen
    class Reply:
        rtt: float = field(metadata=column(unit="s", help="Time until the answer"))

A field `time` is the wall time of the record, in seconds since 1970. Making tables and files of
records is up to the results.
"""

from collections.abc import Callable, Mapping
from typing import TypeVar

import attrs
from attrs import frozen

R = TypeVar("R", bound="type[attrs.AttrsInstance]")

_KIND = "__record_kind__"


def column(*, help: str, unit: str = "") -> Mapping[str, str]:  # noqa: A002 - as for attributes
    """Say what a field tells, and in which unit: its metadata."""
    return {"unit": unit, "help": help}


def record(kind: str) -> Callable[[R], R]:
    """Name the kind of the records of an attrs class: they go into one table."""

    def decorate(cls: R) -> R:
        setattr(cls, _KIND, kind)
        return cls

    return decorate


@frozen
class Column:
    """One column of the records of one kind."""

    name: str
    unit: str
    help: str


def kind_of_record(cls: type) -> str:
    """Return the kind of the records of *cls*."""
    kind: str = getattr(cls, _KIND, cls.__name__)
    return kind


def columns(cls: "type[attrs.AttrsInstance]") -> tuple[Column, ...]:
    """Return the columns of the records of *cls*."""
    return tuple(
        Column(each.name, each.metadata.get("unit", ""), each.metadata.get("help", ""))
        for each in attrs.fields(cls)
    )
