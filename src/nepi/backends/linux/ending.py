# SPDX-License-Identifier: BSD-3-Clause
"""How an application ended: what is kept of it, and what is said when it was not meant to."""

import re
import signal
from pathlib import PurePosixPath

from attrs import field, frozen

from nepi.backends.linux.packages import PACKAGES
from nepi.hosts import Exit, FileError, Host
from nepi.resource import column, record

_NOT_FOUND = re.compile(r"(\S+): (?:command )?not found\s*$")
_SAID = 600  # so many of the last characters of what it printed are repeated in a message


class ApplicationFailedError(Exception):
    """The application ended with an exit code that was not expected."""


@record("applications")
@frozen
class Ending:
    """One run of an application, once it is over."""

    exit_code: int | None = field(
        metadata=column(help="What it returned; none where a signal ended it")
    )
    signal: int | None = field(metadata=column(help="Number of the signal that ended it"))
    stopped: bool = field(metadata=column(help="The experiment stopped it"))
    duration: float = field(metadata=column(unit="s", help="From its start to its end"))
    cpu_time: float = field(metadata=column(unit="s", help="Of it and the children it waited for"))
    max_rss: int = field(metadata=column(unit="B", help="Memory it had at most"))
    time: float = field(metadata=column(unit="s", help="When it was started, since 1970"))


def ending(how: Exit, *, stopped: bool) -> Ending:
    """Return what is kept of *how* it ended."""
    return Ending(
        exit_code=how.code,
        signal=how.signal,
        stopped=stopped,
        duration=max(how.ended - how.started, 0.0),
        cpu_time=how.cpu_seconds,
        max_rss=how.max_rss,
        time=how.started,
    )


def told(how: Exit) -> str:
    """Say in words how it ended."""
    if how.code is not None:
        return f"exit code {how.code}"
    if how.signal is None:
        return "it is gone, and nobody saw how it ended"
    try:
        name = signal.Signals(how.signal).name
    except ValueError:
        name = f"signal {how.signal}"
    return f"ended by {name}{_WHY.get(name, '')}"


_WHY = {
    "SIGXCPU": ": it has used the CPU time that cpu_time_limit allows",
    "SIGXFSZ": ": it has written a file larger than file_size_limit allows",
    "SIGKILL": ", from outside: perhaps the machine has run out of memory",
    "SIGPIPE": ": nobody reads any more what it writes",
}


def failure(who: str, how: Exit, words: str) -> ApplicationFailedError:
    """Return the error that tells how it ended, what it said last, and what would help."""
    said = f": {words}" if words else ""
    missing = _NOT_FOUND.search(words)
    package = PACKAGES.get(missing[1]) if missing else None
    remedy = f" (apt install {package})" if package else ""
    return ApplicationFailedError(f"{who}: {told(how)}{said}{remedy}")


async def last_words(host: Host, path: PurePosixPath | None) -> str:
    """Return the end of what was printed to *path*; nothing where that cannot be read."""
    if path is None:
        return ""
    try:
        info = await host.files.stat(path)
        blocks = [b async for b in host.files.blocks(path, offset=max(info.size - 4 * _SAID, 0))]
    except FileError:
        return ""
    return b"".join(blocks).decode("utf-8", "replace").strip()[-_SAID:]
