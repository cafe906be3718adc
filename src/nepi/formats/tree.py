# SPDX-License-Identifier: BSD-3-Clause
"""A file as plain data that still knows on which line everything stood.

What the data means is none of this module's business.
"""

from collections.abc import Callable
from pathlib import Path as FilePath
from typing import NoReturn

from attrs import field, frozen

from nepi.formats.errors import DescriptionError, Path

LARGEST = 64 * 2**20
"""Bytes: a longer file is no description that somebody wrote or a run saved."""

Lines = dict[Path, int]


@frozen
class Tree:
    """Plain data, its source, and the line of each part of it."""

    data: object
    source: str = ""
    find_lines: Callable[[], Lines] = field(default=dict, repr=False)

    def line(self, path: Path) -> int:
        """Return the line of *path*, or of the nearest thing around it that is there."""
        lines = self.find_lines()
        for end in range(len(path), -1, -1):
            if path[:end] in lines:
                return lines[path[:end]]
        return 0

    def refuse(self, problem: str, path: Path = ()) -> NoReturn:
        """Raise a DescriptionError about *path*."""
        raise DescriptionError(problem, source=self.source, line=self.line(path), path=path)


def text_of(file: FilePath) -> str:
    """Return the text of *file*, which has to be UTF-8 of a bearable length."""
    source = str(file)
    try:
        with file.open("rb") as stream:
            octets = stream.read(LARGEST + 1)
    except OSError as error:
        raise DescriptionError(f"cannot be read: {error.strerror}", source=source) from error
    if len(octets) > LARGEST:
        problem = f"is longer than {LARGEST // 2**20} MiB: no description is"
        raise DescriptionError(problem, source=source)
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        octet = octets[error.start]
        problem = f"is not UTF-8 (byte 0x{octet:02x}); save it with that encoding"
        raise DescriptionError(problem, source=source, line=line) from error
