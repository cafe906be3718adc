# SPDX-License-Identifier: BSD-3-Clause
"""Tables keep their values, whatever form they go through, and show them legibly."""

import csv
import enum
import io
import json
import math
import sys
from ipaddress import IPv4Address
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nepi.results import Cell, Column, ColumnType, NoPandasError, Table, TableError
from nepi.results.csvtext import CsvError
from nepi.results.jsontext import JsonLinesError
from nepi.results.terminal import cells

LOCAL = IPv4Address("127.0.0.1")


class Colour(enum.Enum):
    RED = "red"
    BLUE = 2


@attrs.frozen
class Reply:
    """What a record of a resource looks like."""

    sequence: int
    rtt: float | None = attrs.field(metadata={"unit": "s", "help": "Round-trip time"})
    address: IPv4Address = LOCAL
    duplicate: bool = False
    colour: Colour = Colour.RED
    ratio: float | int = 0.5


@pytest.fixture
def table() -> Table:
    columns = [Column("name"), Column("rtt", "float", "s"), Column("count", ColumnType.INT)]
    return Table(columns, [["a", 0.001234567, 1], ["bb", None, 20]], title="replies")


CELLS: dict[ColumnType, st.SearchStrategy[Any]] = {
    ColumnType.STR: st.text(),
    ColumnType.INT: st.integers(),
    ColumnType.FLOAT: st.floats(),
    ColumnType.BOOL: st.booleans(),
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    names = draw(st.lists(st.text(), min_size=1, max_size=5, unique=True))
    columns = [Column(name, draw(st.sampled_from(list(ColumnType)))) for name in names]
    row = st.tuples(*(st.none() | CELLS[column.type] for column in columns))
    return Table(columns, draw(st.lists(row, max_size=5)))


@given(tables())
@example(Table([Column("a")], [[None], [""], ['"'], ["\r"], ["\x85"], [","], [" x"]]))
@example(Table([Column("a"), Column("b")], [[None, None], ["", None]]))
@example(Table([Column("a", "float")], [[math.nan], [math.inf], [-math.inf], [-0.0]]))
def test_what_is_saved_and_loaded_is_saved_the_same(table: Table) -> None:
    for dump, load in ((Table.csv, Table.from_csv), (Table.jsonl, Table.from_jsonl)):
        loaded = load(dump(table), table.columns)
        assert dump(loaded) == dump(table)
        assert loaded == table


@given(tables())
def test_any_reader_of_csv_and_json_understands_it(table: Table) -> None:
    rows = list(csv.reader(io.StringIO(table.csv(), newline="")))
    names = [column.name for column in table.columns]
    assert rows[0] == names
    # csv.reader gives an empty list for an empty line: one column, no value.
    assert [len(row) or 1 for row in rows[1:]] == [len(names)] * len(table)
    for line, row in zip(table.jsonl().split("\n"), table, strict=False):
        assert json.loads(line).keys() == row.keys()


def test_records_become_a_table_with_their_units() -> None:
    table = Table.of([Reply(1, 0.25), Reply(2, None, duplicate=True, colour=Colour.BLUE)])
    assert [str(column.type) for column in table.columns] == [
        "int",
        "float",
        "str",
        "bool",
        "str",
        "float",
    ]
    assert table.columns[1] == Column("rtt", "float", "s", "Round-trip time")
    assert table[0] == {
        "sequence": 1,
        "rtt": 0.25,
        "address": "127.0.0.1",
        "duplicate": False,
        "colour": "red",
        "ratio": 0.5,
    }
    assert table["colour"] == ["red", "BLUE"]
    assert len(Table.of([])) == 0


def test_rows_and_columns_are_read(table: Table) -> None:
    assert len(table) == 2
    assert table["rtt"] == [0.001234567, None]
    assert [row["name"] for row in table] == ["a", "bb"]
    assert table.select("count", "name").csv() == "count,name\n1,a\n20,bb\n"
    assert len(table.where(name="bb", rtt=None)) == 1
    with pytest.raises(KeyError, match="there are name, rtt, count"):
        table["rt"]


def test_a_table_is_equal_to_its_like_only(table: Table) -> None:
    assert table == Table(table.columns, table.rows)
    assert table != Table(table.columns, table.rows[:1])
    assert table != "a table"


def test_text_is_aligned(table: Table) -> None:
    assert str(table) == (
        "replies\n"
        "name     rtt [s]  count\n"
        "────  ──────────  ─────\n"
        "a     0.00123457      1\n"
        "bb             -     20"
    )
    assert repr(table) == "<Table replies 2 rows: name, rtt, count>"


@pytest.mark.parametrize("text", ["日本語", "e\u0301", "\x1b[31mred\x1b[0m", "a\nb", "\u202egnp"])
def test_any_text_fills_the_cells_it_is_shown_in(text: str) -> None:
    shown = Table([Column("a"), Column("b")], [[text, "|"], ["x" * 20, "|"]]).text().splitlines()
    assert cells(shown[2]) == cells(shown[3])
    assert all(character.isprintable() or character == "\u0301" for character in shown[2])


def test_long_texts_give_way_to_the_width_of_the_terminal() -> None:
    columns = [Column("a"), Column("b"), Column("n", "int")]
    table = Table(columns, [["x" * 50, "日" * 40, 123456], ["x", "y", 1]])
    for line in table.text(40).splitlines():
        assert len(line) + line.count("日") <= 40
    assert "…" in table.text(40)
    assert "123456" in table.text(5)


def test_booleans_and_nothing_are_shown_as_words() -> None:
    table = Table([Column("a", "bool")], [[True], [False], [None]])
    assert str(table).splitlines()[2:] == ["yes", "no", "-"]


def test_a_notebook_shows_it_and_runs_nothing_of_it(table: Table) -> None:
    table.append(["<script>", 1, 2])
    html = table.html()
    assert "<caption>replies</caption>" in html
    assert "<th>rtt [s]</th>" in html
    assert "&lt;script&gt;" in html
    assert "<caption>" not in Table(table.columns).html()


def test_pandas_gets_the_columns(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=dict))
    assert table.to_pandas()["name"] == ["a", "bb"]


