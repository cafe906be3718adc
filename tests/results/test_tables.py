# SPDX-License-Identifier: BSD-3-Clause
"""What resources measured is in the run's directory, on one clock, and comes back the same."""

import json
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nepi.results import Column, TableError, Tables, kinds, load_table
from nepi.runtime.directory import RunDirectory

ZERO = 1_700_000_000.0


@attrs.frozen
class Reply:
    """One answer, and when it came."""

    sequence: int
    rtt: float | None = attrs.field(metadata={"unit": "s", "help": "Round-trip time"})
    time: float | None = None


@attrs.frozen
class Summary:
    """What has no time."""

    loss: float = attrs.field(metadata={"unit": "%"})


@attrs.frozen
class Greedy:
    """Wants a name that is taken."""

    guid: int


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path, "x", "20231114221320000000")


def test_every_row_says_of_which_run_and_resource_it_is_and_when(run: RunDirectory) -> None:
    tables = Tables(run, ZERO)
    tables.add("ping", [Reply(1, 0.001, ZERO + 0.25)], resource="here", guid=3)
    tables.add("ping", [Reply(1, None)], resource="there", guid=4)
    tables.add("loss", [Summary(0.5)], resource="here", guid=3)
    assert tables.kinds() == ["loss", "ping"]
    assert tables.table("ping").rows == [
        (run.run_id, "here", 3, 0.25, "2023-11-14T22:13:20.250000+00:00", 1, 0.001),
        (run.run_id, "there", 4, None, None, 1, None),
    ]
    assert tables.table("ping").columns[-1] == Column("rtt", "float", "s", "Round-trip time")


def test_tables_are_saved_described_and_loaded_again(run: RunDirectory) -> None:
    tables = Tables(run, ZERO)
    tables.add("ping", [Reply(1, 0.001, ZERO)], resource="here", guid=3)
    saved = tables.save()
    assert [path.name for path in saved] == ["ping.csv", "ping.jsonl"]
    assert kinds(run.path) == ["ping"]
    assert load_table(run.path, "ping") == tables.table("ping")
    package = json.loads((run.tables / "datapackage.json").read_text())
    fields = package["resources"][0]["schema"]["fields"]
    assert fields[-1] == {
        "name": "rtt",
        "type": "number",
        "unit": "s",
        "description": "Round-trip time",
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.text(),
    names=st.lists(st.text(), max_size=3),
    records=st.lists(st.builds(Reply, st.integers(), st.none() | st.floats(), st.none())),
)
def test_any_records_of_any_names_come_back(
    run: RunDirectory, kind: str, names: list[str], records: list[Reply]
) -> None:
    tables = Tables(run, ZERO)
    for guid, name in enumerate(names, 1):
        tables.add(kind, records, resource=name, guid=guid)
    if paths := tables.save():
        first = [path.read_bytes() for path in paths]
        loaded = load_table(run.path, kind)
        assert loaded == tables.table(kind)
        assert [loaded.csv().encode(), loaded.jsonl().encode()] == first
        assert {path.parent for path in paths} == {run.tables}


def test_nothing_measured_leaves_nothing(run: RunDirectory) -> None:
    assert Tables(run, ZERO).save() == []
    assert not (run.path / "tables").exists()
    assert kinds(run.path) == []
    with pytest.raises(TableError, match="nothing was measured"):
        load_table(run.path, "ping")


def test_a_kind_that_is_not_there_names_those_that_are(run: RunDirectory) -> None:
    tables = Tables(run, ZERO)
    tables.add("ping", [Reply(1, 0.001)], resource="here", guid=3)
    tables.save()
    with pytest.raises(TableError, match="no table 'pong'; there is ping"):
        tables.table("pong")
    with pytest.raises(TableError, match="no table 'pong'; there is ping"):
        load_table(run.path, "pong")


def test_one_kind_is_of_one_class(run: RunDirectory) -> None:
    tables = Tables(run, ZERO)
    tables.add("ping", [Reply(1, 0.001)], resource="here", guid=3)
    with pytest.raises(TableError, match="one class for one kind"):
        tables.add("ping", [Summary(1.0)], resource="here", guid=3)


def test_names_that_every_table_has_are_taken(run: RunDirectory) -> None:
    with pytest.raises(TableError, match=r"every table has: \['guid'\]"):
        Tables(run, ZERO).add("ping", [Greedy(1)], resource="here", guid=3)
