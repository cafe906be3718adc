# SPDX-License-Identifier: BSD-3-Clause
"""How processes ended: from the kernel's words to the record that is kept and sent."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from nepi.agent.directory import Record


def reap() -> Iterator[tuple[int, Record]]:
    """All children that have ended by now, each with its record."""
    while True:
        try:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid, _record(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)


def _record(status: int, cpu: float, peak_kib: int) -> Record:
    killed = os.WIFSIGNALED(status)
    return {
        "code": None if killed else os.WEXITSTATUS(status),
        "signal": os.WTERMSIG(status) if killed else None,
        "ended": time.time(),
        "cpu_seconds": round(cpu, 6),
        "max_rss": peak_kib << 10,
        "reason": "",
    }


def lost(began: float) -> Record:
    """The record of an end that nobody saw."""
    return {
        "code": None,
        "signal": None,
        "started": began,
        "ended": time.time(),
        "cpu_seconds": 0.0,
        "max_rss": 0,
        "reason": "lost",
    }
