# SPDX-License-Identifier: BSD-3-Clause
import json
import os
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from nepi.cli.audience import Audience
from nepi.cli.faces import Events, Face, Lines, Watched
from nepi.cli.progress import Record
from tests.cli.test_progress import add, reached


class Paper:
    """Somewhere to write to, and what is there."""

    def __init__(self) -> None:
        self._reading, self.descriptor = os.pipe()

    def lines(self) -> list[str]:
        os.close(self.descriptor)
        with os.fdopen(self._reading) as file:
            return file.read().splitlines()


@pytest.fixture
def paper() -> Paper:
    return Paper()


def told(face: Face, *batches: Sequence[Record]) -> None:
    watched = Watched("handover", "run-1")
    for batch in batches:
        watched.progress.fold(batch)
        face.tell(watched, batch)


def words(lines: Sequence[str]) -> list[str]:
    """The lines without the time of day, and without the first, which names the run."""
    return [line.partition("  ")[2].strip() for line in lines[1:]]


def test_a_line_for_every_state_with_the_time_since_the_beginning(paper: Paper) -> None:
    told(
        Lines(paper.descriptor),
        [add(1, "server"), add(2, "client"), reached(1, "READY", 9.0)],
        [reached(2, "READY", 9.5), reached(0, "STARTED", 9.5), reached(1, "STARTED", 9.5)],
        [reached(2, "STARTED", 10.5)],
        [reached(2, "FAILED", 11.0, "exit code 3")],
    )
    assert words(paper.lines()) == [
        "deploying  server: READY",
        "t=0.000  client: READY",
        "t=0.000  everything is READY: t = 0",
        "t=0.000  server: STARTED",
        "t=1.000  client: STARTED",
        "t=1.500  client: FAILED: exit code 3",
    ]


def test_many_that_do_the_same_at_once_share_a_line(paper: Paper) -> None:
    members = range(1, 1001)
    told(
        Lines(paper.descriptor),
        [add(guid, f"n{guid}") for guid in members],
        [reached(guid, "READY", 1.0) for guid in members],
    )
    assert words(paper.lines()) == ["deploying  n1, n2, n3, n4 and 996 more: READY"]


def test_states_passed_through_are_not_worth_a_line(paper: Paper) -> None:
    told(Lines(paper.descriptor), [add(1, "a"), reached(1, "DISCOVERED", 1.0)])
    assert paper.lines() == ["handover, run run-1"]


def test_retries_aborts_and_notes_are_told(paper: Paper) -> None:
    failure = {"type": "OSError", "message": "no route", "trace": ""}
    step = {"guid": 1, "step": "deploy", "failure": failure}
    told(
        Lines(paper.descriptor),
        [
            add(1, "a"),
            {"t": 1.0, "kind": "retried", **step, "at": 3.0},
            {"t": 3.0, "kind": "aborted", **step},
            {"t": 3.0, "kind": "late", "guid": 1, "report": {"kind": "done", "step": "deploy"}},
            {"t": 3.0, "kind": "late", "guid": 1, "report": {"kind": "ended"}},
            {"t": 3.0, "kind": "note", "text": "the disk is full"},
        ],
    )
    assert words(paper.lines()) == [
        "deploying  a: deploy failed and is tried again in 2.000 s: no route",
        "deploying  aborted: a: no route",
        "deploying  a: deploy, which was given up, has ended",
        "deploying  the disk is full",
    ]


def test_events_are_the_records_with_their_run(paper: Paper) -> None:
    record = reached(1, "READY", 1.0)
    told(Events(paper.descriptor), [add(1, "a")], [record])
    assert json.loads(paper.lines()[1]) == {"run": "run-1", **record}


class Remembering(Face):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str]] = []

    def tell(self, watched: Watched, records: Sequence[Record]) -> None:
        self.heard += [(watched.name, record["kind"]) for record in records]


def experiment(name: str) -> tuple[Any, Callable[[Sequence[Record]], object]]:
    """Something that behaves like an experiment here, and how to let something happen in it."""
    listeners: list[Callable[[Sequence[Record]], object]] = []
    made = SimpleNamespace(name=name, run_id=f"run of {name}", on=listeners.append)

    def happens(records: Sequence[Record]) -> None:
        for listener in listeners:
            listener(records)

    return made, happens


def test_all_that_happened_is_shown_before_the_audience_leaves() -> None:
    face = Remembering()
    audience = Audience(face)
    one, happens = experiment("one")
    another, happens_too = experiment("another")
    audience.watch(one)
    audience.watch(another)
    happens([add(1, "a"), reached(1, "READY", 1.0)])
    happens_too([add(1, "b")])
    audience.close()
    assert face.heard == [("one", "add"), ("one", "reached"), ("another", "add")]
    assert [watched.run_id for watched in audience.experiments] == ["run of one", "run of another"]
