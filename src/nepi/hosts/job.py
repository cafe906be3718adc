# SPDX-License-Identifier: BSD-3-Clause
"""What is asked of a machine's processes, and what comes of it: plain data, no machine here."""

from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import PurePath
from typing import Final, Literal

import attrs


class Special(Enum):
    """What a stream can be besides a file."""

    PIPE = "pipe"
    STDOUT = "stdout"


PIPE: Final = Special.PIPE
STDOUT: Final = Special.STDOUT


@attrs.frozen(kw_only=True)
class Limits:
    """What a process may use at most; None: as much as the machine's user may."""

    memory: int | None = None
    """Bytes of address space."""
    cpu_seconds: int | None = None
    open_files: int | None = None
    processes: int | None = None
    """Of this user, all together."""
    file_size: int | None = None
    core_size: int | None = None
    stack: int | None = None

    def given(self) -> dict[str, int]:
        """Those that are limited."""
        return {name: value for name, value in attrs.asdict(self).items() if value is not None}


def _texts(argv: Iterable[str | PurePath]) -> tuple[str, ...]:
    if isinstance(argv, str):
        raise TypeError(f"a command is a list of texts, not the text {argv!r}; use shlex.split")
    return tuple(str(one) for one in argv)


def _nothing() -> Mapping[str, str]:
    return {}


def _no_cores() -> frozenset[int]:
    return frozenset()


def _cores(cores: Iterable[int]) -> frozenset[int]:
    return frozenset(cores)


@attrs.frozen
class Job:
    """A process to be started in a session of its own; it and its descendants end together."""

    argv: tuple[str, ...] = attrs.field(converter=_texts)
    env: Mapping[str, str] = attrs.field(factory=_nothing, kw_only=True, repr=False)
    """Added to the environment that the agent has."""
    cwd: PurePath | None = attrs.field(default=None, kw_only=True)
    stdin: bytes | PurePath | Literal[Special.PIPE] | None = attrs.field(
        default=None, kw_only=True, repr=False
    )
    stdout: PurePath | None = attrs.field(default=None, kw_only=True)
    """Appended to; its folders are made. None: a file of the agent's, gone with it."""
    stderr: PurePath | Literal[Special.STDOUT] | None = attrs.field(default=None, kw_only=True)
    limits: Limits = attrs.field(factory=Limits, kw_only=True)
    affinity: frozenset[int] = attrs.field(factory=_no_cores, converter=_cores, kw_only=True)
    """The cores it may run on; empty: all."""
    nice: int = attrs.field(default=0, kw_only=True)
    grace: float = attrs.field(default=5.0, kw_only=True)
    """Seconds between TERM and KILL when it is stopped."""
    output_limit: int | None = attrs.field(default=None, kw_only=True)
    """Bytes of each output that are kept: the newest; older ones become a hole in the file."""
    step: str = attrs.field(default="", kw_only=True)
    """Asked again under the same step, it is the same process."""


@attrs.frozen(kw_only=True)
class Exit:
    """How a process ended."""

    code: int | None
    """None where a signal ended it, or nobody saw its end."""
    signal: int | None = None
    started: float = 0.0
    """Seconds since 1970, of the machine it ran on; `ended` too."""
    ended: float = 0.0
    cpu_seconds: float = 0.0
    """Of it and of the children it waited for."""
    max_rss: int = 0
    """Bytes; the system counts from before the program was loaded: at least the agent's own."""
    reason: str = ""
    """"" by itself; "stopped" (asked to), "killed" (made to), "lost" (nobody saw its end)."""

    @property
    def ok(self) -> bool:
        """It ended by itself, with exit code 0."""
        return self.code == 0

    def __str__(self) -> str:
        how = f"exit code {self.code}" if self.code is not None else f"signal {self.signal}"
        if self.code is None and self.signal is None:
            how = "unknown end"
        return f"{how} ({self.reason})" if self.reason else how


@attrs.frozen
class Completed:
    """A short command that is over, with all it printed."""

    exit: Exit
    stdout: bytes
    stderr: bytes

    @property
    def ok(self) -> bool:
        """It ended by itself, with exit code 0."""
        return self.exit.ok

    @property
    def text(self) -> str:
        """What it printed to standard output."""
        return self.stdout.decode("utf-8", "replace")


@attrs.frozen
class Stopped:
    """What stopping a process took."""

    ended: tuple[int, ...] = ()
    """The processes that were signalled: it and its descendants."""
    killed: tuple[int, ...] = ()
    """Those that did not heed TERM within the grace."""
    remaining: tuple[int, ...] = ()
    """Those that are still there: another user's, or in the hands of a dead disk."""
