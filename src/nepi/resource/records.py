# SPDX-License-Identifier: BSD-3-Clause
"""Records: what resources measure, as attrs objects whose columns know unit and help.

Making tables and files of them is up to the results.
"""

from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

import attrs
from attrs import field, frozen

T = TypeVar("T")

_UNIT = "unit"
_HELP = "help"
_KIND = "__record_kind__"


def column(*, help: str, unit: str = "", default: Any = attrs.NOTHING) -> Any:  # noqa: A002
    """Declare one column of a record: what it tells, and in which unit."""
    return field(default=default, metadata={_UNIT: unit, _HELP: help})


@dataclass_transform(frozen_default=True, field_specifiers=(column,))
def record(kind: str) -> Callable[[type[T]], type[T]]:
    """Make an attrs class of records; all tables of *kind* (``ping.replies``) have its columns."""

    def decorate(cls: type[T]) -> type[T]:
        made = frozen(cls)
        setattr(made, _KIND, kind)
        return made

    return decorate


@frozen
class Column:
    """One column of the records of one kind."""

    name: str
    unit: str
    help: str


def kind_of_record(cls: type) -> str:
    """Return the kind of the records of *cls*."""
    return getattr(cls, _KIND, cls.__name__)


def columns(cls: type) -> tuple[Column, ...]:
    """Return the columns of the records of *cls*."""
    return tuple(
        Column(each.name, each.metadata.get(_UNIT, ""), each.metadata.get(_HELP, ""))
        for each in attrs.fields(cls)
    )
