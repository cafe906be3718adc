# SPDX-License-Identifier: BSD-3-Clause
"""Every example runs in a folder of its own, with a register of runs of its own."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
Ran = subprocess.CompletedProcess[str]
RunExample = Callable[..., Ran]


@pytest.fixture
def run_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunExample:
    """Run `python` with these arguments as a user would, where the test may write."""
    for tool in ("nc", "ping"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed: `make` says how to get it")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("NEPI_LOCAL_DIR", raising=False)

    def run(*arguments: str | Path) -> Ran:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run
