# SPDX-License-Identifier: BSD-3-Clause
"""run.json tells where, when and with what a run was made, and no secret."""

import json
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from nepi.runtime import provenance, revision
from nepi.runtime.directory import RunDirectory
from nepi.runtime.provenance import Provenance, versions


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory.create(tmp_path, "x")


def said(run: RunDirectory) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(run.provenance.read_text())
    return data


def git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=me", "-c", "user.email=me@localhost")
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Return a script that is committed to a repository of its own."""
    folder = tmp_path / "repository"
    folder.mkdir()
    script = folder / "script.py"
    script.write_text("1\n")
    git(folder, "init", "--quiet", "--initial-branch=trunk")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "one")
    return script


def test_a_run_tells_where_and_with_what_it_was_made(
    run: RunDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEPI_SOMETHING", "with hunter2")
    Provenance.begin(
        run,
        seeds={"experiment": 7},
        hosts=["b", "a"],
        secrets=["hunter2"],
        argv=["nepi", "run", "--set", "server.word=hunter2"],
    )
    data = said(run)
    assert data["run_id"] == run.run_id
    assert data["exp_id"] == "x"
    assert data["seeds"] == {"experiment": 7}
    assert data["hosts"] == ["a", "b"]
    assert data["command"] == ["nepi", "run", "--set", "server.word=***"]
    assert data["environment"]["NEPI_SOMETHING"] == "with ***"
    assert data["kernel"]["release"] == platform.release()
    assert data["python"]["version"] == platform.python_version()
    assert data["versions"]["nepi7"] == metadata.version("nepi7")
    assert data["outcome"] is None
    assert "hunter2" not in run.provenance.read_text()


def test_the_outcome_and_its_reason_are_added(run: RunDirectory) -> None:
    begun = Provenance.begin(run, secrets=["hunter2"])
    begun.update(engines={"links": "kernel"})
    begun.finish("failed", reason="server: hunter2 refused", resources={"server": "FAILED"})
    data = said(run)
    assert (data["outcome"], data["reason"]) == ("failed", "server: *** refused")
    assert data["engines"] == {"links": "kernel"}
    assert data["resources"] == {"server": "FAILED"}
    assert data["ended"] >= data["started"]


def test_a_run_can_be_gone_on_with(run: RunDirectory) -> None:
    Provenance.begin(run, seeds={"experiment": 7})
    Provenance.reopen(run).finish("cleaned")
    assert said(run)["seeds"] == {"experiment": 7}
    assert said(run)["outcome"] == "cleaned"


def test_the_description_is_identified_by_its_hash(run: RunDirectory) -> None:
    begun = Provenance.begin(run)
    assert said(run)["description_sha256"] is None
    run.write_json("experiment.json", {"name": "x"})
    begun.finish("completed")
    assert len(said(run)["description_sha256"]) == 64


def test_the_commit_of_the_script_is_noted_and_whether_it_was_changed(
    run: RunDirectory, script: Path
) -> None:
    Provenance.begin(run, source=script)
    clean = said(run)["source"]
    assert clean["path"] == str(script)
    assert len(clean["git"]["commit"]) == 40
    assert clean["git"]["branch"] == "trunk"
    assert clean["git"]["dirty"] is False
    (script.parent / "untracked").write_text("")
    script.write_text("2\n")
    Provenance.begin(run, source=script)
    changed = said(run)["source"]
    assert changed["git"]["dirty"] is True
    assert changed["sha256"] != clean["sha256"]


def test_a_repository_without_a_commit_has_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    asked = revision.revision(tmp_path)
    assert asked is not None
    assert asked["commit"] is None


def test_a_script_outside_of_git_has_no_commit(
    run: RunDirectory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    script = tmp_path / "script.py"
    script.write_text("")
    Provenance.begin(run, source=script)
    assert said(run)["source"]["git"] is None


def test_a_machine_without_git_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert revision.revision(tmp_path) is None


def test_git_is_not_waited_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("git", revision.PATIENCE)

    monkeypatch.setattr(subprocess, "run", late)
    assert revision.revision(tmp_path) == {"unknown": "git took longer than 3 s"}


def test_a_source_that_is_no_file_is_left_out(run: RunDirectory) -> None:
    Provenance.begin(run, source=Path("<stdin>"))
    assert said(run)["source"] is None


def test_versions_are_of_what_is_installed_each_named_once() -> None:
    found = versions()
    assert found["attrs"] == metadata.version("attrs")
    assert len({name.lower() for name in found}) == len(found)
    assert "mypy" not in found


def test_nepi_that_is_not_installed_is_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "DISTRIBUTION", "no-such-distribution")
    assert "no-such-distribution" not in versions()


def test_what_is_written_is_private(run: RunDirectory) -> None:
    Provenance.begin(run)
    assert run.provenance.stat().st_mode & 0o077 == 0
