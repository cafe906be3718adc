# SPDX-License-Identifier: BSD-3-Clause
"""`nepi run` as a user knows it: in processes of its own, with and without a terminal."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import Terminal

NEPI = [sys.executable, "-c", "from nepi.cli import main; main()"]

TYPES = '''
import asyncio

from nepi.experiment import Experiment
from nepi.resource import Resource, attribute, resource


@resource("shown::Job")
class Job(Resource):
    """Ends when it is told to, or after a while."""

    lasts: float = attribute(default=0.01, unit="s", help="How long")
    fails: bool = attribute(default=False, help="Whether it fails")

    async def do_start(self) -> None:
        pass

    async def finished(self) -> None:
        await asyncio.sleep(self.lasts)
        if self.fails:
            raise RuntimeError("the command ended with exit code 3")
'''

GOOD = """
import sys
from jobs import *

with Experiment("good", pictures=False) as exp:
    server = exp.add(Job(name="server"))
    client = exp.add(Job(name="client"))
    client.start.after(server.started)
    exp.deploy()
    exp.wait()
    print("arguments", sys.argv[1:], __name__)
"""

BAD = """
from jobs import *

with Experiment("bad", pictures=False) as exp:
    job = exp.add(Job(name="job", fails=True))
    exp.deploy()
    exp.wait()
"""

ENDLESS = """
from jobs import *

with Experiment("endless", pictures=False) as exp:
    job = exp.add(Job(name="job", lasts=3600))
    exp.deploy()
    print("deployed", flush=True)
    exp.wait()
"""


class Shell:
    """A folder with scripts, and `nepi` in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        state, runs = str(folder / "state"), str(folder / "runs")
        self.environment: Mapping[str, str] = {
            **os.environ,
            "XDG_STATE_HOME": state,
            "NEPI_LOCAL_DIR": runs,
        }
        for name, text in (("jobs", TYPES), ("good", GOOD), ("bad", BAD), ("endless", ENDLESS)):
            (folder / f"{name}.py").write_text(text)

    def nepi(self, *args: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*NEPI, *args],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def terminal(self, *args: str, columns: int = 100, lines: int = 30) -> Terminal:
        return Terminal(
            [*NEPI, *args],
            cwd=self.folder,
            environment=self.environment,
            columns=columns,
            lines=lines,
        )


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_without_a_terminal_there_are_plain_lines_and_a_table(shell: Shell) -> None:
    done = shell.nepi("run", "good.py", "--", "--fast", "x")
    assert done.returncode == 0
    assert done.stderr == ""
    assert "\x1b" not in done.stdout
    assert "arguments ['--fast', 'x'] __main__" in done.stdout, done.stdout
    assert re.search(
        r"^\d\d:\d\d:\d\d\.\d{3}  +t=\d\.\d{3}  [^:]*server[^:]*: STOPPED$",
        done.stdout,
        re.MULTILINE,
    )
    assert re.search(r"^client +shown::Job +STOPPED +t = 0\.\d+ s", done.stdout, re.MULTILINE)
    (results,) = re.findall(r"^Results: (.*)$", done.stdout, re.MULTILINE)
    assert (Path(results) / "events.jsonl").exists()


def test_quiet_leaves_what_the_script_prints(shell: Shell) -> None:
    done = shell.nepi("run", "--quiet", "good.py")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "arguments [] __main__\n"


def test_json_is_one_object_and_nothing_else_on_stdout(shell: Shell) -> None:
    done = shell.nepi("run", "good.py", "--json", "--quiet")
    told = json.loads(done.stdout)
    assert (told["kind"], told["exit_code"], told["error"]) == ("result", 0, None)
    (run,) = told["runs"]
    assert run["outcome"] == "completed"
    assert [each["outcome"] for each in run["resources"]] == ["STOPPED", "STOPPED"]
    assert done.stderr == "arguments [] __main__\n"


def test_events_are_told_one_json_object_a_line(shell: Shell) -> None:
    done = shell.nepi("run", "good.py", "--events", "--quiet")
    told: list[dict[str, Any]] = [json.loads(line) for line in done.stdout.splitlines()]
    assert told[-1]["kind"] == "result"
    reached = [(each["guid"], each["state"]) for each in told if each["kind"] == "reached"]
    assert {(1, "STARTED"), (1, "STOPPED"), (2, "STARTED"), (2, "RELEASED")} <= set(reached)
    assert {each["run"] for each in told[:-1]} == {told[-1]["runs"][0]["run"]}


