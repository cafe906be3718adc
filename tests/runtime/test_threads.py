# SPDX-License-Identifier: BSD-3-Clause
"""The engine with its own loop and threads, on the real clock. Nothing here lasts."""

import asyncio
import functools
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from nepi.core.lifecycle import State, Step
from nepi.core.messages import Add, Aim, Observed, Policy
from nepi.runtime.attempts import running
from nepi.runtime.engine import Engine
from nepi.runtime.errors import (
    EngineClosedError,
    EngineError,
    EngineThreadError,
    StepAbandonedError,
    WaitTimeoutError,
)
from nepi.runtime.journal import read, replay
from nepi.runtime.switching import INTERVAL
from nepi.runtime.tasks import Task, TaskStatus, performs
from tests.runtime.actors import SOON, Plain, Stuck, add, after


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine


def run(engine: Engine, *guids: int, until: State = State.STARTED) -> bool:
    engine.ask(Aim(guids, State.STARTED))
    return engine.wait(guids, until, timeout=SOON)


def ended(task: Task) -> bool:
    """Wait until *task* is over; return whether it went well."""
    over = threading.Event()

    def look() -> None:
        if task.status is TaskStatus.NEW:
            engine_of[task].schedule(0.001, look)
        else:
            over.set()

    look()
    assert over.wait(SOON)
    return task.status is TaskStatus.DONE


engine_of: dict[Task, Engine] = {}


def test_plain_steps_run_in_threads_and_coroutines_on_the_loop(engine: Engine) -> None:
    class Mixed(Plain):
        async def do_start(self) -> None:  # type: ignore[override]
            await asyncio.sleep(0)
            self._note(Step.START)

    actor = add(engine, 1, Mixed())
    assert run(engine, 1)
    assert actor.threads[Step.DEPLOY].name == "nepi-hand"
    assert actor.threads[Step.START].name == "nepi-engine"


def test_an_engine_begins_with_the_first_need_and_threads_of_its_own(tmp_path: Path) -> None:
    before = threading.active_count()
    engine = Engine(directory=tmp_path)
    engine.register(1, Plain(), Add(1))
    engine.subscribe(print)
    engine.note("hello")
    assert threading.active_count() == before
    assert list(tmp_path.iterdir()) == []
    engine.ask(Aim((1,), State.READY))
    assert [path.name for path in tmp_path.iterdir()] == ["events.jsonl"]
    engine.close()
    engine.close()
    assert "nepi-engine" not in [thread.name for thread in threading.enumerate()]


def test_many_plain_steps_that_block_all_run_at_once(engine: Engine) -> None:
    together = threading.Barrier(30)

    class Blocking(Plain):
        def do_deploy(self) -> None:
            together.wait(SOON)

    for guid in range(1, 31):
        add(engine, guid, Blocking())
    assert run(engine, *range(1, 31))


def test_threads_stay_within_their_limit() -> None:
    most, now, lock = [0], [0], threading.Lock()

    class Counting(Plain):
        def do_deploy(self) -> None:
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            threading.Event().wait(0)
            with lock:
                now[0] -= 1

    with Engine(threads=3) as engine:
        for guid in range(1, 51):
            add(engine, guid, Counting())
        assert run(engine, *range(1, 51))
    assert most[0] <= 3


def test_acting_runs_plain_steps_in_the_callers_thread(engine: Engine) -> None:
    actor = add(engine, 1, Plain())
    assert run(engine, 1)
    engine.act(1, Step.STOP)
    assert engine.state(1) is State.STOPPED
    assert actor.threads[Step.STOP] is threading.current_thread()
    assert running(1) is None


def test_acting_waits_for_the_running_step_without_holding_a_hand(engine: Engine) -> None:
    stuck = add(engine, 1, Stuck(), critical=False)
    engine.ask(Aim((1,), State.READY))
    assert stuck.begun.wait(SOON)
    task = engine.schedule(0, Stopping(engine, 1).stop)
    hands = engine._shell.driver.pool.hands  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    assert hands == 1
    stuck.may_end.set()
    engine_of[task] = engine
    assert ended(task)
    assert stuck.performed == [Step.DEPLOY], "stop does not fit READY, and that is no error"


