# SPDX-License-Identifier: BSD-3-Clause
"""A program in a terminal of its own, and what a person would see there."""

import codecs
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

PATIENCE = 60.0
"""Seconds after which a test gives up; it never takes that long unless something is broken."""

ESCAPE = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])")


class Glass:
    """What a terminal shows after all that was written to it: the few controls that we use."""

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = columns, lines
        self.rows: list[list[str]] = [[]]
        self.row = self.column = 0
        self.cursor_shown = True
        self._pending = ""

    def write(self, text: str) -> None:
        text = self._pending + text
        position = 0
        while position < len(text):
            if text[position] == "\x1b":
                match = ESCAPE.match(text, position)
                if match is None:
                    break
                self._control(match[1], match[2])
                position = match.end()
            else:
                self._character(text[position])
                position += 1
        self._pending = text[position:]

    def _character(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
            while len(self.rows) <= self.row:
                self.rows.append([])
        else:
            if self.column == self.columns:
                self._character("\r")
                self._character("\n")
            row = self.rows[self.row]
            row.extend(" " * (self.column + 1 - len(row)))
            row[self.column] = character
            self.column += 1

    def _control(self, values: str, what: str) -> None:
        match what, values:
            case "A", _:
                self.row = max(self.row - int(values or 1), len(self.rows) - self.lines, 0)
            case "K", _:
                del self.rows[self.row][self.column :]
            case "J", _:
                del self.rows[self.row][self.column :]
                del self.rows[self.row + 1 :]
            case (("h" | "l"), "?25"):
                self.cursor_shown = what == "h"
            case (("h" | "l"), "?2026"):
                pass
            case "m", _:
                pass
            case _:
                raise AssertionError(f"a control that nobody expected: {values}{what}")

    @property
    def text(self) -> str:
        return "\n".join("".join(row).rstrip() for row in self.rows).rstrip()


class Terminal:
    """Runs a program in a pseudo-terminal; ends it, if need be, when left."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        environment: Mapping[str, str],
        columns: int = 100,
        lines: int = 30,
    ) -> None:
        self.glass = Glass(columns, lines)
        self.raw = ""
        self._master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            argv,
            cwd=cwd,
            env={**environment, "TERM": "xterm-256color"},
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def until(self, seen: Callable[[str], object]) -> str:
        """Wait until what is shown satisfies *seen*; return it."""
        deadline = time.monotonic() + PATIENCE
        while not seen(self.glass.text):
            ready, _, _ = select.select([self._master], [], [], deadline - time.monotonic())
            assert ready, f"never seen; there is only:\n{self.glass.text}"
            if not self._read():
                assert seen(self.glass.text), f"ended without it, with:\n{self.glass.text}"
        return self.glass.text

    def _read(self) -> bool:
        try:
            text = self._decoder.decode(os.read(self._master, 65536))
        except OSError:  # the other side is closed
            return False
        self.raw += text
        self.glass.write(text)
        return bool(text)

    def typed(self, text: str) -> None:
        os.write(self._master, text.encode())

    def resize(self, columns: int, lines: int) -> None:
        size = struct.pack("HHHH", lines, columns, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def end(self) -> int:
        """Wait for the program's end, show all it wrote, return its exit code."""
        while self._read():
            pass
        return self.process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        os.close(self._master)
