# SPDX-License-Identifier: BSD-3-Clause
"""Ends processes and waits until they are gone, for who has no event loop (any more)."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Callable, Iterable

from nepi.agent import processes, syscalls

# A process by number and start time.
Key = tuple[int, int]
_ROUNDS = 20
_PATIENCE = 5.0
# About as long as an exec takes.
_EXEC = 0.01


def send(key: Key, number: int) -> int:
    """Signals this very process; gives a descriptor that becomes readable at its end, or -1."""
    pid, start = key
    try:
        descriptor = syscalls.pidfd_open(pid)
    except OSError:
        return -1
    try:
        if processes.start_time(pid) == start:
            syscalls.pidfd_send_signal(descriptor, number)
            if number == signal.SIGTERM:
                with contextlib.suppress(ProcessLookupError):
                    syscalls.pidfd_send_signal(descriptor, signal.SIGCONT)
            return descriptor
    except OSError:
        # Gone, or another user's.
        pass
    os.close(descriptor)
    return -1


def end(keys: Iterable[Key], number: int, patience: float) -> list[Key]:
    """Signals them, and waits until they are gone; gives those it reached."""
    # Who waits for its children ends with them, before it was asked: parents come first.
    waiting = {send(key, number): key for key in sorted(keys, key=lambda key: (key[1], key[0]))}
    waiting.pop(-1, None)
    reached = list(waiting.values())
    poll = select.poll()
    for descriptor in waiting:
        poll.register(descriptor, select.POLLIN)
    until = time.monotonic() + patience
    left = set(waiting)
    while left and (rest := until - time.monotonic()) > 0:
        for descriptor, _ in poll.poll(rest * 1000):
            poll.unregister(descriptor)
            left.discard(descriptor)
    for descriptor in waiting:
        os.close(descriptor)
    return reached


def settle(pids: Iterable[int]) -> None:
    """Waits until none of these is in the middle of an exec, where it has no marks."""
    for _ in range(_ROUNDS):
        between = [
            (pid, processes.start_time(pid)) for pid in pids if processes.environment(pid) is None
        ]
        if not between:
            return
        end(between, 0, _EXEC)


def kill_until_none(find: Callable[[], set[Key]]) -> list[Key]:
    """Kills what `find` finds until it finds nothing: what forks meanwhile is found again."""
    killed: list[Key] = []
    for _ in range(_ROUNDS):
        found = find()
        if not found:
            break
        reached = end(found, signal.SIGKILL, _PATIENCE)
        killed += reached
        if not reached:
            # Another user's, or in the kernel's hands.
            break
    return killed