def test_a_failed_experiment_is_1_and_says_which_resource(shell: Shell) -> None:
    done = shell.nepi("run", "bad.py", "-q")
    assert done.returncode == 1
    assert done.stderr.startswith("error: bad.py:7: shown::Job 'job' failed: ")
    assert "Traceback" not in done.stderr


def test_a_failure_is_told_to_programs_too(shell: Shell) -> None:
    told = json.loads(shell.nepi("run", "bad.py", "--json").stdout)
    assert told["exit_code"] == 1
    assert "'job' failed" in told["error"]
    assert told["runs"][0]["resources"][0]["failure"] == "the command ended with exit code 3"


def test_a_failure_that_the_script_swallows_is_1_all_the_same(shell: Shell) -> None:
    text = BAD.replace("    exp.wait()", "    try:\n        exp.wait()\n    except Exception: pass")
    (shell.folder / "swallows.py").write_text(text)
    done = shell.nepi("run", "swallows.py", "-q")
    assert done.returncode == 1
    assert "bad was aborted: job: " in done.stderr


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Job(name='a', lsats=3)", "did you mean 'lasts'?"),
        ("Job(name='a', lasts='3 parsec')", "parsec"),
        ("Job(name='server')", "'server' already"),
    ],
)
def test_what_is_wrong_in_a_script_is_2_with_the_line(shell: Shell, line: str, words: str) -> None:
    text = GOOD.replace("    client.start", f"    exp.add({line})\n    client.start")
    (shell.folder / "wrong.py").write_text(text)
    done = shell.nepi("run", "wrong.py", "-q")
    assert done.returncode == 2
    assert done.stderr.startswith("error: wrong.py:8: ")
    assert words in done.stderr
    assert not (shell.folder / "runs").exists()


def test_an_error_of_the_script_itself_keeps_its_traceback(shell: Shell) -> None:
    (shell.folder / "wrong.py").write_text("def f():\n    return 1 / 0\n\nf()\n")
    done = shell.nepi("run", "wrong.py")
    assert done.returncode == 1
    assert done.stderr.startswith("Traceback")
    assert done.stderr.count("File ") == 2
    assert "ZeroDivisionError" in done.stderr


def test_a_script_with_a_mistake_in_its_syntax_is_told_as_python_does(shell: Shell) -> None:
    (shell.folder / "wrong.py").write_text("print('hello'\n")
    done = shell.nepi("run", "wrong.py")
    assert done.returncode == 1
    assert done.stderr.startswith('  File "wrong.py", line 1')
    assert "SyntaxError" in done.stderr


def test_a_step_whose_code_is_wrong_is_told_with_where(shell: Shell) -> None:
    """Its author needs the traceback; who runs it, the message."""
    text = "    async def do_start(self) -> None:\n        self.nothing.there\n\n"
    wrong = TYPES.replace("    async def do_start(self) -> None:\n        pass\n\n", text)
    (shell.folder / "jobs.py").write_text(wrong)
    done = shell.nepi("run", "good.py", "-q")
    assert done.returncode == 1
    assert "self.nothing.there" in done.stderr
    assert "in do_start" in done.stderr
    assert "error: good.py:10: " in done.stderr


def test_other_files_are_not_run(shell: Shell) -> None:
    (shell.folder / "notes.txt").write_text("print('hello')\n")
    done = shell.nepi("run", "notes.txt")
    assert (done.returncode, done.stdout) == (2, "")
    assert "neither a script (.py) nor a description" in done.stderr


def test_a_script_chooses_its_exit_code(shell: Shell) -> None:
    (shell.folder / "exits.py").write_text("import sys\nsys.exit(7)\n")
    assert shell.nepi("run", "exits.py").returncode == 7
    (shell.folder / "exits.py").write_text("import sys\nsys.exit('no licence')\n")
    done = shell.nepi("run", "exits.py")
    assert (done.returncode, done.stderr) == (1, "error: no licence\n")


def test_set_changes_an_attribute_of_a_script(shell: Shell) -> None:
    done = shell.nepi("run", "good.py", "-q", "--set", "client.fails=true")
    assert done.returncode == 1
    assert "'client' failed" in done.stderr


def test_set_of_something_unknown_names_the_nearest(shell: Shell) -> None:
    done = shell.nepi("run", "good.py", "-q", "--set", "clint.fails=true")
    assert done.returncode == 2
    assert "client.fails" in done.stderr


