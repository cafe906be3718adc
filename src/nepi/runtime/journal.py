# SPDX-License-Identifier: BSD-3-Clause
"""`events.jsonl`: written as things happen, read again, replayed.

One JSON object a line, the first is a header. What an event looks like is in `lines`.
"""

import json
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from attrs import frozen

from nepi.core.errors import Refusal
from nepi.core.orchestrator import Orchestrator
from nepi.runtime.errors import JournalError
from nepi.runtime.unlines import event

FORMAT = "nepi-events"
VERSION = 1
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

Record = Mapping[str, Any]


class Journal:
    """The journal of one run, being written."""

    def __init__(self, path: Path, *, run_id: str = "", on_failure: str = "release") -> None:
        self.path = path
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            self._fd = os.open(path, flags, 0o600)
        except OSError as error:
            raise self._error(error) from error
        self._size = 0
        self.unsynced = False
        try:
            self.write(_header(run_id, on_failure))
        except JournalError:
            os.close(self._fd)
            raise

    def write(self, text: str) -> None:
        """Append whole lines, in one write; raise JournalError and leave none of them."""
        data = text.encode()
        try:
            written = os.write(self._fd, data)
            while written < len(data):
                written += os.write(self._fd, data[written:])
        except OSError as error:
            self._cut()
            raise self._error(error) from error
        self._size += len(data)
        self.unsynced = True

    def sync(self) -> None:
        """Return once everything is on the disk; JournalError if it cannot get there."""
        self.unsynced = False
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise self._error(error) from error

    def close(self) -> None:
        """Sync and close; writing is over."""
        try:
            self.sync()
        finally:
            os.close(self._fd)

    def _cut(self) -> None:
        """Take half a line away again, for the reader's sake."""
        try:
            os.ftruncate(self._fd, self._size)
        except OSError:  # a device: nothing is there to be cut
            return

    def _error(self, error: OSError) -> JournalError:
        return JournalError(
            f"cannot write the journal {self.path}: {error.strerror}. Nothing new begins without "
            "a journal: make room there, or choose another directory (NEPI_LOCAL_DIR, "
            "local_dir=...), and run the experiment again"
        )


def _boot_id() -> str:
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _header(run_id: str, on_failure: str) -> str:
    header = {
        "kind": "journal",
        "format": FORMAT,
        "version": VERSION,
        "run_id": run_id,
        "on_failure": on_failure,
        "wall": time.time(),
        "monotonic": time.monotonic(),
        "boot_id": _boot_id(),
    }
    return json.dumps(header, separators=(",", ":")) + "\n"


# -- reading --------------------------------------------------------------------------------------


@frozen
class Reading:
    """A journal that was read: its header, and every whole line after it."""

    header: Record
    records: list[Record]

    def wall(self, t: float) -> float:
        """Return the Unix time of the engine time *t*."""
        return float(t - self.header["monotonic"] + self.header["wall"])


def read(path: Path) -> Reading:
    """Return what the journal says; a last line that is torn is left out.

    JournalError: there is no journal, it is of another format, or broken in the middle.
    """
    lines = _lines(path)
    header = next(lines, None)
    if header is None or header.get("format") != FORMAT:
        raise JournalError(f"{path} is not a journal of a run")
    if header["version"] > VERSION:
        raise JournalError(f"{path} was written by a newer NEPI; read it with that one")
    return Reading(header, list(lines))


def _lines(path: Path) -> Iterator[Record]:
    try:
        raw = path.read_bytes().split(b"\n")
    except OSError as error:
        raise JournalError(f"cannot read the journal {path}: {error.strerror}") from error
    for number, line in enumerate(raw, 1):
        try:
            yield _object(line)
        except ValueError as error:
            if number == len(raw):  # torn, or the empty text after the last newline
                return
            raise JournalError(f"{path}, line {number} is broken: {error}") from error


def _object(line: bytes) -> Record:
    data = json.loads(line)
    if not isinstance(data, dict) or "kind" not in data:
        raise ValueError("it is no record")
    return cast("Record", data)


def replay(path: Path) -> Orchestrator:
    """Return an orchestrator in the state that the run of this journal was in."""
    reading = read(path)
    orchestrator = Orchestrator(on_failure=reading.header["on_failure"])
    for record in reading.records:
        if (happened := event(record)) is None:
            continue
        try:
            orchestrator.feed(happened, record["t"])
        except Refusal as refusal:
            raise JournalError(f"{path} does not fit this version of NEPI: {refusal}") from refusal
        orchestrator.take()
    return orchestrator
