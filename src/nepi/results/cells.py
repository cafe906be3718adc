# SPDX-License-Identifier: BSD-3-Clause
"""What a cell of a table may hold, and what a column says of it; tables live elsewhere."""

import math
from collections.abc import Callable, Mapping
from enum import Enum, StrEnum
from functools import cache
from typing import Any, get_args, get_type_hints

import attrs
from attrs import field, frozen

Cell = str | int | float | bool | None


class TableError(ValueError):
    """The rows do not fit the columns."""


class ColumnType(StrEnum):
    """What the cells of a column are; any of them may be missing (None)."""

    STR = "str"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"

    @property
    def numeric(self) -> bool:
        return self in (ColumnType.INT, ColumnType.FLOAT)


@frozen
class Column:
    """What is in one column: the unit is a standard one, in the base of the SI ("s", "bit/s")."""

    name: str
    type: ColumnType = field(default=ColumnType.STR, converter=ColumnType)
    unit: str | None = None
    help: str = ""

    @property
    def heading(self) -> str:
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@cache
def columns_of(record: type[attrs.AttrsInstance]) -> tuple[Column, ...]:
    """Return the columns of a class of records: types from the annotations, units from metadata."""
    hints = get_type_hints(record)
    return tuple(_column(one, hints[one.name]) for one in attrs.fields(record))


def _column(one: "attrs.Attribute[Any]", hint: object) -> Column:
    said: Mapping[str, Any] = one.metadata
    return Column(one.name, _column_type(hint), said.get("unit") or None, said.get("help", ""))


def _column_type(hint: object) -> ColumnType:
    kinds = {kind for kind in (get_args(hint) or (hint,)) if kind is not type(None)}
    # Whatever is neither is written as its text: enumerations, addresses, paths, moments.
    for kind in (bool, int, float):
        if kinds == {kind}:
            return ColumnType(kind.__name__)
    return ColumnType.FLOAT if kinds == {int, float} else ColumnType.STR


def cell(column: Column, value: object) -> Cell:
    """Return *value* as the column holds it; TableError when it does not fit."""
    if isinstance(value, Enum) and column.type is ColumnType.STR:
        value = str(value.value) if isinstance(value.value, str) else value.name
    if value is None:
        return None
    try:
        return _CONVERTERS[column.type](value)
    except (TypeError, ValueError, OverflowError) as error:
        raise TableError(f"column {column.name} holds {column.type}, not {value!r}") from error


def parser(column: Column) -> Callable[[str], Cell]:
    """Return the function that makes the column's value of its text."""
    return _PARSERS[column.type]


def _text(value: Any) -> str:
    # Half a surrogate pair is no text, and could not be written to a file.
    return str(value).encode("utf-8", "replace").decode()


def _exact_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise TypeError(value)


def _exact_int(value: Any) -> int:
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    raise TypeError(value)


def _exact_float(value: Any) -> float:
    if isinstance(value, int | float):
        # There is one "not a number", so that tables compare equal.
        return math.nan if math.isnan(value) else float(value)
    raise TypeError(value)


_CONVERTERS: Mapping[ColumnType, Callable[[Any], Cell]] = {
    ColumnType.STR: _text,
    ColumnType.INT: _exact_int,
    ColumnType.FLOAT: _exact_float,
    ColumnType.BOOL: _exact_bool,
}


def _bool_of(text: str) -> bool:
    return {"true": True, "false": False}[text]


_PARSERS: Mapping[ColumnType, Callable[[str], Cell]] = {
    ColumnType.STR: str,
    ColumnType.INT: int,
    ColumnType.FLOAT: float,
    ColumnType.BOOL: _bool_of,
}
