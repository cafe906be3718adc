# SPDX-License-Identifier: BSD-3-Clause
"""A run is found by whatever names it alone; else the message names the candidates."""

from pathlib import Path

import pytest

from nepi.runtime.directory import RunDirectory
from nepi.runtime.finding import AmbiguousRunError, UnknownRunError, find
from nepi.runtime.runs import register

NAMES = [("handover", "2026-a-1"), ("handover", "2026-a-2"), ("sweep", "2027-b-1")]


@pytest.fixture
def made(registry: Path, tmp_path: Path) -> list[RunDirectory]:
    assert not registry.exists()
    made = [RunDirectory.create(tmp_path, name, run_id) for name, run_id in NAMES]
    for run in made:
        register(run)
    return made


@pytest.mark.parametrize(
    ("text", "index"),
    [("2026-a-1", 0), ("2027", 2), ("last", 2), ("handover", 1), ("sweep", 2)],
)
def test_a_run_is_found(made: list[RunDirectory], text: str, index: int) -> None:
    assert find(text).directory == made[index].path


def test_a_run_is_found_by_its_directory(
    made: list[RunDirectory], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find(str(made[0].path)).run_id == "2026-a-1"
    assert find(str(tmp_path / "handover" / "last")).run_id == "2026-a-2"
    monkeypatch.chdir(made[0].path.parent)
    assert find("./2026-a-1").run_id == "2026-a-1"


def test_a_beginning_of_several_is_refused_and_they_are_named(made: list[RunDirectory]) -> None:
    with pytest.raises(AmbiguousRunError, match="any of 2 runs") as caught:
        find("2026-a")
    assert str(made[0].path) in str(caught.value)
    assert str(made[1].path) in str(caught.value)


def test_of_very_many_candidates_the_latest_are_named(registry: Path, tmp_path: Path) -> None:
    assert not registry.exists()
    for number in range(20):
        register(RunDirectory.planned(tmp_path, "x", f"20-{number:02}"))
    with pytest.raises(AmbiguousRunError, match="and 14 earlier") as caught:
        find("20-")
    assert "20-19" in str(caught.value)


def test_the_same_id_in_two_places_is_refused(made: list[RunDirectory], tmp_path: Path) -> None:
    register(RunDirectory.create(tmp_path / "other", "handover", made[0].run_id))
    with pytest.raises(AmbiguousRunError, match="the directory"):
        find(made[0].run_id)


def test_a_mistyped_name_names_the_nearest(made: list[RunDirectory]) -> None:
    with pytest.raises(UnknownRunError, match="the nearest are") as caught:
        find("handovr")
    assert made[1].run_id in str(caught.value)
    assert "sweep" not in str(caught.value)


@pytest.mark.parametrize("text", ["zzzzzzzzzzz", "a\0b", "/nowhere/at/all"])
def test_what_is_like_nothing_names_the_latest(made: list[RunDirectory], text: str) -> None:
    with pytest.raises(UnknownRunError, match="the latest are") as caught:
        find(text)
    assert made[2].run_id in str(caught.value)


def test_a_directory_that_is_none_of_a_run_is_refused(
    made: list[RunDirectory], tmp_path: Path
) -> None:
    assert made
    with pytest.raises(UnknownRunError, match="is not the directory of a run"):
        find(str(tmp_path))
    (tmp_path / "run.json").write_text('{"started": "never"}')
    with pytest.raises(UnknownRunError, match="is not the directory of a run"):
        find(str(tmp_path))


@pytest.mark.parametrize(("text", "said"), [("last", "none was made"), ("x", "none was made")])
def test_without_runs_that_is_said(registry: Path, text: str, said: str) -> None:
    assert not registry.exists()
    with pytest.raises(UnknownRunError, match=said):
        find(text)


def test_nothing_finds_nothing(made: list[RunDirectory]) -> None:
    assert made
    with pytest.raises(UnknownRunError, match="name a run"):
        find("")


def test_a_run_of_the_current_directory_is_found(
    made: list[RunDirectory], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(made[0].path)
    assert find(".").directory.samefile(made[0].path)
