# SPDX-License-Identifier: BSD-3-Clause
"""Taking over the descriptors a script prints to, those of the programs it starts included."""

import codecs
import fcntl
import os
import pty
import select
import sys
import termios
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Self

BLOCK = 64 * 1024
WITHIN_LINE = 0.1
"""Seconds after which the beginning of a line is passed on: somebody may wait for an answer."""


def flush() -> None:
    """Send off what the script has printed so far."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()


class OnStderr:
    """Inside, what is meant for stdout goes to stderr, and `real` is where stdout leads."""

    def __enter__(self) -> Self:
        flush()
        self.real = os.dup(1)
        os.dup2(2, 1)
        return self

    def __exit__(self, *_: object) -> None:
        flush()
        os.dup2(self.real, 1)
        os.close(self.real)


class Captured:
    """Inside, what goes to a terminal comes to *sink* instead, a line or more at a time.

    The script still writes to a terminal (a pseudo-terminal), so that it colours what it always
    colours.
    """

    def __init__(self, sink: Callable[[str], None]) -> None:
        self._sink = sink
        self._saved: dict[int, int] = {}

    def __enter__(self) -> Self:
        flush()
        self._master, slave = pty.openpty()
        plain = termios.tcgetattr(slave)
        plain[1] &= ~termios.OPOST  # the terminal itself will do that
        termios.tcsetattr(slave, termios.TCSANOW, plain)
        with suppress(OSError):
            size = fcntl.ioctl(1, termios.TIOCGWINSZ, b"\0" * 8)
            fcntl.ioctl(slave, termios.TIOCSWINSZ, size)
        for descriptor in (1, 2):
            if os.isatty(descriptor):
                self._saved[descriptor] = os.dup(descriptor)
                os.dup2(slave, descriptor)
        os.close(slave)
        self._woken, self._waking = os.pipe()
        self._thread = Thread(target=self._pass_on, name="nepi-output", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        flush()
        for descriptor, saved in self._saved.items():
            os.dup2(saved, descriptor)
        os.close(self._waking)
        self._thread.join()
        for descriptor in (*self._saved.values(), self._woken, self._master):
            os.close(descriptor)

    def _pass_on(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        pending, ending = "", False
        while True:
            wait = 0.0 if ending else WITHIN_LINE if pending else None
            sources = [self._master] if ending else [self._master, self._woken]
            ready, _, _ = select.select(sources, [], [], wait)
            block = self._read() if self._master in ready else b""
            if block:
                whole, newline, pending = (pending + decoder.decode(block)).rpartition("\n")
                self._sink(whole + newline)
            elif self._woken in ready and not ending:
                ending = True
            else:
                self._sink(pending)
                pending = ""
                if ending or ready:
                    return

    def _read(self) -> bytes:
        # When nobody has the other side open any more, the kernel says so with EIO.
        with suppress(OSError):
            return os.read(self._master, BLOCK)
        return b""
