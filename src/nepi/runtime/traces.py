# SPDX-License-Identifier: BSD-3-Clause
"""Reading what a resource leaves behind, afterwards and while it is being written.

Writing is up to whoever produces a trace; what its content means, to the results.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from nepi.runtime.following import Follower

BLOCK = 64 * 1024


class MissingTraceError(FileNotFoundError):
    """The trace has no file (yet); the message says where it would be."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"there is no {path}: nothing was written, or the trace was not enabled before deploy"
        )
        self.path = path


class TraceFile:
    """One trace in a file, that may still grow or not be there yet."""

    def __init__(self, path: Path, *, name: str = "") -> None:
        self.path = path
        self.name = name or path.name

    @property
    def exists(self) -> bool:
        return self.path.is_file()

    @property
    def size(self) -> int:
        """Return the bytes written so far; 0 when there is no file."""
        try:
            return self.path.stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return 0

    def read(self, size: int = -1, *, offset: int = 0) -> bytes:
        """Return *size* bytes from *offset* on, or all that is there."""
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                return file.read(size)
        except (FileNotFoundError, NotADirectoryError):
            raise MissingTraceError(self.path) from None

    def text(self, *, encoding: str = "utf-8") -> str:
        """Return all of it as text; bytes that are none are shown as the mark for it."""
        return self.read().decode(encoding, "replace")

    def lines(self, *, encoding: str = "utf-8") -> list[str]:
        """Return its lines, without their ends."""
        return self.text(encoding=encoding).splitlines()

    def blocks(self, size: int = BLOCK, *, offset: int = 0) -> Iterator[bytes]:
        """Return, one after another, the blocks of *size* bytes that are there now."""
        if size < 1:
            raise ValueError(f"a block has at least one byte, not {size}")
        if not self.exists:
            raise MissingTraceError(self.path)
        return self._blocks(size, offset)

    def _blocks(self, size: int, offset: int) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(offset)
            while block := file.read(size):
                yield block

    def follow(self, *, offset: int = 0) -> Follower:
        """Return what is there and then what comes, as it is written, until told to finish.

        Leave it with `finish()` (all that is there, then the end) or `close()` (at once), both
        from any thread.
        """
        return Follower(self.path, offset=offset)

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __repr__(self) -> str:
        return f"TraceFile({str(self.path)!r})"


def traces(directory: Path) -> list[TraceFile]:
    """Return all trace files in the folder of a resource, by name."""
    found = sorted(path for path in directory.rglob("*") if path.is_file())
    return [TraceFile(path, name=path.relative_to(directory).as_posix()) for path in found]