class Stopping:
    """A resource of a classic kind, whose public stop is marked."""

    def __init__(self, engine: Engine, guid: int) -> None:
        self.engine = engine
        self.guid = guid

    @performs(Step.STOP)
    def stop(self) -> None:
        raise AssertionError("the engine acts itself")


def test_a_scheduled_verb_is_performed_like_any_step(engine: Engine) -> None:
    actor = add(engine, 1, Plain())
    assert run(engine, 1)
    task = engine.schedule(0, Stopping(engine, 1).stop)
    assert engine.wait([1], State.STOPPED, timeout=SOON)
    assert actor.threads[Step.STOP].name == "nepi-hand"
    engine_of[task] = engine
    assert ended(task)


def test_acting_again_from_within_ones_own_step(engine: Engine) -> None:
    class Deep(Plain):
        def do_deploy(self) -> None:
            super().do_deploy()
            engine.act(1, Step.DISCOVER)

        def do_discover(self) -> None:
            self._note(Step.DISCOVER)

        def do_start(self) -> None:
            super().do_start()
            engine.act(1, Step.STOP)

        async def do_stop(self) -> None:  # type: ignore[override]
            self._note(Step.STOP)

    actor = add(engine, 1, Deep())
    assert run(engine, 1, until=State.STOPPED)
    wanted = [Step.DISCOVER, Step.DEPLOY, Step.DISCOVER, Step.START, Step.STOP]
    assert actor.performed == wanted
    assert engine.state(1) is State.STOPPED
    assert actor.threads[Step.STOP].name == "nepi-engine"


def test_a_coroutine_step_of_ones_own_cannot_be_awaited_by_a_call(engine: Engine) -> None:
    class Deep:
        async def do_start(self) -> None:
            engine.act(1, Step.STOP)

        async def do_stop(self) -> None:
            """Do nothing."""

    add(engine, 1, Deep(), critical=False)
    run(engine, 1)
    failure = engine.failure(1)
    assert failure is not None
    assert failure.type == "EngineThreadError"
    assert "await stop.aio()" in failure.message


def test_a_step_that_raises_raises_in_the_caller_with_the_state_known(engine: Engine) -> None:
    class Failing(Plain):
        def do_stop(self) -> None:
            raise OSError("stuck cable")

    add(engine, 1, Failing(), critical=False)
    assert run(engine, 1)
    with pytest.raises(OSError, match="cable"):
        engine.act(1, Step.STOP)
    assert engine.state(1) is State.FAILED


def test_a_step_performed_by_a_caller_may_be_given_up(engine: Engine) -> None:
    class Slow(Plain):
        def do_stop(self) -> None:
            engine.cancel([1])
            assert engine.wait([1], State.FAILED, timeout=SOON)

    add(engine, 1, Slow(), critical=False)
    assert run(engine, 1)
    with pytest.raises(StepAbandonedError):
        engine.act(1, Step.STOP)


def test_a_step_that_hangs_is_given_up_and_released_elsewhere(
    engine: Engine, tmp_path: Path
) -> None:
    engine.open(tmp_path)
    stuck = add(engine, 1, Stuck(), critical=False)
    engine.ask(Aim((1,), State.READY))
    assert stuck.begun.wait(SOON)
    engine.cancel([1], reason="the test has waited long enough")
    assert engine.wait([1], State.FAILED, timeout=SOON)
    engine.post(Aim((1,), State.RELEASED))
    assert engine.wait([1], State.RELEASED, timeout=SOON, interrupts=False)
    assert stuck.performed == [Step.RELEASE]
    seen = threading.Event()

    def listen(records: Sequence[Mapping[str, Any]]) -> None:
        if any(record["kind"] == "late" for record in records):
            seen.set()

    engine.subscribe(listen)
    engine.ask()
    stuck.may_end.set()
    assert seen.wait(SOON)
    assert '"kind":"late"' in (tmp_path / "events.jsonl").read_text()
    assert engine.outcome(1) is State.FAILED


