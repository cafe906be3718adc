# SPDX-License-Identifier: BSD-3-Clause
"""CSV that keeps the difference between no value (nothing) and an empty text (two quotes).

The csv module of Python 3.11 knows it neither when writing nor when reading; any reader of CSV
reads what is written here.
"""

import re
from collections.abc import Callable, Iterable, Sequence

from nepi.results.cells import Cell

_NEEDS_QUOTES = re.compile(r'^$|[",\r\n]|^\s|\s$')
_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|\Z)')


class CsvError(ValueError):
    """The text is not CSV as it is written here; the message names the line."""


def dumps(names: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """Return the lines of a table, the names first."""
    return "".join(",".join(map(_field, row)) + "\n" for row in [names, *rows])


def _field(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return repr(value)
    return '"' + value.replace('"', '""') + '"' if _NEEDS_QUOTES.search(value) else value


def loads(text: str, kinds: Sequence[Callable[[str], Cell]]) -> tuple[list[str], list[list[Cell]]]:
    """Return the names and the rows, each value made by the function of its column."""
    lines = _lines(text)
    if not lines:
        raise CsvError("line 1: there are no names of columns")
    names = [one or "" for one in lines[0]]
    for number, line in enumerate(lines, 1):
        if len(line) != len(kinds):
            raise CsvError(f"row {number}: {len(line)} values for {len(kinds)} columns")
    rows = [
        [None if value is None else kind(value) for kind, value in zip(kinds, line, strict=True)]
        for line in lines[1:]
    ]
    return names, rows


def _lines(text: str) -> list[list[str | None]]:
    lines: list[list[str | None]] = []
    line: list[str | None] = []
    position = 0
    while position < len(text):
        found = _FIELD.match(text, position)
        if found is None:
            raise CsvError(f"row {len(lines) + 1}: a quote where none belongs")
        quoted, bare, end = found.groups()
        line.append(quoted.replace('""', '"') if quoted is not None else bare or None)
        position = found.end()
        if end != ",":
            lines.append(line)
            line = []
    return [*lines, [*line, None]] if line else lines
