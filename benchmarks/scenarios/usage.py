# SPDX-License-Identifier: BSD-3-Clause
"""What the scenarios have in common: the CPU this process has used, and a blocking pause."""

import resource
import threading


def cpu() -> float:
    """Return the seconds of CPU, user and system, that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def pause(seconds: float) -> None:
    """Block the thread that calls."""
    threading.Event().wait(seconds)
