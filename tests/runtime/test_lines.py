# SPDX-License-Identifier: BSD-3-Clause
"""Messages as lines of the journal, and back."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.core.lifecycle import State, Step
from nepi.core.messages import (
    Abandon,
    Aborted,
    Apply,
    Command,
    Done,
    Ended,
    Event,
    Failed,
    Failure,
    Grant,
    Interrupt,
    Invoke,
    Late,
    Observed,
    Opened,
    Reached,
    Refused,
    Retried,
    Run,
    Set,
    Unwatch,
    WakeAt,
    Watch,
)
from nepi.runtime import lines, unlines
from tests.runtime.events import EVENTS

BROKEN = Failure("OSError", 'no "way" out\n', "trace")


def data_of(tail: str) -> dict[str, Any]:
    assert tail.endswith("}\n")
    assert tail.count("\n") == 1
    data: dict[str, Any] = json.loads('{"t":1.5,' + tail)
    return data


@given(EVENTS)
def test_every_event_comes_back_as_it_was(event: Event) -> None:
    data = data_of(lines.EVENTS[type(event)](event))
    assert data["kind"] == type(event).__name__.lower()
    assert unlines.event(data) == event


def test_every_event_but_those_that_decide_nothing_has_a_line() -> None:
    assert set(lines.EVENTS) == set(get_args(Event)) - {Watch, Unwatch}


def test_every_command_but_those_to_the_engine_alone_has_a_line() -> None:
    assert set(lines.COMMANDS) == set(get_args(Command)) - {WakeAt, Opened}


@pytest.mark.parametrize(
    ("command", "data"),
    [
        (Run(3, Step.START, 7), {"kind": "run", "guid": 3, "step": "start", "attempt": 7}),
        (Grant(3, Step.STOP, 7, 5), {"kind": "run", "guid": 3, "step": "stop", "attempt": 7}),
        (Reached(3, State.READY, 2.0), {"kind": "reached", "guid": 3, "state": "READY", "at": 2.0}),
        (
            Reached(3, State.FAILED, 2.0, BROKEN),
            {
                "kind": "reached",
                "guid": 3,
                "state": "FAILED",
                "at": 2.0,
                "failure": {"type": "OSError", "message": 'no "way" out\n', "trace": "trace"},
            },
        ),
        (
            Interrupt(3, Step.START, 7),
            {"kind": "interrupt", "guid": 3, "step": "start", "attempt": 7},
        ),
        (Abandon(3, Step.START, 7), {"kind": "abandon", "guid": 3, "step": "start", "attempt": 7}),
        (
            Refused(4, 3, Step.STOP, "it is NEW"),
            {"kind": "refused", "guid": 3, "step": "stop", "reason": "it is NEW"},
        ),
        (Apply(3, "rate", "secret", 0), {"kind": "apply", "guid": 3, "name": "rate"}),
        (Invoke(4), {"kind": "invoke", "token": 4}),
    ],
)
def test_a_command_is_written_to_be_looked_at(command: Command, data: dict[str, Any]) -> None:
    assert data_of(lines.COMMANDS[type(command)](command)) == {"t": 1.5, **data}


def test_retries_and_aborts_say_why() -> None:
    retried = data_of(lines.COMMANDS[Retried](Retried(3, Step.DEPLOY, BROKEN, 9.5)))
    aborted = data_of(lines.COMMANDS[Aborted](Aborted(3, None, BROKEN)))
    assert (retried["at"], retried["failure"]["type"]) == (9.5, "OSError")
    assert (aborted["step"], aborted["failure"]["type"]) == (None, "OSError")


@pytest.mark.parametrize(
    "report",
    [
        Done(3, Step.START, 7),
        Failed(3, Step.START, 7, BROKEN),
        Ended(3),
        Observed(3, State.READY, 1.0),
    ],
)
def test_a_late_report_is_written_whole(report: Done | Failed | Ended | Observed) -> None:
    data = data_of(lines.COMMANDS[Late](Late(report)))
    assert data["guid"] == 3
    assert unlines.event(data["report"]) == report


def test_lines_that_are_no_events_have_no_way_back() -> None:
    assert unlines.event({"kind": "note", "text": "hello"}) is None


@given(st.text())
def test_a_note_is_one_line_whatever_it_says(text: str) -> None:
    assert data_of(lines.note(text))["text"] == text


def test_a_value_that_is_no_data_is_written_by_what_it_is() -> None:
    loop: list[object] = []
    loop.append(loop)
    tail = lines.set_line(Set(1, "rate", loop), loop)
    assert data_of(tail)["value"] == "<list>"
    assert data_of(lines.set_line(Set(1, "rate", State), State))["value"] == str(State)
