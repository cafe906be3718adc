# SPDX-License-Identifier: BSD-3-Clause
import os
from collections.abc import Iterator
from contextlib import suppress

import pytest

from nepi.cli.screen import Screen
from tests.cli.terminal import Glass


class Stage:
    """A screen, and what is seen on it."""

    def __init__(self) -> None:
        self.reading, writing = os.pipe()
        self.screen = Screen(writing)
        self.glass = Glass(80, 24)

    def seen(self) -> str:
        os.set_blocking(self.reading, False)
        with suppress(BlockingIOError):
            written = os.read(self.reading, 1 << 16).decode()
            self.glass.write(written.replace("\n", "\r\n"))  # as terminals do
        return self.glass.text

    def close(self) -> None:
        os.close(self.reading)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.close()


def test_a_frame_takes_the_place_of_the_last_one(stage: Stage) -> None:
    stage.screen.paint(["one", "two", "three"])
    assert stage.seen() == "one\ntwo\nthree"
    stage.screen.paint(["four", "five"])
    assert stage.seen() == "four\nfive"


def test_what_the_script_prints_stays_above_the_frame(stage: Stage) -> None:
    stage.screen.paint(["frame"])
    stage.screen.print("hello\n")
    stage.screen.paint(["frame 2"])
    stage.screen.print("world\n")
    assert stage.seen() == "hello\nworld\nframe 2"


def test_while_a_line_is_unfinished_the_frame_is_away(stage: Stage) -> None:
    stage.screen.paint(["frame"])
    stage.screen.print("Name? ")
    stage.screen.paint(["another frame"])
    assert stage.seen() == "Name?"
    assert stage.glass.cursor_shown
    stage.screen.print("bob\n")
    assert stage.seen() == "Name? bob\nanother frame"


def test_closing_leaves_nothing_but_what_was_printed(stage: Stage) -> None:
    stage.screen.paint(["frame", "of two lines"])
    stage.screen.print("hello\n")
    assert not stage.glass.cursor_shown or stage.seen()
    stage.screen.close()
    assert stage.seen() == "hello"
    assert stage.glass.cursor_shown


def test_nothing_is_erased_before_it_is_written_over(stage: Stage) -> None:
    """That is what would flicker."""
    stage.screen.paint(["one", "two"])
    stage.seen()
    stage.screen.paint(["one!", "two!"])
    written = os.read(stage.reading, 1 << 16).decode()
    assert written.index("two!") < written.index("\x1b[J")
    assert written.startswith("\x1b[?2026h")
    assert written.endswith("\x1b[?2026l")