def test_a_sync_step_over_its_timeout_is_given_up(engine: Engine) -> None:
    stuck = add(engine, 1, Stuck(), critical=False, policy=Policy(timeouts={Step.DEPLOY: 0.01}))
    engine.ask(Aim((1,), State.READY))
    assert engine.wait([1], State.FAILED, timeout=SOON)
    failure = engine.failure(1)
    assert failure is not None
    assert failure.type == "StepTimeout"
    stuck.may_end.set()


def test_a_classic_resource_says_itself_where_it_is(engine: Engine) -> None:
    class Classic:
        def _say(self, state: State) -> None:
            engine.post(Observed(1, state, engine.now()))

        def do_deploy(self) -> None:
            self._say(State.DISCOVERED)
            self._say(State.READY)

        def do_start(self) -> None:
            self._say(State.STARTED)
            self._say(State.STOPPED)

        def do_release(self) -> None:
            self._say(State.RELEASED)

    add(engine, 1, Classic(), classic=True)
    assert run(engine, 1, until=State.STOPPED)
    states = [reached.state for reached in engine.history(1)]
    assert states == [State.DISCOVERED, State.READY, State.STARTED, State.STOPPED]


# -- waiting --------------------------------------------------------------------------------------


def test_blocking_calls_on_the_engines_thread_are_refused_naming_the_twin(engine: Engine) -> None:
    calls: dict[str, Callable[[], object]] = {
        "await engine.ask_aio": engine.ask,
        "await start.aio()": lambda: engine.act(1, Step.START),
        "await engine.wait_aio": lambda: engine.wait([1], State.READY),
        "await engine.explain_aio": lambda: engine.explain(1),
        "await engine.set_aio": lambda: engine.set(1, "a", 1),
        "engine.schedule": lambda: engine.call(print, after=()),
        "await engine.close_aio": engine.close,
    }
    told: dict[str, str] = {}

    async def try_all() -> None:
        for twin, call in calls.items():
            try:
                call()
            except EngineThreadError as error:
                told[twin] = str(error)
        try:
            await engine.close_aio()
        except EngineThreadError as error:
            told["engine.close(), in a thread"] = str(error)

    add(engine, 1, Plain())
    task = engine.schedule(0, try_all)
    engine_of[task] = engine
    assert ended(task)
    assert set(told) == {*calls, "engine.close(), in a thread"}
    assert all(twin in text for twin, text in told.items())


def test_a_wait_that_is_over_in_time_and_one_that_is_not(engine: Engine) -> None:
    stuck = add(engine, 1, Stuck())
    engine.ask(Aim((1,), State.READY))
    with pytest.raises(
        WaitTimeoutError, match=r"not READY within 0\.001 s: r1 is PROVISIONED; its"
    ):
        engine.wait([1], State.READY, timeout=0.001)
    stuck.may_end.set()
    assert engine.wait([1], State.READY, timeout=SOON)


def test_an_abort_ends_waits_but_those_that_go_through_it() -> None:
    class Failing(Plain):
        def do_start(self) -> None:
            raise OSError("broken")

    with Engine(on_failure="abort") as engine:
        add(engine, 1, Failing())
        add(engine, 2, Plain())
        engine.put(after(2, Step.START, 1, State.READY, 1000.0))
        engine.ask(Aim((1, 2), State.STARTED))
        assert not engine.wait([2], State.STARTED, timeout=SOON)
        assert not engine.wait([2], State.STARTED, timeout=SOON), "nor does a later wait last"
        assert engine.aborted is not None
        assert engine.state(2) is State.READY
        engine.ask(Aim((1, 2), State.RELEASED))
        assert engine.wait([1, 2], State.RELEASED, timeout=SOON, interrupts=False)


