# SPDX-License-Identifier: BSD-3-Clause
"""The register of runs: written before anything is made, read whatever is in it."""

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nepi.runtime import runs as runs_module
from nepi.runtime.directory import RunDirectory
from nepi.runtime.entries import registry_dir
from nepi.runtime.runs import (
    Registration,
    RunEntry,
    RunsError,
    RunStatus,
    entry_of,
    forget,
    register,
    runs,
    survey,
)

CONTROLLER = """
import sys
from nepi.runtime.directory import RunDirectory
from nepi.runtime.runs import register
run = RunDirectory.create(sys.argv[1], "handover")
register(run).record_agent({"keeper": 17})
print(run.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def local(registry: Path, tmp_path: Path) -> Path:
    assert not registry.exists()
    return tmp_path / "local"


def only_run() -> RunEntry:
    (entry,) = runs()
    return entry


def rewritten(file: Path, **changes: object) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_a_run_is_living_then_over(local: Path) -> None:
    run = RunDirectory.create(local, "handover")
    registration = register(run)
    entry = only_run()
    assert (entry.run_id, entry.exp_id, entry.directory) == (run.run_id, "handover", run.path)
    assert entry.status is RunStatus.LIVING
    assert entry.here
    assert entry.exists
    assert entry.ended is None
    registration.outcome("failed", reason="server: it broke")
    run.close()
    entry = only_run()
    assert entry.status is RunStatus.OVER
    assert (entry.outcome, entry.reason) == ("failed", "server: it broke")
    assert entry.ended is not None
    assert entry.ended >= entry.started


def test_a_run_whose_controller_was_killed_is_orphaned_and_tells_what_it_made(local: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CONTROLLER, str(local)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        path = Path(process.stdout.readline().strip())
        assert only_run().status is RunStatus.LIVING
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
    entry = only_run()
    assert entry.status is RunStatus.ORPHANED
    assert entry.directory == path
    assert entry.agents == ({"keeper": 17},)


def test_a_run_whose_directory_was_moved_is_living_while_its_controller_is(local: Path) -> None:
    run = RunDirectory.create(local, "x")
    registration = register(run)
    shutil.move(run.path, local / "elsewhere")
    assert only_run().status is RunStatus.LIVING
    assert not only_run().exists
    rewritten(registration.file, controller={"pid": os.getpid(), "start_time": 1})
    assert only_run().status is RunStatus.ORPHANED


def test_a_run_that_is_registered_and_not_made_yet_is_living(local: Path) -> None:
    run = RunDirectory.planned(local, "x")
    register(run)
    assert only_run().status is RunStatus.LIVING
    run.path.mkdir(parents=True)
    assert only_run().status is RunStatus.LIVING


def test_the_directory_is_believed_when_the_entry_was_not_finished(local: Path) -> None:
    with RunDirectory.create(local, "x") as run:
        register(run)
        run.write_json("run.json", {"outcome": "completed"})
    assert only_run().status is RunStatus.OVER


def test_entries_are_private(local: Path, registry: Path) -> None:
    file = register(RunDirectory.create(local, "x")).file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(registry.stat().st_mode) == 0o700


def test_agents_are_recorded_once_each(local: Path) -> None:
    run = RunDirectory.create(local, "x")
    registration = register(run)
    for pid in (1, 2, 1):
        registration.record_agent({"keeper": pid})
    assert [agent["keeper"] for agent in only_run().agents] == [1, 2]


def test_a_registration_can_be_gone_on_with(local: Path) -> None:
    with RunDirectory.create(local, "x") as run:
        file = register(run).file
        rewritten(file, controller={"pid": 1, "start_time": 1}, host="elsewhere")
    assert not only_run().here
    again = Registration.of(only_run())
    again.taken_over()
    assert json.loads(file.read_text())["controller"]["pid"] == os.getpid()
    assert only_run().here


def test_runs_of_the_same_id_in_different_places_have_entries_of_their_own(local: Path) -> None:
    for place in ("a", "b"):
        register(RunDirectory.create(local / place, "x", "one"))
    assert len(runs()) == 2


def test_no_runs_are_no_trouble(registry: Path) -> None:
    assert runs() == []
    registry.parent.mkdir(parents=True)
    registry.write_text("a file where the folder should be")
    assert runs() == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is not JSON"),
        ('{"format": 1, "run_id": "x"', "is not JSON"),
        ("[]", "should hold a JSON object"),
        ('{"format": 99}', "has format 99"),
        ('{"format": 1}', "has no proper agents"),
        ("\udcff", "is not JSON"),
    ],
)
def test_an_entry_that_is_none_is_listed_with_the_reason(
    local: Path, registry: Path, content: str, reason: str
) -> None:
    register(RunDirectory.create(local, "x"))
    bad = registry / "bad.json"
    bad.write_bytes(content.encode("utf-8", "surrogateescape"))
    found = survey()
    assert len(found.runs) == 1
    (unreadable,) = found.unreadable
    assert unreadable.file == bad
    assert reason in unreadable.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"started": "yesterday"},
        {"directory": 5},
        {"agents": None},
        {"controller": "me", "directory": "/nowhere"},
        {"controller": {}, "directory": "/nowhere", "boot_id": {}},
        {"run_id": 7},
        {"started": None},
        {"directory": "/\0"},
    ],
)
def test_values_that_make_no_sense_are_listed_too(local: Path, changes: dict[str, object]) -> None:
    with RunDirectory.create(local, "x") as run:
        rewritten(register(run).file, **changes)
    found = survey()
    assert found.runs == ()
    assert len(found.unreadable) == 1


def test_a_folder_and_a_dead_link_among_the_entries_are_listed(registry: Path) -> None:
    (registry / "folder").mkdir(parents=True)
    (registry / "link.json").symlink_to("nowhere")
    assert {one.file.name for one in survey().unreadable} == {"folder", "link.json"}


def test_an_entry_that_is_being_written_is_passed_over(registry: Path) -> None:
    registry.mkdir(parents=True)
    (registry / ".x.json.1.0.tmp").write_text("{")
    assert survey() == runs_module.Survey((), ())


@pytest.mark.root
def test_somebody_elses_entry_is_not_believed(local: Path) -> None:
    file = register(RunDirectory.create(local, "x")).file
    os.chown(file, 12345, 12345)
    assert "belongs to user 12345" in survey().unreadable[0].reason


def test_a_relative_state_directory_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/me")
    assert registry_dir() == Path("/home/me/.local/state/nepi/runs")


def test_a_register_that_cannot_be_written_says_what_to_do(
    local: Path, registry: Path, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(RunsError, match="Set XDG_STATE_HOME"):
        register(RunDirectory.create(local, "x"))
    assert not registry.exists()


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="wants a read-only file system: proc")
def test_a_register_on_a_read_only_file_system_says_what_to_do(
    local: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RunDirectory.create(local, "x")
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nepi")
    with pytest.raises(RunsError, match="Set XDG_STATE_HOME"):
        register(run)


def test_only_a_run_that_is_over_is_forgotten(local: Path) -> None:
    run = RunDirectory.create(local, "x")
    registration = register(run)
    with pytest.raises(RunsError, match="living"):
        forget(only_run())
    registration.outcome("completed")
    entry = only_run()
    forget(entry)
    forget(entry)
    assert runs() == []
    assert run.path.is_dir()


def test_a_directory_that_is_not_registered_tells_of_itself(local: Path) -> None:
    with RunDirectory.create(local, "x") as run:
        facts = {"started": "2026-11-22T15:00:00+00:00", "outcome": "completed", "exp_id": "y"}
        run.write_json("run.json", facts)
        entry = entry_of(run.path)
        assert (entry.exp_id, entry.status) == ("y", RunStatus.OVER)
        with pytest.raises(RunsError, match="not registered"):
            Registration.of(entry)
        register(run)
        (local / "link").symlink_to(run.path)
        assert entry_of(run.path).file is not None


def test_a_thousand_runs_are_listed_in_their_order(local: Path) -> None:
    made = [RunDirectory.planned(local, "x") for _ in range(1000)]
    for run in made:
        register(run)
    listed = runs()
    assert [entry.run_id for entry in listed] == [run.run_id for run in made]
