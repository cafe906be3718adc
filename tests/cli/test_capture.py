# SPDX-License-Identifier: BSD-3-Clause
"""In processes of their own, for the descriptors of the tests belong to pytest."""

import os
import subprocess
import sys
from pathlib import Path

from tests.cli.terminal import Terminal

CAPTURED = """
import os, sys
from nepi.cli.capture import Captured
told = []
with Captured(told.append):
    print("from Python", sys.stdout.isatty())
    os.system("echo from a child; echo and its stderr >&2")
    sys.stderr.write("half ")
    sys.stderr.flush()
    print("a line")
    print("größer", end="")
print("after")
print(repr("".join(told)))
"""

ON_STDERR = """
import os, sys
from nepi.cli.capture import OnStderr
with OnStderr() as streams:
    print("from Python")
    os.system("echo from a child")
    os.write(streams.real, b"answer\\n")
print("after")
"""


def test_all_a_script_prints_is_captured_and_still_goes_to_a_terminal(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", CAPTURED]
    with Terminal(argv, cwd=tmp_path, environment=os.environ) as terminal:
        assert terminal.end() == 0
    after, told = terminal.glass.text.splitlines()
    assert after == "after"
    assert told == repr("from Python True\nfrom a child\nand its stderr\nhalf a line\ngrößer")


def test_only_answers_reach_stdout(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", ON_STDERR]
    done = subprocess.run(
        argv, capture_output=True, text=True, cwd=tmp_path, timeout=60, check=True
    )
    assert done.stdout == "answer\nafter\n"
    assert done.stderr == "from Python\nfrom a child\n"
