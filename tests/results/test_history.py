# SPDX-License-Identifier: BSD-3-Clause
"""The journal tells the phases of every resource, and what each waited for."""

import asyncio
from pathlib import Path

import pytest

from nepi.core.conditions import Condition, Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Add, Aim, Hold
from nepi.results.history import Lane, Phase, history
from nepi.runtime.errors import JournalError
from nepi.runtime.virtual import VirtualEngine
from tests.results.journals import WALL, JournalText, crowd, handover


def phases(lane: Lane) -> list[tuple[str, float, float]]:
    return [(span.phase.name, round(span.begin, 3), round(span.end, 3)) for span in lane.spans]


def test_the_life_of_the_example_is_told(tmp_path: Path) -> None:
    past = history(handover(tmp_path / "events.jsonl"))
    lanes = {lane.name: lane for lane in past.lanes}
    assert phases(lanes["client"]) == [
        ("WAITING", -0.34, -0.029),
        ("PREPARING", -0.029, 0.0),
        ("WAITING", 0.0, 0.18),
        ("DELAY", 0.18, 1.18),
        ("PREPARING", 1.18, 1.19),
        ("STARTED", 1.19, 2.96),
        ("STOPPED", 2.96, 3.07),
        ("ENDING", 3.07, 3.1),
    ]
    assert lanes["watchdog"].reason == "linux::Application 'watchdog': exit code 3: nobody feeds me"
    assert lanes["watchdog"].failed_at == pytest.approx(1.21)
    assert not lanes["watchdog"].critical
    assert all(lane.ended for lane in past.lanes)
    assert past.has_zero
    assert past.zero_wall == pytest.approx(WALL + 0.35)
    assert past.aborted is None


def test_what_held_a_step_back_is_told_with_its_delay(tmp_path: Path) -> None:
    past = history(handover(tmp_path / "events.jsonl"))
    numbers = {lane.name: lane.guid for lane in past.lanes}
    waits = {(wait.guid, wait.step.value): wait for wait in past.waits}
    client = waits[numbers["client"], "start"]
    assert (client.last, client.delay) == (numbers["server"], 1.0)
    assert client.met == pytest.approx(0.18)
    assert client.begun == pytest.approx(1.18)
    checker = waits[numbers["checker"], "start"]
    assert checker.last == numbers["server"]
    assert waits[numbers["ping"], "stop"].last == numbers["client"]


def test_a_run_that_never_began_counts_from_its_first_record(tmp_path: Path) -> None:
    journal = JournalText()
    journal.add(1, "a", "linux::Node")
    journal.aim(2.0, 1)
    journal.run(1, "deploy", 2.0)
    journal.reached(1, "FAILED", 3.0, "broken")
    journal.line(3.0, "aborted", guid=1, step="deploy", failure=None)
    journal.line(3.5, "aborted", guid=1, step="deploy", failure=None)
    past = history(journal.write(tmp_path / "events.jsonl"))
    assert not past.has_zero
    assert phases(past.lanes[0]) == [("PREPARING", 2.0, 3.0), ("FAILED", 3.0, 3.5)]
    assert past.aborted == pytest.approx(3.0)
    assert not past.lanes[0].ended


def test_a_resource_that_was_never_aimed_at_has_no_phases(tmp_path: Path) -> None:
    journal = JournalText()
    journal.add(1, "a", "linux::Node")
    past = history(journal.write(tmp_path / "events.jsonl"))
    assert past.lanes[0].spans == []
    assert (past.begin, past.end) == (0.0, 0.0)


def test_tries_and_restarts_are_told(tmp_path: Path) -> None:
    journal = JournalText()
    journal.add(1, "a", "linux::Application")
    journal.aim(0.0, 1)
    journal.zero(0.0)
    journal.step(1, "deploy", 0.0, 1.0)
    journal.run(1, "start", 1.0)
    failure = {"type": "E", "message": "m", "trace": ""}
    journal.line(2.0, "retried", guid=1, step="start", failure=failure, at=7000.0)
    journal.step(1, "start", 3.0, 4.0)
    journal.reached(1, "STOPPED", 5.0)
    journal.step(1, "start", 6.0, 7.0)
    journal.line(8.0, "note", text="the end")
    journal.line(8.0, "reached", guid=99, state="STARTED", at=5008.0)
    past = history(journal.write(tmp_path / "events.jsonl"))
    assert past.lanes[0].retries == [2.0]
    assert phases(past.lanes[0])[-4:] == [
        ("STARTED", 4.0, 5.0),
        ("STOPPED", 5.0, 6.0),
        ("PREPARING", 6.0, 7.0),
        ("STARTED", 7.0, 8.0),
    ]


