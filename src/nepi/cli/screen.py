# SPDX-License-Identifier: BSD-3-Clause
"""The lower end of a terminal, repainted in place, with a script's own output flowing above it.

Not rich's Live: that erases before it draws, and can only print what it renders itself. Here a
frame is written over the last one, and the bytes of the script pass as they are.
"""

import os
import re
from collections.abc import Sequence
from threading import Lock

from nepi.cli.output import write

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
# Terminals that know these show what is between them in one instant; others ignore them.
AT_ONCE, NOW = "\x1b[?2026h", "\x1b[?2026l"
HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
TO_LINE_END, TO_SCREEN_END = "\x1b[K", "\x1b[J"


def cells(line: str) -> int:
    """How many columns *line* takes; escape sequences take none."""
    from rich.cells import cell_len

    return cell_len(ESCAPES.sub("", line))


class Screen:
    """A frame of a few lines below everything else; safe from any thread. Owns its descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = Lock()
        self._frame: Sequence[str] = ()
        self._shown: Sequence[str] = ()
        self._within_line = False

    def size(self) -> tuple[int, int]:
        """Return columns and lines, as they are now."""
        try:
            size = os.get_terminal_size(self._descriptor)
        except OSError:
            return 80, 24
        return size.columns or 80, size.lines or 24

    def paint(self, frame: Sequence[str]) -> None:
        """Show *frame* in the place of the last one."""
        with self._lock:
            self._frame = frame
            if not self._within_line:
                self._write(self._over_the_last())

    def print(self, output: str) -> None:
        """Write *output* of the script above the frame.

        While it ends within a line (a prompt, a progress bar) the frame is away, so that what is
        typed stands where it belongs.
        """
        if not output:
            return
        with self._lock:
            text = self._erased() + output
            self._within_line = not output.endswith("\n")
            self._write(text if self._within_line else text + self._over_the_last())

    def close(self) -> None:
        """Take the frame away; what comes is written where it was."""
        with self._lock:
            self._frame = ()
            self._write(self._erased() + SHOW_CURSOR)
        os.close(self._descriptor)

    def _over_the_last(self) -> str:
        up = self._to_top()
        lines = [line + TO_LINE_END for line in self._frame]
        self._shown = self._frame
        return HIDE_CURSOR + up + "\r\n".join(lines) + TO_SCREEN_END

    def _erased(self) -> str:
        top = self._to_top()
        there = bool(self._shown)
        self._shown = ()
        return top + TO_SCREEN_END + SHOW_CURSOR if there else ""

    def _to_top(self) -> str:
        if not self._shown:
            return ""
        # A terminal made narrower since has broken the lines that no longer fit.
        columns, _ = self.size()
        rows = sum(max(1, -(-cells(line) // columns)) for line in self._shown)
        return "\r" + (f"\x1b[{rows - 1}A" if rows > 1 else "")

    def _write(self, text: str) -> None:
        write(self._descriptor, AT_ONCE + text + NOW)