def test_a_long_wait_says_what_it_waits_for() -> None:
    told: list[str] = []
    twice = threading.Event()

    def tell(text: str) -> None:
        told.append(text)
        if len(told) == 2:
            twice.set()

    with Engine(tell=tell, patience=0.001) as engine:
        stuck = add(engine, 1, Stuck())
        engine.ask(Aim((1,), State.READY))
        waiting = threading.Thread(target=engine.wait, args=([1], State.READY))
        waiting.start()
        assert twice.wait(SOON)
        stuck.may_end.set()
        waiting.join(SOON)
    assert told[0] == "still waiting for READY: r1 is PROVISIONED; its deploy is running"


def test_the_twins_may_be_awaited_on_any_loop(engine: Engine) -> None:
    async def main() -> list[Any]:
        await engine.ask_aio(Aim((1,), State.STARTED))
        first = await engine.wait_aio([1], State.STARTED, timeout=SOON)
        await engine.act_aio(1, Step.STOP)
        with pytest.raises(WaitTimeoutError):
            await engine.wait_aio([1], State.RELEASED, timeout=0.001)
        waiting = asyncio.create_task(engine.wait_aio([1], State.RELEASED))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await engine.set_aio(1, "colour", "red")
        return [first, engine.state(1), waiting.cancelled()]

    actor = add(engine, 1, Plain())
    assert asyncio.run(main()) == [True, State.STOPPED, True]
    assert actor.colour == "red"
    assert actor.threads[Step.STOP].name == "nepi-hand"


# -- the end --------------------------------------------------------------------------------------


def test_closing_ends_everything_and_tells_everybody() -> None:
    engine = Engine()
    closed: list[str] = []

    async def close_first() -> None:
        closed.append("first opened")

    async def close_second() -> None:
        await asyncio.sleep(0)
        closed.append("second opened")

    async def close_badly() -> None:
        raise OSError("no")

    async def close_never() -> None:
        await asyncio.sleep(1000)

    for closer in (close_first, close_second, close_badly, close_never):
        engine.on_close(closer)
    stuck = add(engine, 1, Stuck())
    engine.ask(Aim((1,), State.READY))
    errors: list[Exception] = []

    def wait() -> None:
        try:
            engine.wait([1], State.READY)
        except EngineClosedError as error:
            errors.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert stuck.begun.wait(SOON)
    engine.close(limit=0.2)
    waiting.join(SOON)
    assert closed == ["second opened", "first opened"]
    assert len(errors) == 1
    with pytest.raises(EngineClosedError):
        engine.ask(Aim((1,), State.READY))
    with pytest.raises(EngineClosedError):
        engine.wait([1], State.READY)
    engine.post(Aim((1,), State.READY))
    assert engine.schedule(0, print).status is TaskStatus.NEW
    stuck.may_end.set()


def test_an_engine_that_never_began_is_closed_too(tmp_path: Path) -> None:
    engine = Engine()
    engine.open(tmp_path)
    engine.close()
    engine.close()
    with pytest.raises(EngineClosedError, match="make another"):
        engine.schedule(0, print)
    with pytest.raises(EngineClosedError):
        engine.ask(Aim((), State.READY))


def test_closing_from_another_loop() -> None:
    engine = Engine()
    add(engine, 1, Plain())
    run(engine, 1)
    asyncio.run(engine.close_aio())
    with pytest.raises(EngineClosedError):
        engine.ask(Aim((1,), State.RELEASED))


def test_closing_says_nothing_of_what_it_cuts_short(tmp_path: Path) -> None:
    class Long:
        async def do_start(self) -> None:
            await asyncio.sleep(1000)

        async def finished(self) -> None:
            await asyncio.sleep(1000)

    class Living(Plain):
        async def finished(self) -> None:
            await asyncio.sleep(1000)

    engine = Engine(directory=tmp_path)
    add(engine, 1, Long())
    add(engine, 2, Living())
    run(engine, 2)
    engine.ask(Aim((1,), State.STARTED))
    engine.close()
    reading = read(tmp_path / "events.jsonl")
    assert not {"failed", "ended", "aborted"} & {r["kind"] for r in reading.records}
    again = replay(tmp_path / "events.jsonl")
    assert (again.state(1), again.busy(1)) == (State.READY, Step.START)
    assert again.state(2) is State.STARTED


