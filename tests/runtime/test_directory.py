# SPDX-License-Identifier: BSD-3-Clause
"""The directory of a run: nobody else's, private, and nothing leads out of it."""

import os
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nepi.runtime.directory import RunDirectory, RunDirectoryError, RunExistsError
from nepi.runtime.lock import RunLivingError, is_held
from tests.runtime.test_names import HOSTILE, text_of_any_kind

MOMENT = datetime(2026, 11, 22, 15, 4, 5, 678, tzinfo=UTC)


def frozen_clock() -> datetime:
    return MOMENT


def test_the_run_id_is_the_time_of_creation(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "handover", clock=frozen_clock)
    assert run.run_id == "20261122150405000678"
    assert run.path == tmp_path / "handover" / run.run_id
    assert run.exp_id == "handover"


def test_two_runs_of_the_same_microsecond_never_share(tmp_path: Path) -> None:
    runs: list[RunDirectory] = []
    start = threading.Barrier(8)

    def create_some() -> None:
        start.wait(timeout=10)
        runs.extend(RunDirectory.create(tmp_path, "x", clock=frozen_clock) for _ in range(5))

    threads = [threading.Thread(target=create_some) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len({run.path for run in runs}) == 40
    assert all(run.path.is_dir() and len(run.run_id) == 20 for run in runs)


def test_a_run_made_by_another_process_meanwhile_is_stepped_past(tmp_path: Path) -> None:
    planned = RunDirectory.planned(tmp_path, "x", clock=frozen_clock)
    planned.path.mkdir(parents=True)
    with pytest.raises(RunExistsError, match="another run's"):
        planned.make()
    created = RunDirectory.create(tmp_path, "x", clock=frozen_clock)
    assert created.run_id > planned.run_id


def test_a_given_run_id_that_is_taken_is_refused(tmp_path: Path) -> None:
    RunDirectory.create(tmp_path, "x", "again")
    with pytest.raises(RunExistsError):
        RunDirectory.create(tmp_path, "x", "again")


def test_planning_a_run_touches_nothing(tmp_path: Path) -> None:
    run = RunDirectory.planned(tmp_path / "runs", "x")
    assert run.trace("server", 3, "stdout").parent == run.resource_path("server", 3)
    assert list(tmp_path.iterdir()) == []
    run.make()
    assert run.path.is_dir()


def test_only_the_owner_may_look_into_a_run(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path, "x") as run:
        run.write_json("run.json", {"a": 1})
        private = [run.path, run.resource("server", 3), run.tables]
        assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o700}
        files = [run.provenance, run.lock]
        assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_a_run_is_living_until_it_is_closed(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path, "x")
    assert is_held(run.lock)
    with pytest.raises(RunLivingError, match=str(os.getpid())):
        RunDirectory.open(run.path).hold()
    run.close()
    run.close()
    assert not is_held(run.lock)
    again = RunDirectory.open(run.path)
    again.hold()
    again.hold()
    assert is_held(run.lock)
    again.close()


def test_last_leads_to_the_latest_run(tmp_path: Path) -> None:
    RunDirectory.create(tmp_path, "x")
    latest = RunDirectory.create(tmp_path, "x")
    assert (tmp_path / "x" / "last").resolve() == latest.path.resolve()


def test_a_file_named_last_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "last").write_text("mine")
    run = RunDirectory.create(tmp_path, "x")
    assert (tmp_path / "x" / "last").read_text() == "mine"
    assert {path.name for path in run.path.parent.iterdir()} == {"last", run.run_id}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=text_of_any_kind, file=text_of_any_kind, guid=st.integers(1, 10**9))
def test_no_name_leads_out_of_the_run(tmp_path: Path, name: str, file: str, guid: int) -> None:
    run = RunDirectory(tmp_path / "run")
    run.path.mkdir(exist_ok=True)
    folder = run.resource(name, guid)
    assert folder.parent == run.path
    assert folder.is_dir()
    trace = run.trace(name, guid, file)
    assert trace.parent == folder
    trace.write_bytes(b"")
    assert trace.resolve().is_relative_to(run.path.resolve())


@given(st.lists(text_of_any_kind, min_size=2, max_size=20))
def test_resources_never_share_a_folder(names: list[str]) -> None:
    run = RunDirectory(Path("/run"))
    paths = {run.resource_path(name, guid) for guid, name in enumerate(names, start=1)}
    assert len(paths) == len(names)


@given(one=text_of_any_kind, other=text_of_any_kind)
def test_traces_of_a_resource_never_share_a_file(one: str, other: str) -> None:
    run = RunDirectory(Path("/run"))
    assert (run.trace("a", 1, one) == run.trace("a", 1, other)) == (one == other)


@pytest.mark.parametrize("exp_id", HOSTILE)
def test_no_experiment_name_leads_out_of_the_local_directory(tmp_path: Path, exp_id: str) -> None:
    local = tmp_path / "local"
    with RunDirectory.create(local, exp_id) as run:
        assert run.path.parent.parent == local
        assert run.exp_id == exp_id
    assert [path.name for path in tmp_path.iterdir()] == ["local"]


def test_a_directory_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError, match=r"local_dir=\.\.\."):
        RunDirectory.create(tmp_path / "file", "x")


@pytest.mark.root
def test_somebody_elses_directory_in_a_shared_place_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o1777)
    (tmp_path / "x").mkdir()
    os.chown(tmp_path / "x", 12345, 12345)
    with pytest.raises(RunDirectoryError, match="somebody else"):
        RunDirectory.create(tmp_path, "x")


def test_opening_tells_which_experiment_it_was(tmp_path: Path) -> None:
    with RunDirectory.create(tmp_path, "a/b") as run:
        run.write_json("run.json", {"exp_id": "a/b"})
    opened = RunDirectory.open(run.path)
    assert (opened.exp_id, opened.run_id) == ("a/b", run.run_id)
    with pytest.raises(RunDirectoryError, match="there is no directory"):
        RunDirectory.open(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"{", "is not JSON"), (b"[1]", "JSON object"), (b"\xff", "is not JSON")],
)
def test_a_broken_small_file_is_named(tmp_path: Path, content: bytes, complaint: str) -> None:
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(RunDirectoryError, match=complaint):
        RunDirectory(tmp_path).read_json("run.json")
    with pytest.raises(RunDirectoryError, match="cannot read"):
        RunDirectory(tmp_path).read_json("experiment.json")