def test_without_pandas_that_is_said(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(NoPandasError, match="not installed"):
        table.to_pandas()


@pytest.mark.parametrize(
    ("type_", "value"),
    [("int", "1"), ("int", 1.5), ("float", "x"), ("bool", 1), ("float", 10**400), ("int", [])],
)
def test_a_value_that_does_not_fit_is_refused(type_: str, value: Cell) -> None:
    with pytest.raises(TableError, match="column a holds"):
        Table([Column("a", type_)], [[value]])


def test_a_row_of_another_length_and_columns_named_alike_are_refused() -> None:
    with pytest.raises(TableError, match="2 values for 1 columns"):
        Table([Column("a")], [["x", "y"]])
    with pytest.raises(TableError, match="same name"):
        Table([Column("a"), Column("a")])


def test_what_is_no_text_is_made_one() -> None:
    table = Table([Column("a")], [["\udc80"], [Path("/x")]])
    assert table["a"] == ["?", "/x"]


@pytest.mark.parametrize(
    "text",
    ["", "a,b\nx\n", 'a,b\n"x"y,z\n', 'a,b\nx,"y\n', "a,c\n", "a\n"],
)
def test_text_that_is_not_this_csv_is_refused(text: str) -> None:
    with pytest.raises((CsvError, TableError)):
        Table.from_csv(text, [Column("a"), Column("b")])


def test_csv_with_the_ends_of_lines_of_others_is_read() -> None:
    table = Table.from_csv("a,b\r\nx,\r\ny,", [Column("a"), Column("b")])
    assert table.rows == [("x", None), ("y", None)]


@pytest.mark.parametrize("text", ["{", "[]", '{"b": 1}'])
def test_text_that_is_not_these_json_lines_is_refused(text: str) -> None:
    with pytest.raises(JsonLinesError, match="line 1"):
        Table.from_jsonl(text, [Column("a")])
