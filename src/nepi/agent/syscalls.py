# SPDX-License-Identifier: BSD-3-Clause
"""What Linux offers and the oldest supported Python does not: through ctypes, nothing else here."""

from __future__ import annotations

import ctypes
import os
import signal
from typing import NamedTuple

_libc = ctypes.CDLL(None, use_errno=True)

_PR_SET_CHILD_SUBREAPER = 36
# Numbers given out since 2019 are the same on every architecture.
_PIDFD_SEND_SIGNAL = 424
_PIDFD_OPEN = 434

IN_MODIFY = 0x2
IN_NONBLOCK = os.O_NONBLOCK
IN_CLOEXEC = os.O_CLOEXEC
_PUNCH_HOLE_KEEP_SIZE = 0x3

# The system call tells what a child has used, too, which Python's waitid does not.
_64_BITS = 8
_POINTER = ctypes.sizeof(ctypes.c_void_p)
_WAITIDS = {"x86_64": 247, "aarch64": 95, "riscv64": 95, "ppc64le": 272, "s390x": 281}
_WAITID = _WAITIDS.get(os.uname().machine) if _POINTER == _64_BITS else None
_P_ALL = 0
_WEXITED = 4
_WNOWAIT = 0x01000000
_CLD_EXITED = 1


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def become_subreaper() -> None:
    """Orphans among our descendants become our children, instead of init's."""
    _checked(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def pidfd_open(pid: int) -> int:
    """A descriptor that means this process, whatever becomes of its number; readable at its end."""
    if hasattr(os, "pidfd_open"):
        return os.pidfd_open(pid)
    descriptor = _checked(_libc.syscall(_PIDFD_OPEN, pid, 0), "pidfd_open")
    os.set_inheritable(descriptor, False)
    return descriptor


def pidfd_send_signal(descriptor: int, number: int) -> None:
    """A signal to the process that the descriptor means."""
    if hasattr(signal, "pidfd_send_signal"):
        signal.pidfd_send_signal(descriptor, number)
        return
    _checked(_libc.syscall(_PIDFD_SEND_SIGNAL, descriptor, number, None, 0), "pidfd_send_signal")


def inotify_init() -> int:
    """A descriptor on which changes of watched files are read."""
    return _checked(_libc.inotify_init1(IN_NONBLOCK | IN_CLOEXEC), "inotify_init1")


def inotify_add_watch(descriptor: int, path: str, mask: int) -> int:
    """The number by which events of this file come."""
    return _checked(_libc.inotify_add_watch(descriptor, os.fsencode(path), mask), path)


def inotify_rm_watch(descriptor: int, watch: int) -> None:
    """Ends a watch; one that is gone already (its file was removed) is no error."""
    _libc.inotify_rm_watch(descriptor, watch)


def punch_hole(descriptor: int, offset: int, length: int) -> None:
    """Gives the disk back what a file holds there; offsets stay, and read as zeros."""
    _checked(
        _libc.fallocate(
            descriptor, _PUNCH_HOLE_KEEP_SIZE, ctypes.c_int64(offset), ctypes.c_int64(length)
        ),
        "fallocate",
    )


def set_affinity(cores: frozenset[int]) -> None:
    """Binds the calling process to these cores."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
        return
    mask = sum(1 << core for core in cores)
    size = max(cores) // 64 * 8 + 8
    bits = mask.to_bytes(size, "little")
    _checked(_libc.sched_setaffinity(0, ctypes.c_size_t(size), bits), "sched_setaffinity")


def usable_cores() -> int:
    """How many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Seen(NamedTuple):
    """The end of a child."""

    pid: int
    code: int | None
    signal: int | None
    cpu_seconds: float
    peak_kib: int


def reap_exit(pid: int) -> Seen | None:
    """The end of this child, which is then gone; of any for -1. None where there is none yet."""
    found, status, usage = os.wait4(pid, os.WNOHANG)
    if not found:
        return None
    killed = os.WIFSIGNALED(status)
    return Seen(
        found,
        None if killed else os.WEXITSTATUS(status),
        os.WTERMSIG(status) if killed else None,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss,
    )


def peek_exit() -> Seen | None:
    """The end of any child, which stays to be waited for; None where there is none yet."""
    if _WAITID is None:
        return _reap_without_a_peek()
    info, usage = (ctypes.c_int * 32)(), (ctypes.c_long * 18)()
    options = _WEXITED | os.WNOHANG | _WNOWAIT
    result = _libc.syscall(_WAITID, _P_ALL, 0, info, options, usage)
    _checked(result, "waitid")
    # siginfo_t of a child on 64 bits: signal, errno, code, -, pid, user, status.
    _, _, how, _, pid, _, status = info[:7]
    if pid == 0:
        return None
    exited = how == _CLD_EXITED
    cpu = usage[0] + usage[2] + (usage[1] + usage[3]) / 1e6
    return Seen(pid, status if exited else None, None if exited else status, cpu, usage[4])


def _reap_without_a_peek() -> Seen | None:
    """On rare machines; who waits for it afterwards is told that it is gone."""
    return reap_exit(-1)
