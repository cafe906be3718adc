# SPDX-License-Identifier: BSD-3-Clause
"""Which commit a script is of, asked of git where there is one; git never changes anything here."""

import subprocess
from pathlib import Path
from typing import Any

PATIENCE = 3.0
"""Seconds git may take: provenance is not worth waiting longer for (huge trees, slow disks)."""

_COMMAND = (
    "git", "--no-optional-locks", "-c", "core.fsmonitor=false",
    "status", "--porcelain=v2", "--branch", "--untracked-files=no",
)  # fmt: skip


def revision(directory: Path) -> dict[str, Any] | None:
    """Return commit, branch and whether tracked files differ from it; None outside of git."""
    try:
        done = subprocess.run(
            _COMMAND,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            text=True,
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return {"unknown": f"git took longer than {PATIENCE:g} s"}
    except OSError:
        return None
    return _parsed(done.stdout) if done.returncode == 0 else None


def _parsed(output: str) -> dict[str, Any]:
    headers: dict[str, str] = {}
    dirty = False
    for line in output.splitlines():
        if line.startswith("# "):
            key, _, value = line[2:].partition(" ")
            headers[key] = value
        else:
            dirty = True
    commit = headers.get("branch.oid", "")
    return {
        "commit": None if commit == "(initial)" else commit,
        "branch": headers.get("branch.head", ""),
        "dirty": dirty,
    }
