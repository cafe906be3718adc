# SPDX-License-Identifier: BSD-3-Clause
"""Which processes there are and whose: read from /proc. Nothing is started or signalled here.

A process is known by its number and its start time; a number alone may mean another one tomorrow.
What a run starts carries NEPI_RUN and NEPI_JOB in its environment, and so do its children.
"""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Iterable, Iterator

RUN_MARK = "NEPI_RUN"
JOB_MARK = "NEPI_JOB"
# Places of fields after the name, as `man 5 proc` counts them less three.
_FLAGS, _START = 6, 19
_KERNEL_THREAD = 0x00200000


class Stat:
    """One process at one moment."""

    __slots__ = ("group", "kernel", "parent", "pid", "session", "start", "state")

    def __init__(self, pid: int, text: bytes) -> None:
        # The name, in parentheses, may hold anything: the fields begin after the last one.
        fields = text[text.rindex(b")") + 2 :].split()
        self.pid = pid
        self.state = fields[0].decode("ascii")
        self.parent = int(fields[1])
        self.group = int(fields[2])
        self.session = int(fields[3])
        self.start = int(fields[_START])
        self.kernel = bool(int(fields[_FLAGS]) & _KERNEL_THREAD)

    @property
    def living(self) -> bool:
        """Not a zombie: it can still do something, and be signalled."""
        return self.state not in "ZX"


@functools.lru_cache(maxsize=1)
def boot_id() -> str:
    """Which boot of this machine this is; process numbers mean nothing across boots."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def _read(path: str) -> bytes | None:
    """A file of /proc; None where the process is gone, or is none of ours."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        blocks: list[bytes] = []
        while block := os.read(descriptor, 1 << 17):
            blocks.append(block)
        return b"".join(blocks)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def stat(pid: int) -> Stat | None:
    """The process of this number, zombies included."""
    text = _read(f"/proc/{pid}/stat")
    return Stat(pid, text) if text else None


def start_time(pid: int) -> int:
    """When it started, in clock ticks since boot; 0 where there is none."""
    found = stat(pid)
    return found.start if found else 0


def is_there(pid: int, start: int) -> bool:
    """Whether this very process still lives."""
    found = stat(pid)
    return found is not None and found.start == start and found.living


def ticks(wall: float) -> float:
    """A moment of the wall clock in the clock that start times are told in."""
    booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    return (wall - booted) * os.sysconf("SC_CLK_TCK")


def command_line(pid: int) -> list[str]:
    """How it was started, as far as it lets us see."""
    text = _read(f"/proc/{pid}/cmdline") or b""
    return [os.fsdecode(part) for part in text.rstrip(b"\0").split(b"\0")] if text else []


def environment(pid: int) -> bytes | None:
    """The environment it was started with; empty where it is gone, or another user's.

    None where it reads as empty: in the middle of an exec it does, and who waits will see it. The
    few programs that are begun with none at all cannot be told from these by one look.
    """
    text = _read(f"/proc/{pid}/environ")
    if text is None or text:
        return text or b""
    found = stat(pid)
    return None if found is not None and found.living and not found.kernel else b""


def mark(pid: int, name: str) -> str | None:
    """The value of one variable of the environment it was started with."""
    return _value(environment(pid) or b"", name)


def _value(text: bytes, name: str) -> str | None:
    wanted = os.fsencode(name) + b"="
    for part in text.split(b"\0"):
        if part.startswith(wanted):
            return os.fsdecode(part[len(wanted) :])
    return None


def table() -> dict[int, Stat]:
    """Every process of this machine that is not a zombie."""
    found = (stat(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return {one.pid: one for one in found if one is not None and one.living}


class View:
    """The processes of one moment, and who descends from whom."""

    def __init__(self, processes: dict[int, Stat]) -> None:
        self.processes = processes
        self._children: dict[int, list[int]] = {}
        self._environments: dict[int, bytes] = {}
        # Whose marks cannot be known at this moment: another look will tell.
        self.between: set[int] = set()
        for one in processes.values():
            self._children.setdefault(one.parent, []).append(one.pid)

    def descendants(self, roots: Iterable[int]) -> set[int]:
        """All below these, without these."""
        found: set[int] = set()
        waiting = list(roots)
        while waiting:
            for child in self._children.get(waiting.pop(), ()):
                if child not in found:
                    found.add(child)
                    waiting.append(child)
        return found

    def ancestors(self, pid: int) -> Iterator[int]:
        """This one and all it descends from."""
        while pid in self.processes:
            yield pid
            pid = self.processes[pid].parent

    def mark(self, pid: int, name: str) -> str | None:
        """As the function `mark`, read once a moment."""
        if pid not in self._environments:
            text = environment(pid)
            if text is None:
                self.between.add(pid)
            self._environments[pid] = text or b""
        return _value(self._environments[pid], name)

    def marked(self, name: str, value: str, among: Iterable[int] | None = None) -> set[int]:
        """Those whose environment has this value."""
        pids = self.processes if among is None else among
        return {pid for pid in pids if self.mark(pid, name) == value}
