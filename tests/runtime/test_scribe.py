# SPDX-License-Identifier: BSD-3-Clause
"""A journal that can be written no more: the run is aborted and released, and says why."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nepi.core.lifecycle import State, Step
from nepi.core.messages import Aim, Set
from nepi.runtime.engine import Engine
from nepi.runtime.errors import JournalError
from nepi.runtime.journal import Journal, read, replay
from nepi.runtime.virtual import Stand, VirtualEngine
from tests.runtime.actors import SOON, Plain, add, after

FULL = OSError(28, "No space left on device")


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bool]]:
    """Let the disk be full once this is no longer empty."""
    state: list[bool] = []
    real = os.write

    def write(fd: int, data: bytes) -> int:
        if state and b'"t":' in data:
            raise FULL
        return real(fd, data)

    monkeypatch.setattr(os, "write", write)
    yield state
    monkeypatch.undo()


def test_nothing_new_begins_and_what_is_there_is_released(
    tmp_path: Path, full: list[bool], caplog: pytest.LogCaptureFixture
) -> None:
    with VirtualEngine(directory=tmp_path) as engine:
        first = add(engine, 1, Stand({Step.START: 1.0, Step.RELEASE: 1.0}))
        second = add(engine, 2, Stand({Step.START: 1.0}))
        engine.put(after(2, Step.START, 1, State.STARTED, 5.0))
        engine.ask(Aim((1, 2), State.STARTED))
        engine.wait([1], State.STARTED)
        full.append(True)
        engine.wait([2], State.STARTED)
        assert engine.wait([1, 2], State.RELEASED, interrupts=False)
        assert (first.performed, second.performed) == ([Step.START, Step.RELEASE], [])
        assert engine.aborted is not None
        assert engine.aborted.failure.type == "JournalError"
        assert isinstance(engine.trouble, JournalError)
        full.clear()
    assert "make room there" in caplog.text
    reading = read(tmp_path / "events.jsonl")
    assert "the journal ends here" in reading.records[-1]["text"]
    again = replay(tmp_path / "events.jsonl")
    assert again.state(1) is State.STARTED, "the last thing that could be written"


def test_on_a_full_disk_a_caller_gets_the_reason(tmp_path: Path, full: list[bool]) -> None:
    with VirtualEngine(directory=tmp_path, on_failure="abort") as engine:
        actor = add(engine, 1, Plain())
        other = add(engine, 2, Stand({Step.STOP: 1.0, Step.START: 1.0}))
        engine.ask(Aim((1, 2), State.STARTED))
        engine.wait([1, 2], State.STARTED)
        for guid in (1, 2):
            engine.act(guid, Step.STOP)
        full.append(True)
        with pytest.raises(JournalError, match="No space left"):
            engine.act(2, Step.START)
        assert engine.aborted is not None
        assert engine.state(1) is State.STOPPED, "everything is left in place"
        assert (actor.performed[-1], other.performed[-1]) == (Step.STOP, Step.STOP)


def test_a_disk_that_cannot_keep_what_was_written_aborts_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Journal) -> None:
        raise JournalError("Input/output error")

    with VirtualEngine(directory=tmp_path) as engine:
        add(engine, 1, Stand({Step.DEPLOY: 10.0}))
        engine.ask(Aim((1,), State.STARTED))
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "sync", fail)
            assert not engine.wait([1], State.STARTED)
        assert engine.now() < 2.0, "it was noticed at the next sync"
        assert engine.wait([1], State.RELEASED, interrupts=False)


def test_a_journal_that_cannot_be_kept_at_the_very_end_is_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Journal) -> None:
        raise JournalError("Input/output error")

    engine = VirtualEngine(directory=tmp_path)
    add(engine, 1, Stand())
    engine.ask(Aim((1,), State.READY))
    monkeypatch.setattr(Journal, "sync", fail)
    engine.close()
    assert engine.trouble is not None


def test_an_idle_engine_does_not_sync_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs: list[Journal] = []
    real = Journal.sync

    def count(journal: Journal) -> None:
        syncs.append(journal)
        real(journal)

    monkeypatch.setattr(Journal, "sync", count)
    with VirtualEngine(directory=tmp_path) as engine:
        add(engine, 1, Stand({Step.DEPLOY: 0.5, Step.START: 100.0}))
        engine.ask(Aim((1,), State.STARTED))
        engine.wait([1], State.STARTED)
        assert len(syncs) <= 3


def test_what_is_secret_is_not_in_the_journal(tmp_path: Path) -> None:
    def redact(guid: int, name: str, value: object) -> object:
        assert guid == 1
        return "env:TOKEN" if name == "token" else value

    with VirtualEngine(directory=tmp_path, redact=redact) as engine:
        stand = add(engine, 1, Stand())
        engine.set(1, "token", "hunter2")
        engine.ask(Set(1, "rate", 5))
        assert stand.token == "hunter2"  # noqa: S105
    text = (tmp_path / "events.jsonl").read_text()
    assert "hunter2" not in text
    assert [r["value"] for r in read(tmp_path / "events.jsonl").records if r["kind"] == "set"] == [
        "env:TOKEN",
        5,
    ]


SMALL_DISK = """
import sys
from pathlib import Path
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Add, Aim
from nepi.runtime.engine import Engine

place = Path(sys.argv[1])
engine = Engine(directory=place)
class Actor:
    released = False
    def do_deploy(self): pass
    def do_release(self): Actor.released = True
engine.register(1, Actor(), Add(1, steps=frozenset({Step.DEPLOY, Step.RELEASE})))
engine.ask(Aim((1,), State.STARTED))
engine.wait([1], State.STARTED, timeout=20)
(place / "ballast").write_bytes(b"x" * (60 << 10))
while engine.trouble is None:
    engine.note("y" * 1000)
    engine.ask()
    engine.wait([1], State.STARTED, timeout=20)
assert engine.wait([1], State.RELEASED, timeout=20, interrupts=False)
assert Actor.released and engine.aborted.failure.type == "JournalError"
print(engine.trouble)
engine.close()
from nepi.runtime.journal import read, replay
assert replay(place / "events.jsonl").state(1) is State.STARTED
"""


@pytest.mark.root
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = tmp_path / "small.py"
    script.write_text(SMALL_DISK)
    mounted = (
        'mount -t tmpfs -o size=128k none "$1" && { "$2" "$3" "$1"; status=$?; '
        'umount "$1"; exit $status; }'
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", mounted, "sh", disk, sys.executable, script],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "No space left on device" in done.stdout


def test_the_real_loop_keeps_its_journal_on_the_disk(tmp_path: Path) -> None:
    with Engine(directory=tmp_path) as engine:
        add(engine, 1, Plain())
        engine.ask(Aim((1,), State.STARTED))
        assert engine.wait([1], State.STARTED, timeout=SOON)
    assert replay(tmp_path / "events.jsonl").state(1) is State.STARTED