def test_an_engine_whose_thread_is_blocked_is_left_behind(
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = Engine()
    may_end = threading.Event()

    class Blocking:
        async def do_deploy(self) -> None:
            may_end.wait(SOON)

    add(engine, 1, Blocking())
    engine.post(Aim((1,), State.READY))
    portal = engine._shell.portal  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    real, portal.join = portal.join, lambda timeout: timeout < 0  # type: ignore[method-assign]
    engine.close(limit=0.0)
    assert "is stuck" in caplog.text
    may_end.set()
    assert real(SOON)


def test_python_switches_between_threads_sooner_while_an_engine_lives() -> None:
    before = sys.getswitchinterval()
    with Engine() as first, Engine() as second:
        first.ask()
        first.schedule(0, print)
        second.schedule(0, print)
        assert sys.getswitchinterval() == pytest.approx(INTERVAL)
        second.close()
        assert sys.getswitchinterval() == pytest.approx(INTERVAL)
    assert sys.getswitchinterval() == pytest.approx(before)


def test_a_journal_may_not_come_late(engine: Engine, tmp_path: Path) -> None:
    add(engine, 1, Plain())
    run(engine, 1)
    with pytest.raises(EngineError, match="too late"):
        engine.open(tmp_path)


def test_a_fault_of_the_engine_itself_is_told_to_all_who_wait(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(engine, 1, Plain())
    run(engine, 1)
    monkeypatch.setattr(
        engine._shell.driver.orchestrator,  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
        "take",
        functools.partial(int, "fault"),
    )
    with pytest.raises(EngineError, match="fault of NEPI"):
        engine.wait([1], State.RELEASED, timeout=SOON)
    with pytest.raises(EngineError, match="fault of NEPI"):
        engine.ask(Aim((1,), State.RELEASED))


def test_callbacks_run_in_threads_and_their_trouble_is_written_down(
    engine: Engine, tmp_path: Path
) -> None:
    engine.open(tmp_path)

    def failing() -> None:
        raise ValueError("no idea")

    names: list[str] = []
    first = engine.schedule(0, lambda: names.append(threading.current_thread().name))
    later = engine.schedule(0.001, lambda: names.append(threading.current_thread().name))
    wrong = engine.schedule(0, failing)
    for task in (first, later, wrong):
        engine_of[task] = engine
        ended(task)
    assert names == ["nepi-hand"] * 2
    assert "ValueError: no idea" in wrong.result
    engine.close()
    notes = [r["text"] for r in read(tmp_path / "events.jsonl").records if r["kind"] == "note"]
    assert any("failing failed" in text for text in notes)


def test_a_callback_called_off_is_not_called(engine: Engine) -> None:
    called: list[str] = []
    engine.schedule(0.001, lambda: called.append("never")).cancel()
    task = engine.schedule(0.002, lambda: called.append("later"))
    engine_of[task] = engine
    assert ended(task)
    assert called == ["later"]


def test_a_step_that_has_not_begun_is_called_off_by_the_release() -> None:
    with Engine(threads=1) as engine:
        stuck = add(engine, 1, Stuck(), critical=False)
        waiting = add(engine, 2, Plain(), critical=False)
        engine.ask(Aim((1,), State.READY))
        assert stuck.begun.wait(SOON)
        engine.ask(Aim((2,), State.READY))
        engine.ask(Aim((2,), State.RELEASED))
        stuck.may_end.set()
        assert engine.wait([2], State.RELEASED, timeout=SOON, interrupts=False)
        assert Step.DEPLOY not in waiting.performed
        assert engine.outcome(2) is State.FAILED
