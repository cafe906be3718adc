# SPDX-License-Identifier: BSD-3-Clause
"""Classic scripts, with real processes on this machine, do what their authors expect."""

import runpy
import shutil
from pathlib import Path
from typing import Any, Protocol

import pytest

from nepi.execution import carrier
from nepi.execution.resource import ResourceState

HERE = Path(__file__).parent / "scripts"


class RunScript(Protocol):
    def __call__(self, name: str) -> dict[str, Any]: ...


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunScript:
    """Run a script as `python SCRIPT` would; return the names it leaves."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("NEPI_LOCAL_DIR", str(tmp_path / "runs"))
    monkeypatch.setattr(carrier, "PICTURED", 0)

    def run_it(name: str) -> dict[str, Any]:
        return runpy.run_path(str(HERE / f"{name}.py"), run_name="__main__")

    return run_it


def test_the_first_experiment(run: RunScript) -> None:
    left = run("ping")

    assert left["states"] == ["STARTED", "STOPPED"]
    assert "3 packets transmitted" in left["output"]
    assert left["size"] == len(left["output"])
    assert Path(left["path"]).read_text() == left["output"]


@pytest.mark.skipif(shutil.which("nc") is None, reason="needs netcat")
def test_a_file_transfer_with_three_conditions(run: RunScript) -> None:
    left = run("netcat_file_transfer")

    assert left["received"] == left["content"]
    assert left["counted"] == len(left["content"])
    assert left["beginning"] == left["content"][100:200]
    assert left["gap"] >= 0.3
    assert left["order"] == sorted(left["order"])
    assert left["names"] == ["STOPPED"] * 4


def test_types_of_the_users_own_among_built_in_ones(run: RunScript) -> None:
    left = run("user_type")

    interfaces, probe = left["interfaces"], left["probe"]
    story: list[str] = left["story"]
    assert sorted(story[:2]) == [f"{guid} finds localhost" for guid in interfaces]
    assert story[2:] == [f"{probe} sees 10500", f"{probe} is released"]
    assert all(left["ready"])
    assert set(left["final"].values()) == {"RELEASED"}


def test_an_interactive_session_in_two_steps(run: RunScript) -> None:
    left = run("two_steps")

    assert (left["failed"], left["aborted"]) == ("FAILED", False)
    assert left["complaint"] == "no luck\n"
    assert left["answer"] == "done\n"
    assert left["stopped"] == ResourceState.STOPPED


def test_a_critical_failure(run: RunScript) -> None:
    left = run("critical_failure")

    broken, steady = left["broken"], left["steady"]
    assert left["seen"] == {broken: ResourceState.FAILED, steady: ResourceState.STARTED}
    assert left["level"]
