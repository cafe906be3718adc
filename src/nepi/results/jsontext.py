# SPDX-License-Identifier: BSD-3-Clause
"""JSON Lines of tables: one object a row, numbers that JSON does not know as their names."""

import json
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import product
from types import MappingProxyType
from typing import Any, cast

from nepi.results.cells import Cell

NOT_FINITE: Mapping[str, float] = MappingProxyType(
    {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
)
"""How numbers that are none are written: as texts, like other JSON mappings do."""


class JsonLinesError(ValueError):
    """The text is not a table in JSON Lines; the message names the line."""


def dumps(names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return one line a row."""
    return "".join(
        json.dumps(
            {name: _plain(value) for name, value in zip(names, row, strict=True)},
            ensure_ascii=False,
            allow_nan=False,
        )
        + "\n"
        for row in rows
    )


def _plain(value: Cell) -> Cell:
    if isinstance(value, float) and not math.isfinite(value):
        return next(n for n, number in NOT_FINITE.items() if repr(number) == repr(value))
    return value


def loads(text: str, names: Sequence[str], *, floats: Collection[str] = ()) -> list[list[Any]]:
    """Return the rows; a name that a line lacks has no value there.

    In the columns *floats* the names of numbers that are none are those numbers.
    """
    # Not splitlines(): a text may hold other ends of lines than "\n".
    lines = [line for line in text.split("\n") if line]
    rows = [_row(number, line, names) for number, line in enumerate(lines, 1)]
    for row, name in product(rows, floats):
        row[name] = _number(row.get(name))
    return [[row.get(name) for name in names] for row in rows]


def _number(value: Any) -> Any:
    return NOT_FINITE.get(value, value) if isinstance(value, str) else value


def _row(number: int, line: str, names: Sequence[str]) -> dict[str, Any]:
    try:
        data = json.loads(line)
    except ValueError as error:
        raise JsonLinesError(f"line {number}: {error}") from error
    if not isinstance(data, dict):
        raise JsonLinesError(f"line {number}: not an object")
    row = cast("dict[str, Any]", data)
    strangers = sorted(row.keys() - set(names))
    if strangers:
        raise JsonLinesError(f"line {number}: no column {', '.join(strangers)}")
    return row
