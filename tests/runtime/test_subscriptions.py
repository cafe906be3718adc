# SPDX-License-Identifier: BSD-3-Clause
"""Those who listen hear what the journal says; what they do wrong hurts nobody."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from nepi.core.lifecycle import State, Step
from nepi.core.messages import Aim
from nepi.runtime.journal import read
from nepi.runtime.virtual import Stand, VirtualEngine
from tests.runtime.actors import add

Records = Sequence[Mapping[str, Any]]


def start(engine: VirtualEngine, *guids: int) -> None:
    engine.ask(Aim(guids, State.STARTED))
    engine.wait(guids, State.STARTED)


def test_a_listener_hears_the_very_records_of_the_journal(tmp_path: Path) -> None:
    heard: list[Mapping[str, Any]] = []
    with VirtualEngine(directory=tmp_path) as engine:
        engine.subscribe(heard.extend)
        add(engine, 1, Stand({Step.DEPLOY: 1.0}))
        start(engine, 1)
        engine.note("that was it")
        engine.play(0.5)
    assert heard == read(tmp_path / "events.jsonl").records
    assert [record["kind"] for record in heard] == [
        "add",
        "aim",
        "reached",
        "run",
        "done",
        "reached",
        "reached",
        "reached",
        "note",
    ]


def test_a_listener_needs_no_journal_and_may_leave() -> None:
    heard: list[Mapping[str, Any]] = []
    with VirtualEngine() as engine:
        subscription = engine.subscribe(heard.extend)
        add(engine, 1, Stand())
        start(engine, 1)
        before = len(heard)
        subscription.close()
        subscription.close()
        engine.act(1, Step.STOP)
    assert len(heard) == before > 0


def test_a_late_listener_is_told_what_was() -> None:
    heard: list[Records] = []
    with VirtualEngine() as engine:
        add(engine, 1, Stand({Step.START: 2.0}))
        start(engine, 1)
        engine.subscribe(heard.append, past=True)
        add(engine, 2, Stand())
        engine.ask(Aim((2,), State.READY))
    past = [(r["kind"], r["guid"], r.get("state")) for r in heard[0]]
    assert past == [("add", 1, None), ("reached", 1, "READY"), ("reached", 1, "STARTED")]
    assert heard[0][2]["t"] == 2.0
    assert heard[1][0]["kind"] == "add"


def test_what_a_listener_raises_is_reported_once_and_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Mapping[str, Any]] = []

    def deaf(_: Records) -> None:
        raise ValueError("cannot hear you")

    with VirtualEngine(directory=tmp_path) as engine:
        engine.subscribe(deaf)
        engine.subscribe(heard.extend)
        add(engine, 1, Stand({Step.DEPLOY: 1.0}))
        start(engine, 1)
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 1
    notes = [r for r in read(tmp_path / "events.jsonl").records if r["kind"] == "note"]
    assert len(notes) == 1
    assert "deaf failed: ValueError('cannot hear you')" in notes[0]["text"]
    assert "cannot hear you" in notes[0]["trace"]
    assert heard[-1]["kind"] == "reached"


def test_a_listener_that_waits_for_the_engine_is_told_to_use_the_twin(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with VirtualEngine() as engine:
        engine.subscribe(lambda _: engine.wait([1], State.RELEASED))
        add(engine, 1, Stand())
        start(engine, 1)
    assert "await engine.wait_aio" in caplog.text
