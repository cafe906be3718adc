# SPDX-License-Identifier: BSD-3-Clause
"""What type checkers know of resources: mypy and pyright check this file like any other.

Where a mistake is marked as ignored, a checker that does not see it complains about the mark.
"""

from pathlib import Path
from typing import assert_type

import pytest

from nepi.resource import InvalidValueError, Moment, TraceFile, Verb, connect
from tests.resource.sample import Application, Machine, Node, Noted, Pair, Ping


def test_reading_gives_the_type_inside() -> None:
    application = Application(
        "ls", deadline="1 s", stdin=Path("x"), stdout="out", packet_size="1 kB"
    )
    assert_type(application.deadline, float | None)
    assert_type(application.packet_size, int)
    assert_type(application.stdin, Path | str | bytes | None)
    assert_type(application.peers, tuple[Node, ...])
    assert_type(Pair().left, Node | None)
    assert_type(application.start, Verb)
    assert_type(application.started, Moment)
    connect(application, Node("a"))
    assert_type(application.host, Machine)
    application.bind(Noted(), 1)
    assert_type(application.stdout, TraceFile)
    assert_type(application.trace("pcap"), TraceFile)


def test_writing_takes_what_is_written_at_the_edge() -> None:
    application = Application(["ls"], env={"A": "b"}, name="a", critical=False, backoff="1 s")
    application.deadline = "1 s"
    application.deadline = 1
    with pytest.raises(InvalidValueError):
        application.deadline = b"1"  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(InvalidValueError):
        Ping("x", packet_size=[])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
