# SPDX-License-Identifier: BSD-3-Clause
"""What the keeper finds when an agent was killed: which processes are whose, and how far it came.

An agent notes a job before it begins it and its process after; killed in between it leaves a job
without a process number, one at most. The process is found all the same, or was never begun.
"""

from __future__ import annotations

import os

from nepi.agent import directory, processes
from nepi.agent.processes import Stat

# A date on the disk may be older than the clock by a tick of the kernel.
_TICKS = 2
_NO, _MAYBE, _YES = range(3)


class Unfinished:
    """A job whose process is now the keeper's to reap."""

    __slots__ = ("began", "directory", "start")

    def __init__(self, job: str, start: int, began: float) -> None:
        self.directory = job
        self.start = start
        self.began = began


def take_over(path: str) -> dict[int, Unfinished]:
    """By process number: the jobs that have no exit yet. A job that was not begun is removed."""
    found: dict[int, Unfinished] = {}
    unnoted: list[str] = []
    for name in directory.job_names(path):
        job = f"{path}/jobs/{name}"
        if os.path.exists(f"{job}/rc"):
            continue
        identity = directory.parse_identity(directory.read(f"{job}/pid"))
        if identity is None:
            unnoted.append(name)
        elif identity[2] == processes.boot_id():
            found[identity[0]] = Unfinished(job, identity[1], identity[3])
    for name in unnoted:
        _identify(path, name, found)
    return found


def _identify(path: str, name: str, found: dict[int, Unfinished]) -> None:
    job = f"{path}/jobs/{name}"
    try:
        began = os.stat(f"{job}/cmd").st_mtime
    except FileNotFoundError:
        directory.remove(job)
        return
    mark = directory.mark(path, name)
    begun = [
        (_likeness(one, mark), one.start, one)
        for one in children()
        if one.pid not in found and one.start >= processes.ticks(began) - _TICKS
    ]
    likeness, _, leader = max(begun, key=lambda each: each[:2], default=(_NO, 0, None))
    if leader is None or likeness == _NO:
        directory.remove(job)
        return
    found[leader.pid] = Unfinished(job, leader.start, began)
    text = directory.identity_text(leader.pid, leader.start, began)
    try:
        directory.write(f"{job}/pid", text)
    except OSError as error:
        os.write(2, f"keeper: {job}: {error}\n".encode())


def _likeness(one: Stat, mark: str) -> int:
    """Whether it is the process of the job with this mark."""
    if processes.mark(one.pid, processes.JOB_MARK) == mark:
        return _YES
    # It is just being executed, or is our program still, or is over and cannot be asked.
    if processes.environment(one.pid) is None:
        return _MAYBE
    if processes.command_line(one.pid) == processes.command_line(os.getpid()):
        return _MAYBE
    now = processes.stat(one.pid)
    return _NO if now is None or now.living else _MAYBE


def children() -> list[Stat]:
    """Ours, zombies too."""
    found = (processes.stat(int(name)) for name in os.listdir("/proc") if name.isdigit())
    me = os.getpid()
    return [one for one in found if one is not None and one.parent == me]
