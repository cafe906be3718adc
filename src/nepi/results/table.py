# SPDX-License-Identifier: BSD-3-Clause
"""A table of results: named, typed columns with units, and rows. Files of tables live elsewhere."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib import import_module
from typing import Any, Self, overload

import attrs

from nepi.results import csvtext, jsontext, terminal
from nepi.results.cells import Cell, Column, ColumnType, TableError, cell, columns_of, parser

__all__ = ["Cell", "Column", "ColumnType", "NoPandasError", "Table", "TableError"]


class NoPandasError(ImportError):
    """pandas is wanted and not installed."""


class Table:
    """Rows of plain values under typed columns; shows itself as text and in notebooks.

    Iterating gives one dict a row, `table["rtt"]` the values of a column.
    """

    def __init__(
        self,
        columns: Iterable[Column],
        rows: Iterable[Sequence[object]] = (),
        *,
        title: str = "",
    ) -> None:
        self.columns = tuple(columns)
        self.title = title
        self._places = {column.name: place for place, column in enumerate(self.columns)}
        if len(self._places) != len(self.columns):
            raise TableError(f"columns of the same name: {[c.name for c in self.columns]}")
        self.rows: list[tuple[Cell, ...]] = []
        for row in rows:
            self.append(row)

    @classmethod
    def of(cls, records: Iterable[attrs.AttrsInstance], *, title: str = "") -> Self:
        """Return the table of attrs records of one class: its fields are the columns."""
        listed = list(records)
        if not listed:
            return cls((), title=title)
        columns = columns_of(type(listed[0]))
        names = [column.name for column in columns]
        return cls(columns, ([getattr(one, n) for n in names] for one in listed), title=title)

    @classmethod
    def from_csv(cls, text: str, columns: Sequence[Column], *, title: str = "") -> Self:
        """Return the table that csv() wrote."""
        names, rows = csvtext.loads(text, [parser(column) for column in columns])
        if names != [column.name for column in columns]:
            raise TableError(f"the columns are {names}, not {[c.name for c in columns]}")
        return cls(columns, rows, title=title)

    @classmethod
    def from_jsonl(cls, text: str, columns: Sequence[Column], *, title: str = "") -> Self:
        """Return the table that jsonl() wrote."""
        names = [column.name for column in columns]
        floats = [c.name for c in columns if c.type is ColumnType.FLOAT]
        return cls(columns, jsontext.loads(text, names, floats=floats), title=title)

    def append(self, row: Sequence[object]) -> None:
        """Add a row, converting its values to what the columns hold."""
        if len(row) != len(self.columns):
            raise TableError(f"a row of {len(row)} values for {len(self.columns)} columns")
        self.rows.append(tuple(map(cell, self.columns, row)))

    # -- reading --------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, Cell]]:
        names = [column.name for column in self.columns]
        return (dict(zip(names, row, strict=True)) for row in self.rows)

    @overload
    def __getitem__(self, key: str) -> list[Any]: ...
    @overload
    def __getitem__(self, key: int) -> dict[str, Cell]: ...
    def __getitem__(self, key: str | int) -> list[Any] | dict[str, Cell]:
        if isinstance(key, int):
            names = [column.name for column in self.columns]
            return dict(zip(names, self.rows[key], strict=True))
        place = self._place(key)
        return [row[place] for row in self.rows]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        return (self.columns, self.jsonl()) == (other.columns, other.jsonl())

    __hash__ = None  # type: ignore[assignment] # it grows

    def select(self, *names: str) -> "Table":
        """Return a table of these columns only, in this order."""
        places = [self._place(name) for name in names]
        rows = ([row[place] for place in places] for row in self.rows)
        return Table([self.columns[place] for place in places], rows, title=self.title)

    def where(self, **values: Cell) -> "Table":
        """Return a table of the rows in which these columns have these values."""
        wanted = [(self._place(name), value) for name, value in values.items()]
        rows = (row for row in self.rows if all(row[place] == value for place, value in wanted))
        return Table(self.columns, rows, title=self.title)

    def _place(self, name: str) -> int:
        try:
            return self._places[name]
        except KeyError:
            raise KeyError(f"no column {name!r}: there are {', '.join(self._places)}") from None

    # -- showing --------------------------------------------------------------------------------

    def text(self, width: int | None = None) -> str:
        """Return it aligned for a terminal of this width (None: as wide as it is)."""
        numeric = [column.type.numeric for column in self.columns]
        headings = [column.heading for column in self.columns]
        return terminal.aligned(headings, self._shown(), numeric, title=self.title, width=width)

    __str__ = text

    def __repr__(self) -> str:
        names = ", ".join(column.name for column in self.columns)
        return f"<Table {self.title or 'of'} {len(self)} rows: {names}>"

    def html(self) -> str:
        """Return it as HTML; this is what a notebook shows."""
        head = "".join(f"<th>{escape(column.heading)}</th>" for column in self.columns)
        body = "".join(f"<tr>{self._html_cells(row)}</tr>" for row in self._shown())
        caption = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    _repr_html_ = html

    def _html_cells(self, row: Iterable[str]) -> str:
        right = ' style="text-align: right"'
        pairs = zip(self.columns, row, strict=True)
        return "".join(f"<td{right if c.type.numeric else ''}>{escape(v)}</td>" for c, v in pairs)

    def _shown(self) -> list[list[str]]:
        return [[terminal.shown(value) for value in row] for row in self.rows]

    # -- other forms ----------------------------------------------------------------------------

    def csv(self) -> str:
        """Return it as CSV (RFC 4180) with a line of names; missing is empty, no text is ""."""
        return csvtext.dumps([column.name for column in self.columns], self.rows)

    def jsonl(self) -> str:
        """Return it as JSON Lines, one object a row."""
        return jsontext.dumps([column.name for column in self.columns], self.rows)

    def to_pandas(self) -> Any:
        """Return it as a pandas.DataFrame; NoPandasError where pandas is not installed."""
        try:
            pandas: Any = import_module("pandas")
        except ImportError as error:
            raise NoPandasError("pandas is not installed: pip install pandas") from error
        return pandas.DataFrame({column.name: self[column.name] for column in self.columns})
