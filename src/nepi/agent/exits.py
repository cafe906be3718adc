# SPDX-License-Identifier: BSD-3-Clause
"""How processes ended: from the kernel's words to the record that is kept and sent."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

from nepi.agent import syscalls
from nepi.agent.directory import Record


def reap() -> Iterator[tuple[int, Record]]:
    """All children that have ended by now, each with its record.

    A child is reaped when the next one is asked for: whoever is killed while it writes the record
    down leaves the child to the keeper, and no exit code is lost.
    """
    while True:
        try:
            seen = syscalls.peek_exit()
        except ChildProcessError:
            return
        if seen is None:
            return
        yield seen.pid, _record(seen)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(seen.pid, 0)


def of(pid: int) -> Record | None:
    """The record of a child, reaped now; None where it still lives."""
    seen = syscalls.reap_exit(pid)
    return None if seen is None else _record(seen)


def _record(seen: syscalls.Seen) -> Record:
    return {
        "code": seen.code,
        "signal": seen.signal,
        "ended": time.time(),
        "cpu_seconds": round(seen.cpu_seconds, 6),
        "max_rss": seen.peak_kib << 10,
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