def test_a_condition_of_a_restarted_resource_is_met_by_its_last_start(tmp_path: Path) -> None:
    journal = JournalText()
    for guid in (1, 2):
        journal.add(guid, str(guid), "linux::Application")
        journal.step(guid, "deploy", 0.0, 0.0)
    journal.hold(2, "start", [1], "STARTED")
    journal.hold(2, "start", [77], "STARTED")
    journal.zero(0.0)
    journal.reached(1, "STARTED", 1.0)
    journal.reached(1, "STOPPED", 2.0)
    journal.reached(1, "STARTED", 3.0)
    journal.step(2, "start", 4.0, 4.0)
    journal.reached(1, "STOPPED", 9.0)
    (wait,) = history(journal.write(tmp_path / "events.jsonl")).waits
    assert wait.met == pytest.approx(3.0)


def test_a_timed_verb_is_a_delay_since_the_beginning(tmp_path: Path) -> None:
    journal = JournalText()
    journal.add(1, "a", "linux::Application")
    journal.aim(0.0, 1)
    journal.step(1, "deploy", 0.0, 1.0)
    journal.zero(1.0)
    after = [[[0], "STARTED", 2.0]]
    journal.line(0.5, "force", guid=1, step="start", token=1, mine=False, after=after)
    journal.line(0.5, "force", guid=1, step="discover", token=1, mine=False, after=[])
    journal.step(1, "start", 3.0, 3.0)
    past = history(journal.write(tmp_path / "events.jsonl"))
    assert ("DELAY", 0.0, 2.0) in phases(past.lanes[0])
    assert past.waits[0].group == frozenset()


class Walker:
    """A resource whose steps take half a second, and that ends by itself."""

    async def do_deploy(self) -> None:
        await asyncio.sleep(0.5)

    async def do_start(self) -> None:
        await asyncio.sleep(0.5)

    async def do_release(self) -> None:
        await asyncio.sleep(0.5)

    async def finished(self) -> None:
        await asyncio.sleep(2)


def test_the_engine_writes_what_is_read_here(tmp_path: Path) -> None:
    with VirtualEngine(directory=tmp_path) as engine:
        for guid, name in ((1, "server"), (2, "client")):
            steps = frozenset({Step.DEPLOY, Step.START, Step.RELEASE})
            engine.register(guid, Walker(), Add(guid, "linux::Application", name, steps=steps))
        engine.ask(Hold(2, Condition(Step.START, Requirement({1}, State.STARTED, 1.0))))
        engine.ask(Aim((1, 2), State.STARTED))
        assert engine.wait([1, 2], State.STOPPED)
        engine.ask(Aim((1, 2), State.RELEASED))
        assert engine.wait([1, 2], State.RELEASED)
    server, client = history(tmp_path / "events.jsonl").lanes
    assert phases(server) == [
        ("PREPARING", -0.5, 0.5),
        ("STARTED", 0.5, 2.5),
        ("STOPPED", 2.5, 4.0),
        ("ENDING", 4.0, 4.5),
    ]
    assert phases(client)[1:4] == [
        ("WAITING", 0.0, 0.5),
        ("DELAY", 0.5, 1.5),
        ("PREPARING", 1.5, 2.0),
    ]


def test_every_lane_of_a_crowd_is_without_gaps(tmp_path: Path) -> None:
    past = history(crowd(tmp_path / "events.jsonl"))
    assert len(past.lanes) == 200
    for lane in past.lanes:
        for one, other in zip(lane.spans, lane.spans[1:], strict=False):
            assert one.end == other.begin
            assert one.phase is not other.phase or Phase.WAITING in (one.phase, other.phase)


def test_what_is_no_journal_is_refused(tmp_path: Path) -> None:
    with pytest.raises(JournalError):
        history(tmp_path / "nothing.jsonl")
