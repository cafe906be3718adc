# SPDX-License-Identifier: BSD-3-Clause
"""The journal: written, torn, read, replayed."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.core.errors import Refusal
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Add, Aim, Done, Event
from nepi.core.orchestrator import Orchestrator
from nepi.runtime import lines
from nepi.runtime.errors import JournalError
from nepi.runtime.journal import Journal, read, replay
from tests.runtime.events import EVENTS


def line(event: Event, t: float) -> str:
    return f'{{"t":{t:.6f},' + lines.EVENTS[type(event)](event)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.jsonl"


def test_the_header_says_whose_it_is_and_what_the_times_mean(path: Path) -> None:
    journal = Journal(path, run_id="20261101", on_failure="abort")
    journal.write(line(Add(1), 12.25))
    journal.close()
    reading = read(path)
    header = reading.header
    assert (header["format"], header["version"]) == ("nepi-events", 1)
    assert (header["run_id"], header["on_failure"]) == ("20261101", "abort")
    assert header["boot_id"]
    assert [record["kind"] for record in reading.records] == ["add"]
    assert reading.wall(header["monotonic"] + 2.0) == pytest.approx(header["wall"] + 2.0)


def test_a_journal_is_private_and_never_written_over(path: Path) -> None:
    Journal(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(JournalError, match="File exists"):
        Journal(path)


def test_a_journal_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="NEPI_LOCAL_DIR"):
        Journal(tmp_path / "nowhere" / "events.jsonl")


@given(data=st.data())
def test_a_last_line_that_is_torn_is_left_out(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("journal") / "events.jsonl"
    journal = Journal(path)
    events = data.draw(st.lists(EVENTS, min_size=1, max_size=4))
    journal.write("".join(line(event, 1.0) for event in events))
    journal.close()
    missing = data.draw(st.integers(2, len(line(events[-1], 1.0))))
    path.write_bytes(path.read_bytes()[:-missing])
    assert len(read(path).records) == len(events) - 1


def test_a_line_broken_in_the_middle_is_told_by_its_number(path: Path) -> None:
    journal = Journal(path)
    journal.write('{"t":1,"kind":"no\n' + line(Add(1), 1.0))
    journal.close()
    with pytest.raises(JournalError, match="line 2 is broken"):
        read(path)


@pytest.mark.parametrize("text", ["", "{}", '{"kind":"journal","format":"other"}\n', "[1]\n[2]\n"])
def test_what_is_no_journal_is_refused(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(JournalError):
        read(path)


def test_a_missing_journal_is_refused(path: Path) -> None:
    with pytest.raises(JournalError, match="cannot read"):
        read(path)


def test_a_journal_of_a_newer_nepi_is_refused(path: Path) -> None:
    path.write_text(json.dumps({"kind": "journal", "format": "nepi-events", "version": 99}) + "\n")
    with pytest.raises(JournalError, match="newer"):
        read(path)


@given(st.lists(st.tuples(EVENTS, st.integers(0, 3_000_000)), max_size=40))
def test_replaying_gives_the_state_that_was(
    tmp_path_factory: pytest.TempPathFactory, sequence: list[tuple[Event, int]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "events.jsonl"
    journal, orchestrator, now = Journal(path), Orchestrator(), 5.0
    for event, microseconds in sequence:
        now = round(now + microseconds / 1e6, 6)
        try:
            orchestrator.feed(event, now)
        except Refusal:
            continue
        orchestrator.take()
        journal.write(line(event, now))
    journal.close()
    again = replay(path)
    assert again.snapshot() == orchestrator.snapshot()
    assert again.aborted == orchestrator.aborted


def test_a_journal_that_does_not_fit_is_not_replayed(path: Path) -> None:
    journal = Journal(path)
    journal.write(line(Aim((1,), State.READY), 1.0))
    journal.close()
    with pytest.raises(JournalError, match="does not fit"):
        replay(path)


def test_half_a_line_is_taken_away_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(path)
    journal.write(line(Add(1), 1.0))
    before = path.read_bytes()
    real, calls = os.write, [1]

    def write(fd: int, data: bytes) -> int:
        if calls:
            calls.pop()
            return real(fd, data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", write)
    with pytest.raises(JournalError, match="No space left"):
        journal.write(line(Done(1, Step.START, 1), 2.0))
    monkeypatch.undo()
    journal.close()
    assert path.read_bytes() == before


def test_a_device_that_is_full_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def full(_: object, flags: int, mode: int = 0o600) -> int:
        return real("/dev/full", flags & ~os.O_EXCL, mode)

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(JournalError, match=r"No space left.*make room"):
        Journal(path)


def test_a_disk_that_does_not_keep_what_was_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(path)

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(JournalError, match="Input/output error"):
        journal.close()