def test_an_experiment_that_nobody_releases_is_released(shell: Shell) -> None:
    text = GOOD.replace("with Experiment", "exp = Experiment").replace(" as exp:", "")
    (shell.folder / "leaves.py").write_text(text.replace("\n    ", "\n"))
    done = shell.nepi("run", "leaves.py")
    assert done.returncode == 0
    assert "client: RELEASED" in done.stdout or "client, server: RELEASED" in done.stdout


def test_on_a_terminal_the_picture_is_kept_up_to_date(shell: Shell) -> None:
    with shell.terminal("run", "endless.py") as terminal:
        shown = terminal.until(lambda text: re.search(r"job +shown::Job +STARTED", text))
        assert shown.startswith("deployed\nendless  t = ")
        assert not terminal.glass.cursor_shown
        terminal.process.send_signal(signal.SIGINT)
        code = terminal.end()
        shown = terminal.glass.text
    assert code == 130
    assert terminal.glass.cursor_shown
    assert "interrupted: releasing everything" in shown
    assert re.search(r"^job +shown::Job +STARTED +t = 0\.\d+ s", shown, re.MULTILINE)
    assert "error: interrupted" in shown
    # What was painted is gone: one table is left, and nothing between it and what was printed.
    assert shown.count("resource") == 1


def test_who_is_asked_by_a_script_can_answer(shell: Shell) -> None:
    asks = ENDLESS.replace("exp.wait()", "print('hello', input('Name? '))\n    job.stop()")
    (shell.folder / "asks.py").write_text(asks)
    with shell.terminal("run", "asks.py") as terminal:
        shown = terminal.until(lambda text: text.endswith("Name?"))
        assert "shown::Job" not in shown
        terminal.typed("Bob\n")
        assert terminal.end() == 0
    assert "Name? Bob\nhello Bob\n" in terminal.glass.text


def test_what_programs_of_the_script_print_stays_above_the_picture(shell: Shell) -> None:
    prints = "import os\n" + ENDLESS.replace(
        "exp.wait()", "os.system('echo from a child')\n    exp.wait()"
    )
    (shell.folder / "prints.py").write_text(prints)
    with shell.terminal("run", "prints.py") as terminal:
        shown = terminal.until(lambda text: re.search(r"from a child\nendless  .*STARTED", text))
        assert shown.startswith("deployed\nfrom a child\nendless  ")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 130


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_ends_a_run_gets_an_orderly_release(shell: Shell, kind: signal.Signals) -> None:
    process = subprocess.Popen(
        [*NEPI, "run", "endless.py"],
        cwd=shell.folder,
        env=shell.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if "job: STARTED" in line:
                process.send_signal(kind)
                break
        try:
            told, _ = process.communicate(timeout=120)
        finally:  # one that hangs fails this test, and does not keep it for ever
            process.kill()
    assert process.returncode == 130
    assert "job: RELEASED" in told
    shown = json.loads(shell.nepi("show", "endless", "--json").stdout)
    assert (shown["status"], shown["outcome"]) == ("over", "interrupted")


def test_a_terminal_that_can_do_nothing_gets_lines(shell: Shell) -> None:
    shell.environment = {**shell.environment, "TERM": "dumb"}
    argv = ["env", "TERM=dumb", *NEPI, "run", "good.py"]
    terminal = Terminal(argv, cwd=shell.folder, environment=shell.environment)
    with terminal:
        assert terminal.end() == 0
    assert "\x1b[?25l" not in terminal.raw
    assert "server: STOPPED" in terminal.raw or "server, client: STOPPED" in terminal.raw


def test_runs_and_show_tell_of_it_afterwards(shell: Shell) -> None:
    assert "no runs yet" in shell.nepi("runs").stdout
    shell.nepi("run", "good.py", "-q")
    assert re.search(r"^\d+ +good +over +completed ", shell.nepi("runs").stdout, re.MULTILINE)
    (listed,) = json.loads(shell.nepi("runs", "--json").stdout)["runs"]
    shown = shell.nepi("show", "last")
    assert shown.returncode == 0
    assert re.search(r"^server +shown::Job +STOPPED", shown.stdout, re.MULTILINE)
    assert (
        json.loads(shell.nepi("show", listed["directory"], "--json").stdout)["run"] == listed["run"]
    )
    done = shell.nepi("show", "goood")
    assert done.returncode == 2
    assert "good" in done.stderr
