# SPDX-License-Identifier: BSD-3-Clause
from hypothesis import given
from hypothesis import strategies as st

from nepi.cli.picture import FEW, Size, final, frame
from nepi.cli.progress import Progress
from nepi.cli.screen import ESCAPES, cells
from nepi.core.lifecycle import State
from tests.cli.test_progress import add, hold, reached, told


def lines_of(progress: Progress, *, columns: int = 100, lines: int = 30) -> list[str]:
    """The picture 2 s after the beginning, without its colours."""
    size = Size(columns, lines)
    return [ESCAPES.sub("", line).rstrip() for line in frame("handover", progress, 2.0, size)]


def small() -> Progress:
    return told(
        add(1, "here", "linux::Node"),
        add(2, "client"),
        hold(2, [1], "STOPPED"),
        reached(1, "STARTED", 0.5),
        reached(2, "READY", 0.5),
        reached(0, "STARTED", 0.5),
    )


def test_a_row_for_each_resource_below_the_headline() -> None:
    assert lines_of(small()) == [
        "handover  t = 1.5 s   1 READY   1 STARTED",
        "resource  type                state    since",
        "here      linux::Node         STARTED  0.0 s",
        "client    linux::Application  READY    0.0 s  start waits for here STOPPED",
    ]


def test_on_a_narrow_terminal_the_types_are_left_out() -> None:
    assert "linux" not in "\n".join(lines_of(small(), columns=50))


def test_a_failure_is_told_in_its_row() -> None:
    progress = small()
    progress.fold([reached(2, "FAILED", 1.0, "the command ended with exit code 3")])
    assert lines_of(progress)[-1].endswith("FAILED   0.5 s  the command ended with exit code 3")


def test_before_the_beginning_there_is_only_the_headline() -> None:
    assert lines_of(Progress()) == ["handover  deploying 0.0 s"]


def test_too_many_resources_are_counted_by_type() -> None:
    names = [add(guid, f"n{guid}", "linux::Ping") for guid in range(1, 101)]
    states = [reached(guid, "READY", 1.0) for guid in range(1, 61)]
    failed = reached(100, "FAILED", 1.5, "no answer")
    picture = lines_of(told(*names, *states, failed), lines=12)
    assert picture == [
        "handover  deploying 2.0 s   39 NEW   60 READY   1 FAILED",
        "type         NEW  READY  FAILED",
        "linux::Ping  39   60     1",
        "resource  type         state   since",
        "n100      linux::Ping  FAILED         no answer",
    ]


@given(
    st.lists(st.text(min_size=1, max_size=60), max_size=40),
    st.integers(min_value=10, max_value=200),
    st.integers(min_value=4, max_value=60),
)
def test_a_picture_never_leaves_the_terminal(names: list[str], columns: int, lines: int) -> None:
    """Else the terminal would break or scroll it, and the next one could not be put over it."""
    progress = told(*(add(guid, name) for guid, name in enumerate(names, 1)))
    picture = frame("experiment", progress, 1.0, Size(columns, lines))
    assert len(picture) < lines
    assert all(cells(line) < columns for line in picture)


def test_the_final_table_tells_when_and_how_long_and_why() -> None:
    progress = small()
    progress.items[2].critical = False
    progress.fold([reached(2, "STARTED", 1.5), reached(2, "FAILED", 2.0, "exit code 3")])
    _, rows = final(progress)
    assert rows[0] == ("here", "linux::Node", "STARTED", "t = 0.000 s", "", "")
    assert rows[1] == (
        "client",
        "linux::Application",
        "FAILED",
        "t = 1.000 s",
        "0.500 s",
        "exit code 3 (not critical)",
    )


def test_the_final_table_of_many_counts_them_and_names_the_failed() -> None:
    names = [add(guid, f"n{guid}", "linux::Ping") for guid in range(1, FEW + 10)]
    ended = [reached(guid, "STOPPED", 1.0) for guid in range(2, FEW + 10)]
    _, rows = final(told(*names, *ended, reached(1, "FAILED", 1.0, "no answer")))
    assert [row[:3] for row in rows] == [
        (f"{FEW + 8} resources", "linux::Ping", "STOPPED"),
        ("1 resources", "linux::Ping", "FAILED"),
        ("n1", "linux::Ping", State.FAILED.name),
    ]
