# SPDX-License-Identifier: BSD-3-Clause
"""What the engine makes of steps, conditions, endings, failures: in virtual time."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from nepi.core.conditions import RUN_START, Requirement
from nepi.core.errors import DuplicateResourceError, UnknownResourceError
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Add, Aim, Cancel, Done, Failure, Force, Policy, Set, Watch
from nepi.runtime.errors import StepAbandonedError, StepRefusedError, WaitTimeoutError
from nepi.runtime.virtual import Stand, VirtualEngine
from tests.runtime.actors import Plain, add, after


@pytest.fixture
def engine() -> Iterator[VirtualEngine]:
    with VirtualEngine() as engine:
        yield engine


def run(engine: VirtualEngine, *guids: int, until: State = State.STARTED) -> bool:
    engine.ask(Aim(guids, State.STARTED))
    return engine.wait(guids, until)


def test_steps_take_the_time_they_take(engine: VirtualEngine) -> None:
    add(engine, 1, Stand({Step.DEPLOY: 2.0, Step.START: 0.5}, lifetime=10.0))
    assert run(engine, 1, until=State.STOPPED)
    moments = [engine.moment(1, state) for state in (State.READY, State.STARTED, State.STOPPED)]
    assert moments == [2.0, 2.5, 12.5]
    assert engine.now() == 12.5


def test_a_condition_with_a_delay_is_met_on_its_date(engine: VirtualEngine) -> None:
    add(engine, 1, Stand({Step.START: 1.0}))
    add(engine, 2, Stand({Step.START: 1.0}))
    engine.put(after(2, Step.START, 1, State.STARTED, 0.25))
    assert run(engine, 1, 2)
    assert engine.moment(2, State.STARTED) == 2.25


def test_time_zero_is_when_the_first_barrier_opens(engine: VirtualEngine) -> None:
    add(engine, 1, Stand({Step.DEPLOY: 3.0}))
    called: list[float] = []
    engine.call(
        lambda: called.append(engine.now()),
        after=[Requirement({RUN_START}, State.STARTED, 1.5)],
    )
    run(engine, 1)
    engine.play()
    assert engine.moment(RUN_START, State.STARTED) == 3.0
    assert called == [4.5]


def test_plain_steps_and_coroutines_that_never_wait_are_performed_too(
    engine: VirtualEngine,
) -> None:
    class Instant:
        def __init__(self) -> None:
            self.performed: list[str] = []

        async def do_deploy(self) -> None:
            self.performed.append("deploy")

        def do_start(self) -> None:
            self.performed.append("start")

    actor = add(engine, 1, Instant())
    assert run(engine, 1)
    assert actor.performed == ["deploy", "start"]


def test_a_step_that_raises_makes_the_resource_failed_with_its_reason(
    engine: VirtualEngine,
) -> None:
    add(engine, 1, Stand(failing={Step.START: OSError("no such cable")}))
    assert run(engine, 1), "FAILED is later than STARTED"
    failure = engine.failure(1)
    assert failure is not None
    assert (failure.type, failure.message) == ("OSError", "no such cable")
    assert "OSError: no such cable" in failure.trace
    assert engine.aborted is not None
    assert engine.aborted.failure == failure
    assert engine.wait([1], State.RELEASED, interrupts=False)
    assert (engine.state(1), engine.outcome(1)) == (State.RELEASED, State.FAILED)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
@pytest.mark.parametrize("kind", ["plain", "place", "task"])
def test_whatever_a_step_raises_is_a_failure_and_hurts_nobody(
    engine: VirtualEngine, error: BaseException, kind: str
) -> None:
    class Leaving:
        def do_deploy(self) -> None:
            raise error

    class LeavingInPlace:
        async def do_deploy(self) -> None:
            raise error

    class LeavingLater:
        async def do_deploy(self) -> None:
            await asyncio.sleep(1)
            raise error

    actors = {"plain": Leaving, "place": LeavingInPlace, "task": LeavingLater}
    add(engine, 1, actors[kind](), critical=False)
    add(engine, 2, Stand({Step.DEPLOY: 5.0}))
    run(engine, 1, 2, until=State.READY)
    assert (engine.state(1), engine.state(2)) == (State.FAILED, State.STARTED)


def test_an_error_that_cannot_be_told_is_a_failure_all_the_same(engine: VirtualEngine) -> None:
    class Unspeakable(Exception):  # noqa: N818
        def __str__(self) -> str:
            raise RuntimeError("no words")

    add(engine, 1, Stand(failing={Step.DEPLOY: Unspeakable()}))
    run(engine, 1)
    failure = engine.failure(1)
    assert failure is not None
    assert failure.message == "Unspeakable"


def test_failing_steps_are_tried_again_as_the_policy_says(engine: VirtualEngine) -> None:
    class Third(Plain):
        async def do_start(self) -> None:  # type: ignore[override]
            self.performed.append(Step.START)
            if len(self.performed) < 3:
                raise OSError("not yet")

    actor = Third()
    engine.register(
        1,
        actor,
        Add(1, steps=frozenset({Step.START}), policy=Policy(retries=2, backoff=1.0)),
    )
    assert run(engine, 1)
    assert engine.moment(1, State.STARTED) == 3.0, "1 s after the first, 2 s after the second"


def test_a_step_that_takes_too_long_is_cancelled_and_forgotten(engine: VirtualEngine) -> None:
    actor = Stand({Step.DEPLOY: 100.0})
    add(engine, 1, actor, policy=Policy(timeouts={Step.DEPLOY: 2.0}), critical=False)
    engine.ask(Aim((1,), State.STARTED))
    assert engine.wait([1], State.FAILED)
    assert engine.now() == 2.0
    failure = engine.failure(1)
    assert failure is not None
    assert failure.type == "StepTimeout"


def test_a_running_step_is_given_up_on_demand(engine: VirtualEngine) -> None:
    add(engine, 1, Stand({Step.DEPLOY: 100.0}), critical=False)
    add(engine, 2, Stand({Step.DEPLOY: 100.0}), critical=False)
    engine.ask(Aim((1, 2), State.STARTED))
    engine.cancel([1])
    assert engine.wait([1], State.FAILED)
    assert engine.state(2) is State.PROVISIONED
    engine.cancel(reason="enough")
    assert engine.wait([2], State.FAILED)
    failure = engine.failure(2)
    assert failure is not None
    assert "enough" in failure.message


def test_release_interrupts_a_running_task(engine: VirtualEngine) -> None:
    add(engine, 1, Stand({Step.DEPLOY: 100.0}), critical=False)
    engine.ask(Aim((1,), State.STARTED))
    engine.ask(Aim((1,), State.RELEASED))
    assert engine.wait([1], State.RELEASED, interrupts=False)
    assert engine.now() < 1.0


def test_a_task_that_refuses_to_be_cancelled_is_abandoned(engine: VirtualEngine) -> None:
    class Stubborn:
        async def do_deploy(self) -> None:
            while True:
                try:
                    await asyncio.sleep(7)
                    break
                except asyncio.CancelledError:
                    continue

    add(engine, 1, Stubborn(), critical=False)
    engine.ask(Aim((1,), State.STARTED))
    engine.play(1.0)
    engine.ask(Aim((1,), State.RELEASED))
    assert engine.wait([1], State.RELEASED, interrupts=False)
    engine.play(30.0)
    assert engine.outcome(1) is State.FAILED


def test_a_resource_ends_by_itself_well_or_not(engine: VirtualEngine) -> None:
    class Breaking(Stand):
        async def finished(self) -> None:
            await asyncio.sleep(3)
            raise OSError("exit code 1")

    add(engine, 1, Stand(lifetime=2.0))
    add(engine, 2, Breaking(), critical=False)
    run(engine, 1, 2, until=State.STOPPED)
    assert (engine.state(1), engine.state(2)) == (State.STOPPED, State.FAILED)
    failure = engine.failure(2)
    assert failure is not None
    assert failure.message == "exit code 1"


def test_a_watch_that_cancels_itself_is_a_failure(engine: VirtualEngine) -> None:
    class Odd(Stand):
        async def finished(self) -> None:
            await asyncio.sleep(1)
            raise asyncio.CancelledError

    add(engine, 1, Odd(), critical=False)
    run(engine, 1, until=State.STOPPED)
    assert engine.state(1) is State.FAILED


def test_nobody_waits_for_the_end_of_what_was_stopped(engine: VirtualEngine) -> None:
    class Watched(Stand):
        cancelled = False

        async def finished(self) -> None:
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                self.cancelled = True
                raise

    actor = add(engine, 1, Watched())
    run(engine, 1)
    engine.act(1, Step.STOP)
    engine.play(1.0)
    assert engine.state(1) is State.STOPPED
    assert actor.cancelled


def test_a_restart_is_watched_anew(engine: VirtualEngine) -> None:
    add(engine, 1, Stand(lifetime=5.0))
    run(engine, 1, until=State.STOPPED)
    engine.act(1, Step.START)
    assert engine.state(1) is State.STARTED
    assert engine.moment(1, State.STARTED) == 5.0
    assert engine.moment(1, State.STOPPED) is None
    assert engine.wait([1], State.STOPPED)
    assert engine.now() == 10.0


class Crowd:
    """Starts together with those of the same place."""

    calls: list[list[int]]

    def __init__(self, guid: int, place: str, *, seconds: float = 0.0) -> None:
        self.guid = guid
        self.place = place
        self.seconds = seconds

    def batch_key(self) -> str:
        return self.place

    async def do_start(self) -> None:
        raise AssertionError("one by one")

    @classmethod
    async def do_start_many(cls, members: Sequence["Crowd"]) -> Sequence[BaseException | None]:
        cls.calls.append([member.guid for member in members])
        await asyncio.sleep(max(member.seconds for member in members))
        return [OSError("odd") if member.guid % 2 else None for member in members]


@pytest.fixture
def crowd() -> type[Crowd]:
    class Fresh(Crowd):
        calls: list[list[int]] = []  # noqa: RUF012

    return Fresh


def test_steps_due_together_at_one_place_are_performed_together(
    engine: VirtualEngine, crowd: type[Crowd]
) -> None:
    for guid in range(1, 7):
        add(engine, guid, crowd(guid, "left" if guid < 4 else "right"), critical=False)
    run(engine, *range(1, 7))
    assert sorted(sorted(call) for call in crowd.calls) == [[1, 2, 3], [4, 5, 6]]
    states = [engine.state(guid) for guid in range(1, 7)]
    assert states == [State.FAILED, State.STARTED] * 3, "one that fails fails alone"


def test_a_batch_is_cancelled_when_all_of_it_shall_end(
    engine: VirtualEngine, crowd: type[Crowd]
) -> None:
    for guid in (2, 4):
        add(engine, guid, crowd(guid, "here", seconds=100.0), critical=False)
    engine.ask(Aim((2, 4), State.STARTED))
    engine.play(1.0)
    engine.ask(Aim((2,), State.RELEASED))
    engine.play(1.0)
    assert engine.state(2) is State.READY, "the other one needs the batch"
    engine.ask(Aim((4,), State.RELEASED))
    assert engine.wait([2, 4], State.RELEASED, interrupts=False)
    assert engine.now() < 10.0


def test_an_abandoned_batch_is_forgotten(engine: VirtualEngine, crowd: type[Crowd]) -> None:
    for guid in (2, 4):
        actor = crowd(guid, "here", seconds=100.0)
        add(engine, guid, actor, critical=False, policy=Policy(timeouts={Step.START: 3.0}))
    run(engine, 2, 4)
    assert engine.now() == 3.0
    assert engine.state(4) is State.FAILED


@pytest.mark.parametrize("answer", [[], [None], RuntimeError("all of it")])
def test_a_batch_that_answers_wrongly_fails_as_a_whole(
    engine: VirtualEngine, answer: list[None] | RuntimeError
) -> None:
    class Wrong(Crowd):
        @classmethod
        async def do_start_many(cls, members: Sequence[Crowd]) -> Sequence[BaseException | None]:
            assert len(members) == 2
            if isinstance(answer, RuntimeError):
                raise answer
            return answer

    for guid in (2, 4):
        add(engine, guid, Wrong(guid, "here"), critical=False)
    run(engine, 2, 4)
    if answer == []:
        assert engine.state(2) is State.STARTED, "nothing to say means that all is well"
        return
    assert [engine.state(2), engine.state(4)] == [State.FAILED] * 2
    failure = engine.failure(4)
    assert failure is not None
    assert ("1 of 2" in failure.message) or ("all of it" in failure.message)


def test_a_plain_batch_is_performed_in_a_thread(engine: VirtualEngine) -> None:
    class PlainCrowd:
        guids: list[int] = []  # noqa: RUF012

        def __init__(self, guid: int) -> None:
            self.guid = guid

        def batch_key(self) -> str:
            return "here"

        def do_deploy(self) -> None:
            raise AssertionError("one by one")

        @classmethod
        def do_deploy_many(cls, members: Sequence["PlainCrowd"]) -> None:
            cls.guids += [member.guid for member in members]

    for guid in (1, 2):
        add(engine, guid, PlainCrowd(guid))
    run(engine, 1, 2)
    assert PlainCrowd.guids == [1, 2]


def test_a_batch_key_that_raises_fails_alone(engine: VirtualEngine, crowd: type[Crowd]) -> None:
    class Lost(crowd):  # type: ignore[misc, valid-type]
        def batch_key(self) -> str:
            if self.guid == 2:
                raise OSError("no host")
            return "here"

    for guid in (2, 4):
        add(engine, guid, Lost(guid, "here"), critical=False)
    run(engine, 2, 4)
    assert (engine.state(2), engine.state(4)) == (State.FAILED, State.STARTED)


def test_a_step_nobody_implements_succeeds(engine: VirtualEngine) -> None:
    engine.register(1, object(), Add(1))
    assert run(engine, 1)


def test_methods_of_the_object_itself_count(engine: VirtualEngine) -> None:
    class Empty:
        pass

    def deploy() -> None:
        performed.append("own")

    performed: list[str] = []
    actor: Any = Empty()
    actor.do_deploy = deploy
    engine.register(1, Empty(), Add(1, steps=frozenset({Step.DEPLOY})))
    engine.register(2, actor, Add(2, steps=frozenset({Step.DEPLOY})))
    run(engine, 1, 2)
    assert performed == ["own"]


# -- what is known, refusals ----------------------------------------------------------------------


def test_states_are_known_without_asking(engine: VirtualEngine) -> None:
    add(engine, 1, Stand({Step.DEPLOY: 1.0}))
    add(engine, 2, Stand())
    assert engine.state(1) is State.NEW
    assert engine.failure(1) is None
    run(engine, 1)
    assert engine.snapshot() == {1: State.STARTED, 2: State.NEW}
    assert [reached.state for reached in engine.history(1)] == [
        State.PROVISIONED,
        State.READY,
        State.STARTED,
    ]
    with pytest.raises(UnknownResourceError, match="guid 9"):
        engine.state(9)
    with pytest.raises(UnknownResourceError):
        engine.act(9, Step.START)


def test_a_refusal_is_raised_where_it_was_asked(engine: VirtualEngine) -> None:
    add(engine, 1, Stand())
    with pytest.raises(UnknownResourceError):
        engine.ask(Aim((1, 9), State.STARTED))
    with pytest.raises(UnknownResourceError):
        engine.wait([9], State.READY)
    with pytest.raises(UnknownResourceError):
        engine.call(print, after=[Requirement({9}, State.READY)])


def test_a_refusal_of_what_was_only_told_is_logged(
    engine: VirtualEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.post(Cancel(9))
    engine.play()
    assert "Cancel was refused: no resource has the guid 9" in caplog.text


def test_a_guid_is_taken_once_it_has_begun(engine: VirtualEngine) -> None:
    add(engine, 1, Stand())
    run(engine, 1)
    with pytest.raises(DuplicateResourceError):
        add(engine, 1, Stand())


def test_a_report_that_comes_twice_changes_nothing(engine: VirtualEngine) -> None:
    add(engine, 1, Stand({Step.DEPLOY: 1.0}))
    run(engine, 1)
    engine.ask(Done(1, Step.DEPLOY, 1))
    assert engine.state(1) is State.STARTED


def test_what_never_comes_is_an_error_that_explains(engine: VirtualEngine) -> None:
    for guid in range(1, 6):
        add(engine, guid, Stand())
    with pytest.raises(
        WaitTimeoutError, match=r"STARTED will never come: r1 is NEW; .*; and 2 more"
    ):
        engine.wait([1, 2, 3, 4, 5], State.STARTED)
    with pytest.raises(WaitTimeoutError, match="not STARTED within 5 s: r1 is NEW"):
        engine.wait([1], State.STARTED, timeout=5.0)
    assert engine.now() == 5.0
    assert engine.explain(1) == "is NEW"


def test_a_wait_that_timed_out_is_forgotten(engine: VirtualEngine) -> None:
    add(engine, 1, Stand({Step.DEPLOY: 10.0}))
    engine.ask(Aim((1,), State.STARTED))
    with pytest.raises(WaitTimeoutError):
        engine.wait([1], State.READY, timeout=1.0)
    assert engine.wait([1], State.READY)


# -- setting attributes ---------------------------------------------------------------------------


class Knob:
    def __init__(self) -> None:
        self.rate = 0
        self.past: list[int] = []

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "rate" and value == "fast":
            raise ValueError("a rate is a number")
        object.__setattr__(self, name, value)
        if name == "rate" and "past" in self.__dict__:
            self.past.append(value)


def test_a_value_is_there_when_set_returns_and_what_is_wrong_is_raised(
    engine: VirtualEngine,
) -> None:
    knob = add(engine, 1, Knob())
    engine.set(1, "rate", 5)
    assert knob.rate == 5
    with pytest.raises(ValueError, match="number"):
        engine.set(1, "rate", "fast")


def test_timed_values_come_on_their_dates_and_trouble_is_reported(
    engine: VirtualEngine, caplog: pytest.LogCaptureFixture
) -> None:
    knob = add(engine, 1, Knob())
    started = (Requirement({1}, State.STARTED, 2.0),)
    engine.ask(*(Set(1, "rate", value, 0, started) for value in (1, "fast", 3)))
    run(engine, 1)
    assert knob.past == []
    engine.play()
    assert knob.past == [1, 3]
    assert "setting rate of resource 1 failed: a rate is a number" in caplog.text


def test_values_may_be_given_by_a_coroutine_one_after_another() -> None:
    given: list[tuple[str, object, float]] = []

    async def give(guid: int, name: str, value: object) -> None:
        assert guid == 1
        await asyncio.sleep(1)
        if value == "wrong":
            raise ValueError("wrong")
        given.append((name, value, giving.now()))

    with VirtualEngine(give=give) as giving:
        add(giving, 1, Stand())
        giving.ask(Set(1, "a", 1), Set(1, "b", "wrong"), Set(1, "c", 3))
        giving.play()
    assert given == [("a", 1, 1.0), ("c", 3, 3.0)]


# -- acting directly ------------------------------------------------------------------------------


def test_acting_is_done_on_return_whatever_conditions_say(engine: VirtualEngine) -> None:
    add(engine, 1, Stand({Step.START: 4.0}))
    add(engine, 2, Stand())
    engine.put(after(1, Step.START, 2, State.STOPPED))
    run(engine, 1, 2, until=State.READY)
    engine.act(1, Step.START)
    assert (engine.state(1), engine.now()) == (State.STARTED, 4.0)


def test_acting_waits_for_the_step_that_runs(engine: VirtualEngine) -> None:
    add(engine, 1, Stand({Step.START: 4.0, Step.STOP: 1.0}))
    engine.ask(Aim((1,), State.STARTED))
    engine.act(1, Step.STOP)
    assert (engine.state(1), engine.now()) == (State.STOPPED, 5.0)


def test_what_does_not_fit_is_refused(engine: VirtualEngine) -> None:
    add(engine, 1, Stand({Step.START: 1.0}))
    with pytest.raises(StepRefusedError, match="cannot stop r1: it is NEW") as caught:
        engine.act(1, Step.STOP)
    assert (caught.value.guid, caught.value.step) == (1, Step.STOP)
    plain = add(engine, 2, Plain())
    with pytest.raises(StepRefusedError):
        engine.act(2, Step.STOP)
    assert plain.performed == []


def test_a_refusal_nobody_waits_for_is_told_to_the_actor_or_logged(
    engine: VirtualEngine, caplog: pytest.LogCaptureFixture
) -> None:
    class Told(Plain):
        refusals: list[tuple[Step, str]] = []  # noqa: RUF012

        def refused(self, step: Step, reason: str) -> None:
            self.refusals.append((step, reason))

    actor = add(engine, 1, Told())
    add(engine, 2, Plain())
    engine.ask(Force(1, Step.STOP), Force(2, Step.STOP))
    engine.play()
    assert actor.refusals == [(Step.STOP, "cannot stop r1: it is NEW")]
    assert "cannot stop r2: it is NEW" in caplog.text


def test_an_actor_may_be_told_of_its_failure_and_of_its_release(engine: VirtualEngine) -> None:
    class Told(Plain):
        def __init__(self) -> None:
            super().__init__()
            self.told: list[tuple[State, Failure | None]] = []

        def reached(self, state: State, failure: Failure | None) -> None:
            self.told.append((state, failure))

    actor = add(engine, 1, Told(), critical=False)
    run(engine, 1)
    engine.ask(Aim((1,), State.RELEASED))
    engine.wait([1], State.RELEASED, interrupts=False)
    assert actor.told == [(State.RELEASED, None)]


def test_what_a_step_raises_is_raised_where_it_was_asked_for(engine: VirtualEngine) -> None:
    error = OSError("no such cable")
    add(engine, 1, Stand(failing={Step.DEPLOY: error}), critical=False)
    for step in (Step.DISCOVER, Step.PROVISION):
        engine.act(1, step)
    with pytest.raises(OSError, match="cable") as caught:
        engine.act(1, Step.DEPLOY)
    assert caught.value is error
    assert engine.state(1) is State.FAILED


def test_a_step_given_up_is_told_to_whoever_asked_for_it(engine: VirtualEngine) -> None:
    add(engine, 1, Stand({Step.STOP: 100.0}), critical=False)
    run(engine, 1)
    with pytest.raises(StepAbandonedError, match="stop of resource 1 was given up"):
        engine.act(1, Step.STOP)
    assert (engine.state(1), engine.now()) == (State.FAILED, 30.0)


def test_acting_from_a_coroutine_of_ones_own(engine: VirtualEngine) -> None:
    class Eager(Stand):
        async def do_deploy(self) -> None:
            await engine.act_aio(1, Step.DISCOVER)
            await super().do_deploy()

        async def do_start(self) -> None:
            await super().do_start()
            await engine.act_aio(1, Step.STOP)

    actor = add(engine, 1, Eager({Step.DEPLOY: 1.0, Step.START: 1.0, Step.STOP: 1.0}))
    run(engine, 1, until=State.STOPPED)
    assert actor.performed == [Step.DISCOVER, Step.DEPLOY, Step.START, Step.STOP]
    assert engine.state(1) is State.STOPPED
    assert engine.now() == 3.0


def test_acting_on_another_from_within_a_step(engine: VirtualEngine) -> None:
    class Chief(Stand):
        async def do_start(self) -> None:
            await engine.act_aio(2, Step.STOP)

    add(engine, 1, Chief({Step.START: 0.0}))
    worker = add(engine, 2, Stand({Step.STOP: 2.0}))
    engine.put(after(1, Step.START, 2, State.STARTED))
    run(engine, 1, 2)
    assert worker.performed == [Step.STOP]
    assert engine.state(2) is State.STOPPED


# -- callbacks ------------------------------------------------------------------------------------


def test_a_callback_is_called_on_its_date(
    engine: VirtualEngine, caplog: pytest.LogCaptureFixture
) -> None:
    from nepi.runtime.tasks import TaskStatus

    async def sleepy() -> str:
        await asyncio.sleep(1)
        return "slept"

    async def failing() -> None:
        raise ValueError("awake")

    plain = engine.schedule(2.0, lambda: engine.now())  # noqa: PLW0108
    waiting = engine.schedule(1.0, sleepy)
    wrong = engine.schedule(1.0, failing)
    dropped = engine.schedule(1.0, sleepy)
    assert plain.status is TaskStatus.NEW
    dropped.cancel()
    engine.play()
    assert (plain.status, plain.result) == (TaskStatus.DONE, 2.0)
    assert (waiting.status, waiting.result) == (TaskStatus.DONE, "slept")
    assert wrong.status is TaskStatus.ERROR
    assert "ValueError: awake" in wrong.result
    assert "failing failed" in caplog.text
    assert dropped.status is TaskStatus.NEW


def test_a_callback_on_the_engines_thread_cannot_wait_for_it(
    engine: VirtualEngine, caplog: pytest.LogCaptureFixture
) -> None:
    from nepi.runtime.tasks import TaskStatus

    async def waiting() -> None:
        engine.wait([1], State.STARTED)

    add(engine, 1, Stand())
    task = engine.schedule(1.0, waiting)
    engine.play()
    assert task.status is TaskStatus.ERROR
    assert "await engine.wait_aio" in task.result
    assert caplog.records[0].levelno == logging.ERROR


def test_the_twins_for_loops(engine: VirtualEngine) -> None:
    seen: list[object] = []

    async def main() -> None:
        await engine.ask_aio(Aim((1,), State.STARTED))
        seen.append(await engine.wait_aio([1], State.STARTED))
        await engine.set_aio(1, "colour", "red")
        await engine.act_aio(1, Step.STOP)
        seen.append(engine.state(1))
        seen.append(await engine.explain_aio(1))
        try:
            await engine.wait_aio([1], State.RELEASED, timeout=3.0)
        except WaitTimeoutError as error:
            seen.append(str(error))

    stand = add(engine, 1, Stand({Step.START: 1.0}))
    engine.schedule(1.0, main)
    engine.play()
    assert stand.colour == "red"
    assert seen == [
        True,
        State.STOPPED,
        "is STOPPED",
        "not RELEASED within 3 s: r1 is STOPPED",
    ]


def test_a_subclass_that_overrides_the_single_step_means_it(
    engine: VirtualEngine, crowd: type[Crowd]
) -> None:
    class Alone(crowd):  # type: ignore[misc, valid-type]
        async def do_start(self) -> None:
            alone.append(self.guid)

    alone: list[int] = []
    for guid in (2, 4):
        add(engine, guid, Alone(guid, "here"))
    run(engine, 2, 4)
    assert (sorted(alone), crowd.calls) == ([2, 4], [])


def test_the_getattr_of_an_actor_is_left_alone(engine: VirtualEngine) -> None:
    class Touchy:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"asked for {name}")

        def do_stop(self) -> None:
            raise OSError("no")

    class Slotted:
        __slots__ = ()

    engine.register(1, Touchy(), Add(1, critical=False, steps=frozenset({Step.STOP, Step.START})))
    engine.register(2, Slotted(), Add(2, critical=False))
    run(engine, 1, 2)
    with pytest.raises(OSError, match="no"):
        engine.act(1, Step.STOP)
    engine.ask(Force(1, Step.STOP), Aim((1, 2), State.RELEASED))
    assert engine.wait([1, 2], State.RELEASED, interrupts=False)


def test_explaining_what_is_not_there(engine: VirtualEngine) -> None:
    with pytest.raises(UnknownResourceError):
        engine.explain(9)


@pytest.mark.parametrize("actor", [Stand({Step.DEPLOY: 5.0}), Plain()])
def test_what_is_released_in_the_same_breath(engine: VirtualEngine, actor: Stand | Plain) -> None:
    add(engine, 1, actor, critical=False)
    engine.put(Aim((1,), State.STARTED))
    engine.ask(Aim((1,), State.RELEASED))
    assert engine.wait([1], State.RELEASED, interrupts=False)
    assert engine.now() < 1.0
    assert Step.START not in actor.performed


def test_a_watch_nobody_answers_for_is_ignored(engine: VirtualEngine) -> None:
    engine.post(Watch(77, (9,), State.READY))
    engine.play()
    assert engine.state(add(engine, 1, Stand()) and 1) is State.NEW
