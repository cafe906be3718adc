# SPDX-License-Identifier: BSD-3-Clause
"""The fixtures, used as a user would."""

import os
import subprocess
import sys
from pathlib import Path

CONFTEST = 'pytest_plugins = ["nepi.testing.fixtures"]\n'

TESTS = """
from nepi.core.messages import Add, Aim
from nepi.testing import FakeHost, Stand, State, Step, VirtualEngine

def test_in_no_time(virtual_engine):
    stand = Stand({Step.START: 3600.0}, lifetime=86400.0)
    virtual_engine.register(1, stand, Add(1, steps=stand.steps, ends=stand.ends))
    virtual_engine.ask(Aim((1,), State.STARTED))
    assert virtual_engine.wait([1], State.STOPPED)
    assert virtual_engine.now() == 90000.0

def test_with_threads(real_engine):
    real_engine.register(1, object(), Add(1))
    real_engine.ask(Aim((1,), State.STARTED))
    assert real_engine.wait([1], State.STARTED, timeout=20)

def test_the_names():
    assert FakeHost and VirtualEngine
"""


def test_they_work(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_mine.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", "."]
    done = subprocess.run(
        [*command, "-W", "error", "test_mine.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
