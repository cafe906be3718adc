# SPDX-License-Identifier: BSD-3-Clause
"""The asking; what is found and removed is tested with nepi.runtime.cleaning."""

import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nepi.cli import cleaning
from nepi.cli.verbs import CommandLineError
from nepi.hosts.leftovers import LeftoverProcess, Leftovers, Removed
from nepi.hosts.record import AgentRecord
from nepi.runtime.cleaning import Cleaned, Orphan
from nepi.runtime.directory import RunDirectory
from nepi.runtime.runs import RunEntry, RunStatus, register


class Answers(io.StringIO):
    """Somebody at a terminal."""

    def isatty(self) -> bool:
        return True


def orphan(run_id: str = "20261122", *, host: str = "") -> Orphan:
    entry = RunEntry(
        run_id,
        "handover",
        Path("/runs") / run_id,
        datetime(2026, 11, 22, tzinfo=UTC),
        RunStatus.ORPHANED,
        host=host,
    )
    record = AgentRecord(run=run_id, directory=Path("/tmp/nepi-0/abc"))  # noqa: S108 - not made
    process = LeftoverProcess(123, 1, ("nc", "-l", "9000"))
    left = Leftovers(record, (process,), record.directory, alive=True)
    return Orphan(entry, () if host else (left,))


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs that were removed; two are orphaned, one of them of another machine."""
    gone: list[str] = []

    def remove(orphan: Orphan) -> Cleaned:
        gone.append(orphan.entry.run_id)
        return Cleaned(orphan.entry, (Removed(ended=(123,)),))

    monkeypatch.setattr(cleaning, "orphans", lambda: [orphan(), orphan("20261123", host="mars")])
    monkeypatch.setattr(cleaning, "remove", remove)
    return gone


def clean(*, dry_run: bool = False, yes: bool = False, as_json: bool = False) -> int:
    return cleaning.clean([], dry_run=dry_run, yes=yes, as_json=as_json)


def test_without_a_yes_and_a_terminal_nothing_is_touched(
    removed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert clean() == 2
    assert removed == []
    assert "--yes" in capsys.readouterr().err


def test_json_is_for_programs_which_are_not_asked(
    removed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Answers("y\n"))
    assert clean(as_json=True) == 2
    assert removed == []


@pytest.mark.parametrize(("answer", "gone"), [("y\n", ["20261122"]), ("n\n", []), ("\n", [])])
def test_at_a_terminal_one_is_asked(
    answer: str, gone: list[str], removed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Answers(answer))
    assert clean() == 0
    assert removed == gone


def test_a_yes_on_the_command_line_is_enough(
    removed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert clean(yes=True) == 0
    assert removed == ["20261122"]
    assert "20261122: ended 1 process, its results stay in" in capsys.readouterr().out


def test_many_runs_that_left_nothing_take_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = [Orphan(orphan(f"2026-{n}").entry, ()) for n in range(12)]

    def remove(one: Orphan) -> Cleaned:
        return Cleaned(one.entry, (Removed(ended=(123,)),) if one.leftovers else ())

    monkeypatch.setattr(cleaning, "orphans", lambda: [orphan(), *bare])
    monkeypatch.setattr(cleaning, "remove", remove)
    assert clean(yes=True) == 0
    told = capsys.readouterr().out
    assert "12 orphaned runs left nothing but their entry" in told
    assert "20261122: ended 1 process" in told
    assert "12 more runs had nothing to end" in told
    assert "2026-3" not in told


def test_a_dry_run_shows_and_touches_nothing(
    removed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert clean(dry_run=True) == 0
    assert removed == []
    told = capsys.readouterr().out
    assert "1 process, 1 agent's directory" in told
    assert "nc -l 9000" in told
    assert "run nepi clean there" in told
    assert "nepi attach" in told


def test_what_is_removed_is_told_to_programs(
    removed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert clean(yes=True, as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["run"] for each in told["orphans"]] == ["20261122", "20261123"]
    assert told["cleaned"] == [{"run": removed[0], "ended": 1, "remaining": []}]


def test_processes_that_cannot_be_ended_make_it_fail(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = orphan()
    monkeypatch.setattr(cleaning, "orphans", lambda: [found])
    still_there = Cleaned(found.entry, (Removed(remaining=(123,)),))
    monkeypatch.setattr(cleaning, "remove", {found: still_there}.__getitem__)
    assert clean(yes=True) == 1
    assert "these go on" in capsys.readouterr().out


def test_a_run_that_lives_is_not_cleaned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with RunDirectory.create(tmp_path, "living") as run:
        register(run)
        with pytest.raises(CommandLineError, match="is living"):
            cleaning.clean(["living"], dry_run=False, yes=True, as_json=False)


def test_with_no_orphans_there_is_nothing_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cleaning, "orphans", list)
    assert clean() == 0
    assert capsys.readouterr().out == "Nothing to clean: no run is orphaned.\n"
