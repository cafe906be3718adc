# SPDX-License-Identifier: BSD-3-Clause
"""The `tables/` of a run: what its resources measured, one table a kind, all on one clock.

Each kind is a CSV and a JSON Lines file of the same rows; `datapackage.json` (a Frictionless Data
Package) says what their columns are. What the records mean is known by the types that make them.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from nepi.results.cells import Cell, Column, ColumnType, TableError, columns_of
from nepi.results.table import Table
from nepi.runtime.atomic import replace_text
from nepi.runtime.directory import RunDirectory, read_json
from nepi.runtime.names import distinct_name

PACKAGE = "datapackage.json"

FIRST_COLUMNS = (
    Column("run", ColumnType.STR, help="Id of the run"),
    Column("resource", ColumnType.STR, help="Name of the resource that measured"),
    Column("guid", ColumnType.INT, help="Number of that resource"),
    Column("time", ColumnType.FLOAT, "s", help="Time since t = 0 of the run"),
    Column("wall", ColumnType.STR, help="The same moment, ISO 8601, UTC"),
)

_FRICTIONLESS: Mapping[ColumnType, str] = {
    ColumnType.STR: "string",
    ColumnType.INT: "integer",
    ColumnType.FLOAT: "number",
    ColumnType.BOOL: "boolean",
}
_TYPES = {said: kind for kind, said in _FRICTIONLESS.items()}


class Tables:
    """Collects the records of all resources of one run, and writes them down."""

    def __init__(self, run: RunDirectory, zero: float) -> None:
        """*zero*: the wall time of t = 0, seconds since the epoch."""
        self._run = run
        self._zero = zero
        self._tables: dict[str, Table] = {}

    def add(
        self,
        kind: str,
        records: Iterable[attrs.AttrsInstance],
        *,
        resource: str,
        guid: int,
    ) -> None:
        """Add what one resource measured: attrs records of one class, the same for one kind.

        A field `time`, if they have it, is the wall time of a record, seconds since the epoch.
        """
        for record in records:
            columns = columns_of(type(record))
            table = self._table(kind, columns)
            own = [getattr(record, one.name) for one in columns if one.name != "time"]
            table.append([self._run.run_id, resource, guid, *self._moment(record), *own])

    def table(self, kind: str) -> Table:
        """Return what was collected of one kind."""
        if kind not in self._tables:
            raise unknown_kind(kind, self._tables)
        return self._tables[kind]

    def kinds(self) -> list[str]:
        """Return the kinds there are records of."""
        return sorted(self._tables)

    def save(self) -> list[Path]:
        """Write all tables into the run's directory, and return their files."""
        if not self._tables:
            return []
        folder = self._run.tables
        written: list[Path] = []
        for kind, table in sorted(self._tables.items()):
            for path, text in _texts(folder, kind, table):
                replace_text(path, text)
                written.append(path)
        package = {"name": "tables", "resources": [_described(*one) for one in self._sorted()]}
        replace_text(folder / PACKAGE, json.dumps(package, indent=1, ensure_ascii=False) + "\n")
        return written

    def _sorted(self) -> list[tuple[str, Table]]:
        return sorted(self._tables.items())

    def _table(self, kind: str, columns: Sequence[Column]) -> Table:
        own = [one for one in columns if one.name != "time"]
        taken = {one.name for one in FIRST_COLUMNS} & {one.name for one in own}
        if taken:
            raise TableError(f"records of {kind} have fields that every table has: {sorted(taken)}")
        wanted = (*FIRST_COLUMNS, *own)
        table = self._tables.setdefault(kind, Table(wanted, title=kind))
        if table.columns != wanted:
            raise TableError(f"records of {kind} differ in their fields: one class for one kind")
        return table

    def _moment(self, record: attrs.AttrsInstance) -> tuple[Cell, Cell]:
        wall: float | None = getattr(record, "time", None)
        if wall is None:
            return None, None
        text = datetime.fromtimestamp(wall, UTC).isoformat(timespec="microseconds")
        return round(wall - self._zero, 6), text


def kinds(run: Path) -> list[str]:
    """Return the kinds of tables in the directory of a run."""
    return [str(one["name"]) for one in _package(run)]


def load_table(run: Path, kind: str) -> Table:
    """Return one table from the directory of a run, as it was saved."""
    said = {str(one["name"]): one for one in _package(run)}
    if kind not in said:
        raise unknown_kind(kind, said)
    text = (run / "tables" / f"{distinct_name(kind)}.jsonl").read_bytes().decode()
    return Table.from_jsonl(text, _columns(said[kind]), title=kind)


def unknown_kind(kind: str, there: Iterable[str]) -> TableError:
    """Return the error that names the tables there are."""
    names = ", ".join(sorted(there))
    return TableError(f"no table {kind!r}; there is {names or 'none: nothing was measured'}")


def _texts(folder: Path, kind: str, table: Table) -> list[tuple[Path, str]]:
    stem = distinct_name(kind)
    return [(folder / f"{stem}.csv", table.csv()), (folder / f"{stem}.jsonl", table.jsonl())]


def _described(kind: str, table: Table) -> dict[str, Any]:
    return {
        "name": kind,
        "path": f"{distinct_name(kind)}.csv",
        "schema": {"fields": [_field(column) for column in table.columns], "missingValues": [""]},
    }


def _field(column: Column) -> dict[str, Any]:
    said = {"name": column.name, "type": _FRICTIONLESS[column.type]}
    more = {"unit": column.unit or "", "description": column.help}
    return said | {name: value for name, value in more.items() if value}


def _columns(described: Mapping[str, Any]) -> list[Column]:
    return [
        Column(one["name"], _TYPES[one["type"]], one.get("unit"), one.get("description", ""))
        for one in described["schema"]["fields"]
    ]


def _package(run: Path) -> list[dict[str, Any]]:
    path = run / "tables" / PACKAGE
    return list(read_json(path)["resources"]) if path.exists() else []
