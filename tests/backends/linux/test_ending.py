# SPDX-License-Identifier: BSD-3-Clause
"""What is said of an application that ended in another way than it was meant to."""

from pathlib import Path, PurePosixPath

import pytest

from nepi.backends.linux import Application
from nepi.backends.linux.ending import failure, last_words, told
from nepi.hosts import Exit
from nepi.hosts.fake import FakeHost, run_virtual


def test_what_is_lost_is_no_expected_end() -> None:
    lost = Exit(code=None, reason="lost")
    assert not Application("x").expects(lost)
    assert str(failure("app", lost, "")) == "app: it is gone, and nobody saw how it ended"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (9, "ended by SIGKILL, from outside: perhaps the machine has run out of memory"),
        (24, "ended by SIGXCPU: it has used the CPU time that cpu_time_limit allows"),
        (15, "ended by SIGTERM"),
        (63, "ended by signal 63"),
    ],
)
def test_signals_are_told_by_name(number: int, words: str) -> None:
    assert told(Exit(code=None, signal=number)) == words


def test_last_words_are_the_end_of_what_was_printed(tmp_path: Path) -> None:
    (tmp_path / "err").write_bytes(b"x" * 5000 + "\N{SNOWMAN} the end\n".encode())

    async def scenario() -> None:
        host = FakeHost()
        words = await last_words(host, PurePosixPath(tmp_path / "err"))
        assert words.endswith("x\N{SNOWMAN} the end")
        assert len(words) == 600
        assert await last_words(host, PurePosixPath(tmp_path / "none")) == ""
        assert await last_words(host, None) == ""

    run_virtual(scenario())
