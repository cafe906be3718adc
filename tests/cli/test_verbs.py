# SPDX-License-Identifier: BSD-3-Clause
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nepi.cli import kinds
from nepi.cli.app import app
from nepi.cli.verbs import documented
from nepi.core.errors import UnknownResourceError
from nepi.resource import UnknownTypeError


def run(*args: str) -> int:
    """What `nepi ARGS` ends with."""
    with pytest.raises(SystemExit) as ended:
        app(list(args), prog_name="nepi")
    return int(str(ended.value.code))


def test_a_mistyped_verb_is_told_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("rnu") == 2
    assert "Did you mean 'run'?" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("run", "/nowhere/experiment.py") == 2
    assert "/nowhere/experiment.py" in capsys.readouterr().err


def test_a_mistyped_type_is_told_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("types", "linux::Pign") == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert told.count("\n") == 1


def test_an_unexpected_error_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(kinds, "every", fail)
    with pytest.raises(ZeroDivisionError):
        app(["types"], prog_name="nepi")


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(kinds, "every", interrupt)
    assert run("types") == 130


def test_errors_of_nepi_are_documented_and_no_others() -> None:
    assert documented(UnknownTypeError("there is none"))
    assert documented(UnknownResourceError("there is none"))
    assert not documented(KeyError("name"))
    assert not documented(KeyboardInterrupt())


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    """It is printed at every press of Tab, so it has to be quick."""
    code = "import sys; from nepi.cli.app import app; app(['--help'], standalone_mode=False)"
    told = f"{code}; print([m for m in sys.modules if m in {{'yaml', 'rich', 'asyncio', 'attrs'}}])"
    done = subprocess.run(
        [sys.executable, "-c", told],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "100"},
        timeout=60,
        check=True,
    )
    assert done.stdout.endswith("[]\n")
    assert "Carry an experiment out" in done.stdout


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("version") == 0
    assert capsys.readouterr().out.startswith("7.")
