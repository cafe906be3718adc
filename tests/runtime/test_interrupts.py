# SPDX-License-Identifier: BSD-3-Clause
"""Ctrl-C ends the call it strikes, and leaves the engine as it was."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from nepi.core.lifecycle import State, Step
from nepi.core.messages import Aim
from nepi.runtime.answers import Answer
from nepi.runtime.desk import Desk
from nepi.runtime.engine import Engine
from nepi.runtime.mailbox import Mailbox
from tests.runtime.actors import SOON, Plain, add

HEAD = """
import _thread, sys, threading
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Add, Aim
from nepi.runtime.engine import Engine

begun, may_end = threading.Event(), threading.Event()
class Actor:
    stops = 0
    def do_deploy(self):
        begun.set(); assert may_end.wait(20)
    def do_stop(self):
        Actor.stops += 1
        if Actor.stops == 1 and sys.argv[1] == "during":
            print("ready", flush=True)
            threading.Event().wait(20)
engine = Engine()
steps = frozenset({Step.DEPLOY, Step.STOP})
engine.register(1, Actor(), Add(1, critical=False, steps=steps))
"""

WAITING = (
    HEAD
    + """
engine.post(Aim((1,), State.STARTED))
begun.wait(20)
try:
    print("ready", flush=True)
    engine.wait([1], State.STARTED)
except KeyboardInterrupt:
    print("interrupted", flush=True)
may_end.set()
print(engine.wait([1], State.STARTED, timeout=20), flush=True)
engine.close()
"""
)

GRANTED = (
    HEAD
    + """
engine.post(Aim((1,), State.STARTED))
begun.wait(20)
try:
    print("ready", flush=True)
    engine.act(1, Step.STOP)   # its deploy is running: the grant has to wait
except KeyboardInterrupt:
    print("interrupted", flush=True)
may_end.set()
print(engine.wait([1], State.STARTED, timeout=20), Actor.stops, flush=True)
engine.close()
"""
)

ACTING = (
    HEAD
    + """
may_end.set()
engine.post(Aim((1,), State.STARTED))
engine.wait([1], State.STARTED, timeout=20)
try:
    engine.act(1, Step.STOP)
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(engine.state(1), engine.failure(1).type, flush=True)
engine.close()
"""
)


def struck(tmp_path: Path, script: str, mode: str = "before") -> list[str]:
    """Run *script*, send SIGINT once it says "ready", return what else it says."""
    path = tmp_path / "script.py"
    path.write_text(script)
    process = subprocess.Popen(
        [sys.executable, path, mode], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SOON)
    assert process.returncode == 0, err
    return out.splitlines()


def test_a_wait_is_interrupted_and_the_experiment_goes_on(tmp_path: Path) -> None:
    assert struck(tmp_path, WAITING) == ["interrupted", "True"]


def test_a_caller_who_goes_away_before_his_step_was_granted(tmp_path: Path) -> None:
    assert struck(tmp_path, GRANTED)[0] == "interrupted"


def test_a_step_in_the_callers_thread_that_is_struck_has_failed(tmp_path: Path) -> None:
    assert struck(tmp_path, ACTING, "during") == ["interrupted", "FAILED KeyboardInterrupt"]


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


class SlowStart(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.may_end = threading.Event()

    def do_start(self) -> None:
        self.begun.set()
        assert self.may_end.wait(SOON)


def test_what_was_asked_for_happens_though_the_caller_left_before_it_was_granted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(_: Desk, answer: object) -> None:
        del answer
        raise KeyboardInterrupt

    actor = add(engine, 1, SlowStart())
    engine.ask(Aim((1,), State.STARTED))
    assert actor.begun.wait(SOON)
    with monkeypatch.context() as patch:
        patch.setattr(Desk, "get", leave)
        with pytest.raises(KeyboardInterrupt):
            engine.act(1, Step.STOP)
    actor.may_end.set()
    assert engine.wait([1], State.STOPPED, timeout=SOON)
    assert actor.threads[Step.STOP].name == "nepi-hand"


def test_what_was_asked_for_happens_though_the_caller_left_when_it_was_granted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Desk.get

    def leave(desk: Desk, answer: Answer) -> None:
        real(desk, answer)
        raise KeyboardInterrupt

    actor = add(engine, 1, Plain())
    engine.ask(Aim((1,), State.STARTED))
    assert engine.wait([1], State.STARTED, timeout=SOON)
    with monkeypatch.context() as patch:
        patch.setattr(Desk, "get", leave)
        with pytest.raises(KeyboardInterrupt):
            engine.act(1, Step.STOP)
    assert engine.wait([1], State.STOPPED, timeout=SOON)
    assert actor.threads[Step.STOP].name == "nepi-hand"


def test_the_bell_is_rung_even_if_the_ringing_was_struck() -> None:
    rings: list[str] = []

    def ring() -> None:
        rings.append("ring")
        if len(rings) == 1:
            raise KeyboardInterrupt

    mailbox = Mailbox(ring)
    with pytest.raises(KeyboardInterrupt):
        mailbox.post("event")
    assert rings == ["ring", "ring"]
    assert list(mailbox.items) == ["event"]
    mailbox.post("another")
    assert rings == ["ring", "ring"], "one ring a batch"


def test_other_threads_are_not_held_up_by_one_that_left(engine: Engine) -> None:
    actor = add(engine, 1, Plain())
    engine.ask(Aim((1,), State.STARTED))
    assert engine.wait([1], State.STARTED, timeout=SOON)
    threads = [threading.Thread(target=engine.wait, args=([1], State.STOPPED)) for _ in range(5)]
    for thread in threads:
        thread.start()
    engine.act(1, Step.STOP)
    for thread in threads:
        thread.join(SOON)
    assert not any(thread.is_alive() for thread in threads)
    assert actor.performed == [Step.DEPLOY, Step.START, Step.STOP]
