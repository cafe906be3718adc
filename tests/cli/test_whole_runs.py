# SPDX-License-Identifier: BSD-3-Clause
"""The verbs around a run of real processes: plan, check, run, logs, show, clean."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.terminal import Terminal
from tests.cli.test_running import NEPI, Shell

TALKS = """
import nepi
from nepi import linux

with nepi.Experiment("talks", pictures=False) as exp:
    here = exp.add(linux.Node("here"))
    talker = exp.add(linux.Application("echo one; echo two >&2; exit 4", name="talker",
                                       critical=False), on=here)
    exp.deploy()
    exp.wait(talker)
"""

STAYS = """
import nepi
from nepi import linux

with nepi.Experiment("stays", pictures=False) as exp:
    here = exp.add(linux.Node("here"))
    stayer = exp.add(linux.Application("echo here I am; exec sleep 3600", name="stayer"), on=here)
    exp.deploy()
    exp.wait(stayer)
"""

DESCRIPTION = """
nepi: 1
name: described
resources:
  here: {type: linux::Node}
  talker:
    type: linux::Application
    on: here
    attributes: {command: echo hello}
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path)
    (tmp_path / "talks.py").write_text(TALKS)
    (tmp_path / "stays.py").write_text(STAYS)
    (tmp_path / "described.yaml").write_text(DESCRIPTION)
    return made


def test_logs_are_what_a_resource_wrote(shell: Shell) -> None:
    assert shell.nepi("run", "talks.py", "-q").returncode == 0
    assert shell.nepi("logs", "last", "talker").stdout == "one\ntwo\n"
    assert shell.nepi("logs", "talks", "talker", "--trace", "stderr").stdout == "two\n"
    assert shell.nepi("logs", "talks", "talker", "--follow").stdout in {"one\ntwo\n", "two\none\n"}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("talks", "talkre"), "'talker'"),
        (("talks", "talker", "--trace", "stdin"), "stdout"),
        (("walks", "talker"), "walks"),
    ],
)
def test_logs_of_what_is_not_there_name_the_nearest(
    shell: Shell, args: tuple[str, ...], words: str
) -> None:
    shell.nepi("run", "talks.py", "-q")
    done = shell.nepi("logs", *args)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ")
    assert words in done.stderr


def test_show_has_exit_codes_traces_and_failures(shell: Shell) -> None:
    shell.nepi("run", "talks.py", "-q")
    told = json.loads(shell.nepi("show", "last", "--json").stdout)
    _, talker = told["resources"]
    assert (talker["outcome"], talker["exit_code"]) == ("FAILED", 4)
    assert {(trace["name"], trace["size"]) for trace in talker["traces"]} == {
        ("stdout", 4),
        ("stderr", 4),
    }
    assert "exit code 4: two (not critical)" in shell.nepi("show", "last").stdout


def test_a_description_is_checked_planned_and_run(shell: Shell) -> None:
    assert shell.nepi("check", "described.yaml").stdout == "described.yaml is right\n"
    plan = json.loads(shell.nepi("plan", "described.yaml", "--json").stdout)
    assert ("talker", "start") in {(each["resource"], each["step"]) for each in plan["steps"]}
    assert "plan of described" in shell.nepi("plan", "described.yaml").stdout
    assert not (shell.folder / "runs").exists()
    setting = ("--set", "talker.command=echo bye")
    assert shell.nepi("run", "described.yaml", "-q", *setting).returncode == 0
    assert shell.nepi("logs", "last", "talker").stdout == "bye\n"


def test_what_is_wrong_in_a_description_is_told_with_its_place(shell: Shell) -> None:
    (shell.folder / "wrong.yaml").write_text(DESCRIPTION.replace("on: here", "on: heer"))
    for verb in ("check", "plan", "run"):
        done = shell.nepi(verb, "wrong.yaml")
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("error: wrong.yaml:8: resources.talker.on: ")


def test_the_schema_is_printed(shell: Shell) -> None:
    assert "linux::Ping" in json.dumps(json.loads(shell.nepi("schema").stdout))


@contextmanager
def staying(shell: Shell) -> Generator["subprocess.Popen[str]"]:
    """A controller of stays.py, whose process has STARTED; it is killed in the end."""
    with subprocess.Popen(
        [*NEPI, "run", "stays.py", "--events", "-q"],
        cwd=shell.folder,
        env=shell.environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            records = (json.loads(line) for line in process.stdout)
            started = ("reached", 2, "STARTED")
            assert any(
                (record["kind"], record.get("guid"), record.get("state")) == started
                for record in records
            )
            yield process
        finally:
            process.kill()


def interrupt(process: "subprocess.Popen[str]") -> int:
    """Press Ctrl-C, and return what the process ends with."""
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)
    return process.returncode


def orphan(shell: Shell) -> int:
    """Run stays.py and kill its controller; return the process that it leaves."""
    with staying(shell):
        pass
    told = json.loads(shell.nepi("clean", "--dry-run", "--json").stdout)
    (left,) = told["orphans"]
    (pid,) = [each["pid"] for each in left["processes"] if each["command"] == ["sleep", "3600"]]
    return int(pid)


@pytest.fixture
def left(shell: Shell) -> Iterator[int]:
    """A process that a killed controller left; whatever the test does, it ends."""
    yield orphan(shell)
    shell.nepi("clean", "--yes")


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_killed_run_is_orphaned_and_cleaned_after_a_yes(shell: Shell, left: int) -> None:
    assert " orphaned " in shell.nepi("runs").stdout
    refused = shell.nepi("clean")
    assert refused.returncode == 2
    assert alive(left)
    with shell.terminal("clean", columns=160) as terminal:
        shown = terminal.until(lambda text: "Remove it?" in text)
        assert "sleep 3600" in shown
        assert "nepi attach" in shown
        terminal.typed("y\n")
        assert terminal.end() == 0
    assert not alive(left)
    shown = json.loads(shell.nepi("show", "stays", "--json").stdout)
    assert (shown["status"], shown["outcome"]) == ("over", "cleaned")
    assert shell.nepi("logs", "stays", "stayer").stdout == "here I am\n"
    assert "Nothing to clean" in shell.nepi("clean").stdout


def test_cleaning_leaves_a_living_run_alone(shell: Shell, left: int) -> None:
    with staying(shell) as process:
        assert shell.nepi("clean", "--yes").returncode == 0
        assert not alive(left)
        listed = json.loads(shell.nepi("runs", "--json").stdout)["runs"]
        assert [run["status"] for run in listed] == ["over", "living"]
        refused = shell.nepi("clean", listed[1]["run"], "--yes")
        assert refused.returncode == 2
        assert "is living" in refused.stderr
        assert interrupt(process) == 130


def test_logs_are_followed_until_the_run_is_over(shell: Shell) -> None:
    argv = [*NEPI, "logs", "last", "stayer", "-f"]
    with (
        staying(shell) as process,
        Terminal(argv, cwd=shell.folder, environment=shell.environment) as following,
    ):
        following.until(lambda text: "here I am" in text)
        assert interrupt(process) == 130
        assert following.end() == 0


@pytest.fixture
def completing(shell: Shell) -> Callable[[str], list[str]]:
    """What the shell proposes after these words."""

    def propose(words: str) -> list[str]:
        asked = {
            **shell.environment,
            "_NEPI_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split()) - 1),
        }
        argv = [str(Path(sys.executable).with_name("nepi"))]
        done = subprocess.run(
            argv, env=asked, capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout.split()

    return propose


def test_tab_completes_verbs(completing: Callable[[str], list[str]]) -> None:
    assert completing("nepi ru") == ["run", "runs"]
