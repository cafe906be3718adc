# SPDX-License-Identifier: BSD-3-Clause
"""Ctrl-C, for real: a script in a process of its own, that SIGINT is sent to."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nepi.experiment.interruption import Interruption
from nepi.runtime.cleaning import orphans, remove
from nepi.runtime.runs import runs

LONG = 40  # seconds: bites only when something is broken

# It says when it waits; the process that it starts ends at once when asked to.
HEEDS = """
import nepi
from nepi import linux

with nepi.Experiment("interrupted", pictures=False) as exp:
    app = exp.add(linux.Application("exec sleep 600", name="app"), on=exp.add(linux.Node("here")))
    exp.deploy()
    exp.wait(app.started)
    print("ready", flush=True)
    exp.wait(app)
"""

# The process heeds no TERM, and the experiment would wait long until it kills it.
IGNORES = """
import nepi
from nepi import linux

with nepi.Experiment("interrupted", pictures=False) as exp:
    command = "trap '' TERM; echo up; while :; do sleep 0.1; done"
    patient = {"stop": None, "release": None}
    app = linux.Application(command, name="app", grace="10 min", timeouts=patient)
    exp.add(app, on=exp.add(linux.Node("here")))
    exp.deploy()
    exp.wait(app.started)
    for _ in app.trace("stdout").follow():
        break
    print("ready", flush=True)
    exp.wait(app)
"""

WITHOUT_WITH = """
import nepi
from nepi import linux

exp = nepi.Experiment("forgotten", pictures=False)
app = exp.add(linux.Application("exec sleep 600", name="app"), on=exp.add(linux.Node("here")))
exp.deploy()
exp.wait(app.started)
print("ready", flush=True)
"""


@contextmanager
def script(text: str, folder: Path) -> Generator["subprocess.Popen[str]"]:
    """Run a script; give it when it has said that it is ready."""
    file = folder / "script.py"
    file.write_text(text)
    process = subprocess.Popen(
        [sys.executable, file],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate(timeout=LONG)
        for orphan in orphans():  # where the test has failed
            remove(orphan)


def line_with(process: "subprocess.Popen[str]", words: str) -> None:
    """Read what *process* says until it says *words*."""
    assert process.stderr is not None
    assert any(words in line for line in process.stderr)


def run_json() -> dict[str, Any]:
    (entry,) = runs()
    said: dict[str, Any] = json.loads((entry.directory / "run.json").read_text())
    return said


def processes_of_the_run() -> list[str]:
    """Return the command lines of the processes that carry the id of the run."""
    (entry,) = runs()
    found: list[str] = []
    for folder in Path("/proc").iterdir():
        try:
            if entry.run_id.encode() in (folder / "environ").read_bytes():
                found.append((folder / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_ctrl_c_releases_everything_in_order(tmp_path: Path) -> None:
    with script(HEEDS, tmp_path) as process:
        assert processes_of_the_run() != []
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=LONG)
    assert "interrupted: releasing everything" in errors
    assert "KeyboardInterrupt" in errors
    assert process.returncode == -signal.SIGINT
    said = run_json()
    assert (said["outcome"], said["resources"]) == (
        "interrupted",
        {"here": "STARTED", "app": "STOPPED"},
    )
    assert processes_of_the_run() == []


def test_a_second_ctrl_c_kills_what_does_not_heed(tmp_path: Path) -> None:
    with script(IGNORES, tmp_path) as process:
        os.kill(process.pid, signal.SIGINT)
        line_with(process, "interrupted: releasing everything")
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=LONG)
    assert "interrupted again: killing" in errors
    assert run_json()["outcome"] == "interrupted"
    assert processes_of_the_run() == []


def test_what_is_never_released_is_released_at_exit(tmp_path: Path) -> None:
    with script(WITHOUT_WITH, tmp_path) as process:
        _, errors = process.communicate(timeout=LONG)
    assert "'forgotten' was not released" in errors
    assert process.returncode == 0
    assert run_json()["outcome"] == "completed"
    assert processes_of_the_run() == []


@pytest.mark.parametrize("block", ["exp.wait(app)", "1 / 0"])
def test_whatever_ends_the_script_no_process_is_left(block: str, tmp_path: Path) -> None:
    text = HEEDS.replace("    exp.wait(app)\n", f"    app.stop()\n    {block}\n")
    with script(text, tmp_path) as process:
        process.communicate(timeout=LONG)
    assert process.returncode == int(block == "1 / 0")
    assert processes_of_the_run() == []


class Pressed:
    """In the place of a life and its services: Ctrl-C is pressed so often while it is released."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.done: list[str] = []
        self.engine = self

    def known(self) -> tuple[int, ...]:
        return (1,)

    def release(self) -> None:
        self.done.append("release")
        if self.left:
            self.left -= 1
            raise KeyboardInterrupt

    def kill(self) -> None:
        self.done.append("kill")

    def cancel(self, guids: tuple[int, ...], *, reason: str) -> None:
        assert (guids, reason) == ((1,), "Ctrl-C")
        self.done.append("cancel")


@pytest.mark.parametrize(
    ("times", "done"),
    [
        (0, ["release"]),
        (1, ["release", "kill", "cancel", "release"]),
        (2, ["release", *["kill", "cancel", "release"] * 2]),
        (9, ["release", *["kill", "cancel", "release"] * 3]),
    ],
)
def test_each_ctrl_c_makes_it_harder_and_in_the_end_it_gives_up(
    times: int, done: list[str]
) -> None:
    pressed: Any = Pressed(times)
    said: list[str] = []
    Interruption(pressed, pressed, said.append).release()
    assert pressed.done == done
    assert said[0].startswith("interrupted: releasing everything")


def test_what_was_pressed_before_counts() -> None:
    pressed: Any = Pressed(0)
    interruption = Interruption(pressed, pressed, list[str]().append)
    interruption.presses = 1  # and the block is left by the next one
    interruption.release()
    assert pressed.done == ["kill", "cancel", "release"]
