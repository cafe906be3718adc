# SPDX-License-Identifier: BSD-3-Clause
"""What can be told about this machine and its processes without changing anything."""

import os
import platform
import socket
from functools import cache
from pathlib import Path

from attrs import frozen

SYSCTLS = (
    "net/ipv4/tcp_congestion_control",
    "net/ipv4/tcp_rmem",
    "net/ipv4/tcp_wmem",
    "net/core/rmem_max",
    "net/core/wmem_max",
    "net/core/default_qdisc",
)
"""Settings of the kernel that change what a network experiment measures."""

# Positions after the name in /proc/PID/stat, proc(5): state is field 3, starttime field 22.
_START_TIME = 19
_GONE = {"Z", "X"}


def hostname() -> str:
    """Return the name this machine gives itself."""
    return socket.gethostname()


def _first_line(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8", errors="replace") as file:
            return file.readline().strip()
    except OSError:
        return ""


@cache
def boot_id() -> str:
    """Return what names this boot of this machine; empty where the system does not tell."""
    return _first_line("/proc/sys/kernel/random/boot_id")


def start_time(pid: int) -> int | None:
    """Return when *pid* began, in clock ticks since boot; None when it is gone."""
    stat = _first_line(f"/proc/{pid}/stat")
    # The second field is the command's name in parentheses, and may hold anything.
    fields = stat.rpartition(")")[2].split()
    if len(fields) <= _START_TIME or fields[0] in _GONE:
        return None
    return int(fields[_START_TIME])


@frozen
class ProcessMark:
    """One process, and no later one that is given the same number."""

    pid: int
    start_time: int | None
    boot_id: str

    @classmethod
    def of(cls, pid: int) -> "ProcessMark":
        return cls(pid, start_time(pid), boot_id())

    @property
    def alive(self) -> bool:
        """Tell whether that very process is there still."""
        return self.start_time is not None and ProcessMark.of(self.pid) == self


def cpu_model() -> str:
    """Return the processor's name, as the kernel tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":") for line in lines)
    names = {key.strip().lower(): value.strip() for key, _, value in named}
    return names.get("model name") or names.get("hardware") or platform.processor()


def memory() -> int | None:
    """Return the bytes of memory of this machine."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None


def cpus() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def system() -> str:
    """Return the name of the operating system's release."""
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    except OSError:
        return platform.platform()


def sysctls() -> dict[str, str]:
    """Return the kernel's settings that matter to networks, by their sysctl names."""
    values = {name.replace("/", "."): _first_line(f"/proc/sys/{name}") for name in SYSCTLS}
    return {name: value for name, value in values.items() if value}
