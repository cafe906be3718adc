# SPDX-License-Identifier: BSD-3-Clause
"""One classic resource by itself: its states, its steps, what it tells and whom it asks."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from nepi.core.conditions import Condition, Requirement
from nepi.core.errors import Refusal
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Failure, Observed
from nepi.execution.errors import UnknownTypeError
from nepi.execution.resource import (
    ResourceAction,
    ResourceFactory,
    ResourceManager,
    ResourceState,
    ResourceState2str,
    failtrap,
)
from nepi.runtime.errors import EngineError
from nepi.util.timefuncs import TimeFormatError, tnow


class Wire:
    """Stands for the engine: notes what it is told, grants what it is asked."""

    def __init__(self) -> None:
        self.heard: list[Observed] = []
        self.asked: list[Step] = []
        self.held: list[Condition] = []
        self.refusal: str | None = None
        self.performers: dict[int, Callable[[Step], None]] = {}

    def post(self, event: Observed) -> None:
        self.heard.append(event)

    def act(self, guid: int, step: Step) -> None:
        assert guid in self.performers
        self.asked.append(step)
        if self.refusal:
            raise Refusal(self.refusal)
        self.performers[guid](step)

    def hold(self, guid: int, condition: Condition) -> None:
        assert guid in self.performers
        self.held.append(condition)

    @property
    def states(self) -> list[State]:
        return [event.state for event in self.heard]


class Field:
    """Stands for the experiment controller."""

    def __init__(self, wire: Wire | None = None) -> None:
        self.wire = wire
        self.resources: dict[int, ResourceManager] = {}
        self.inform_failure: Any = None
        self.schedule: Any = None

    def line(self, guid: int) -> Wire | None:
        assert guid in self.resources
        return self.wire

    def get_resource(self, guid: int) -> ResourceManager | None:
        return self.resources.get(guid)

    def make(self, cls: type[ResourceManager], guid: int = 1) -> Any:
        self.resources[guid] = made = cls(self, guid)
        if self.wire:
            self.wire.performers[guid] = made.perform
        return made


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def field(wire: Wire) -> Field:
    return Field(wire)


@pytest.fixture
def alone() -> Field:
    """Return an experiment that has no engine yet."""
    return Field()


class Quiet(ResourceManager):
    _rtype = "test::Quiet"


def test_the_names_and_numbers_of_states_are_those_of_scripts() -> None:
    numbers = [
        getattr(ResourceState, name)
        for name in (
            *("NEW", "DISCOVERED", "PROVISIONED", "READY"),
            *("STARTED", "STOPPED", "FAILED", "RELEASED"),
        )
    ]

    assert numbers == list(range(8))
    assert ResourceState2str[ResourceState.STARTED] == ResourceState2str[4] == "STARTED"
    assert (ResourceAction.DEPLOY, ResourceAction.START, ResourceAction.STOP) == (0, 1, 2)


def test_every_step_lands_in_its_state_and_notes_when(alone: Field) -> None:
    rm = alone.make(Quiet)
    before = tnow()

    rm.discover()
    rm.provision()
    rm.deploy()
    rm.start()
    rm.stop()
    rm.release()

    times = [rm.discover_time, rm.provision_time, rm.ready_time, rm.start_time, rm.stop_time]
    assert before <= times[0]
    assert times == sorted(times)
    assert rm.release_time >= times[-1]
    assert rm.failed_time is None
    assert rm.reserved_time is None
    assert rm.state == ResourceState.RELEASED


def test_a_state_is_told_at_once_with_its_time(wire: Wire, field: Field) -> None:
    rm = field.make(Quiet)
    rm.listen(wire)

    rm.set_stopped(time=tnow() - timedelta(seconds=10))
    rm.set_started()

    first, second = wire.heard
    assert (first.guid, first.state, second.state) == (1, State.STOPPED, State.STARTED)
    assert 9.5 < second.at - first.at < 60


def test_what_was_said_before_anybody_listened_is_told_then(wire: Wire, field: Field) -> None:
    rm = field.make(Quiet)
    moment = datetime(2014, 8, 1)  # noqa: DTZ001 - classic times are naive

    rm.set_provisioned()
    rm.set_ready(moment)
    rm.listen(wire)

    assert wire.states == [State.READY]
    assert rm.ready_time == moment


def test_a_released_resource_says_nothing_more(wire: Wire, field: Field) -> None:
    rm = field.make(Quiet)
    rm.listen(wire)

    rm.set_released()
    rm.set_started()
    rm.fail()

    assert wire.states == [State.RELEASED]
    assert rm.state is State.RELEASED


def test_a_state_may_be_given_as_the_number_it_is(field: Field) -> None:
    rm = field.make(Quiet)

    rm.set_state(3, "_ready_time")

    assert rm.state is State.READY


def test_a_newer_retry_takes_the_place_of_the_older_one(field: Field) -> None:
    rm = field.make(Quiet)
    cancelled: list[str] = []
    tasks = [SimpleNamespace(cancel=partial(cancelled.append, name)) for name in "abc"]

    rm.retries(Step.DEPLOY, tasks[0])
    rm.retries(Step.DEPLOY, tasks[1])
    assert cancelled == ["a"]
    rm.set_provisioned()
    assert cancelled == ["a"], "still needed"
    rm.set_ready()
    assert cancelled == ["a", "b"]
    rm.retries(Step.RELEASE, tasks[2])
    rm.set_stopped()
    assert cancelled == ["a", "b"], "still needed"
    rm.set_released()
    assert cancelled == ["a", "b", "c"]


def test_a_failed_resource_stays_failed_whatever_a_late_step_says(wire: Wire, field: Field) -> None:
    rm = field.make(Quiet)
    rm.listen(wire)

    rm.fail()
    rm.set_ready()

    assert rm.state is State.FAILED
    assert rm.ready_time is None
    rm.set_released()
    assert wire.states == [State.FAILED, State.READY, State.RELEASED], "the engine judges"


def test_a_user_asks_the_engine_and_performs_the_step_in_this_thread(
    wire: Wire, field: Field
) -> None:
    threads: list[int] = []

    class Here(Quiet):
        def do_start(self) -> None:
            threads.append(threading.get_ident())
            super().do_start()

    rm = field.make(Here)
    rm.deploy()
    rm.start()

    assert wire.asked == [Step.DEPLOY, Step.START]
    assert threads == [threading.get_ident()]
    assert rm.state is State.STARTED


def test_a_refused_step_is_logged_as_an_error_and_nothing_is_raised(
    caplog: pytest.LogCaptureFixture, wire: Wire, field: Field
) -> None:
    wire.refusal = "cannot stop it: it is READY"
    rm = field.make(Quiet)

    rm.stop()

    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "test::Quiet guid 1 - cannot stop it: it is READY" in caplog.text


def test_a_retry_that_comes_too_late_makes_no_noise(
    caplog: pytest.LogCaptureFixture, wire: Wire, field: Field
) -> None:
    wire.refusal = "cannot deploy it: it is STARTED"
    rm = field.make(Quiet)

    rm.deploy()

    assert caplog.records == []


def test_its_own_steps_may_call_each_other(wire: Wire, field: Field) -> None:
    """Neither the engine nor a lock may be asked for twice from inside."""

    class OneShot(Quiet):
        def do_deploy(self) -> None:
            self.discover()
            self.provision()
            super().do_deploy()

        def do_start(self) -> None:
            super().do_start()
            self.stop()

    rm = field.make(OneShot)
    rm.deploy()
    rm.start()

    assert wire.asked == [Step.DEPLOY, Step.START]
    assert rm.state is State.STOPPED
    assert rm.discover_time is not None


def test_a_step_of_its_own_in_a_wrong_state_is_logged(
    caplog: pytest.LogCaptureFixture, field: Field
) -> None:
    class Hasty(Quiet):
        def do_deploy(self) -> None:
            self.start()
            self.stop()
            super().do_deploy()

    rm = field.make(Hasty)
    rm.deploy()

    assert rm.state is State.READY
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert "Wrong state NEW for start" in caplog.text


class Broken(Quiet):
    def do_start(self) -> None:
        raise OSError("no such device")

    def do_release(self) -> None:
        raise OSError("busy")


def test_a_failing_step_marks_failed_and_raises_in_the_caller(
    caplog: pytest.LogCaptureFixture, wire: Wire, field: Field
) -> None:
    rm = field.make(Broken)
    rm.listen(wire)
    rm.deploy()

    with pytest.raises(OSError, match="no such device"):
        rm.start()

    assert rm.state is State.FAILED
    assert rm.failed_time is not None
    failure = wire.heard[-1].failure
    assert failure is not None
    assert (failure.type, failure.message) == ("OSError", "no such device")
    assert "do_start" in failure.trace
    assert "no such device" in caplog.text


def test_a_failing_release_is_logged_and_it_is_released_all_the_same(
    caplog: pytest.LogCaptureFixture, wire: Wire, field: Field
) -> None:
    rm = field.make(Broken)
    rm.listen(wire)

    rm.release()

    assert rm.state is State.RELEASED
    assert rm.release_time is not None
    assert State.FAILED not in wire.states
    assert "busy" in caplog.text


def test_a_release_that_cannot_even_be_asked_for_says_so(wire: Wire, field: Field) -> None:
    rm = field.make(Quiet)
    rm.listen(wire)

    def closed(_: Step) -> None:
        raise EngineError("it was closed")

    wire.performers[1] = closed

    with pytest.raises(EngineError):
        rm.release()


def test_what_the_failure_hook_itself_raises_hides_nothing(
    caplog: pytest.LogCaptureFixture, wire: Wire, field: Field
) -> None:
    class Worse(Broken):
        def do_fail(self) -> None:
            raise ValueError("and now this")

    rm = field.make(Worse)
    rm.listen(wire)
    rm.deploy()

    with pytest.raises(OSError, match="no such device"):
        rm.start()

    assert rm.state is State.FAILED
    assert "and now this" in caplog.text


def test_a_trapped_method_makes_its_resource_fail_and_raises(wire: Wire, field: Field) -> None:
    class Trapped(Quiet):
        @failtrap
        def measure(self, number: int, *, by: int = 0) -> float:
            return number / by

    rm = field.make(Trapped)
    rm.listen(wire)

    assert rm.measure(6, by=3) == 2
    assert wire.states == []
    with pytest.raises(ZeroDivisionError):
        rm.measure(1)

    assert rm.state is State.FAILED
    assert wire.states == [State.FAILED]
    assert Trapped.measure.__name__ == "measure"


def test_a_step_that_calls_fail_itself_is_told_once(
    wire: Wire, field: Field, caplog: pytest.LogCaptureFixture
) -> None:
    class Picky(Quiet):
        def do_deploy(self) -> None:
            self.fail()
            raise RuntimeError("no device")

    rm = field.make(Picky)
    rm.listen(wire)

    with pytest.raises(RuntimeError):
        rm.deploy()

    assert wire.states == [State.FAILED]
    assert "no device" in caplog.text, "what it raised after that says why"


def test_what_the_engine_decides_is_taken_over_unless_it_is_old(
    caplog: pytest.LogCaptureFixture, wire: Wire, field: Field
) -> None:
    rm = field.make(Quiet)
    rm.listen(wire)

    rm.engine_says(State.READY, None)
    assert rm.ready_time is None, "such states a classic resource knows best itself"
    rm.engine_says(State.FAILED, Failure("StepTimeout", "took too long"))
    assert rm.state is State.FAILED
    assert rm.failed_time is not None
    rm.engine_says(State.RELEASED, None)
    rm.engine_says(State.FAILED, Failure("Late", "not any more"))
    assert ResourceState2str[rm.state] == "RELEASED"

    assert wire.heard == []
    assert "took too long" in caplog.text
    assert "not any more" not in caplog.text


def test_conditions_are_noted_and_told_once_somebody_listens(wire: Wire, field: Field) -> None:
    rm = field.make(Quiet)

    rm.register_condition(ResourceAction.START, 2, ResourceState.STARTED, "2s")
    rm.listen(wire)
    rm.register_condition(ResourceAction.STOP, [2, 3], ResourceState.STOPPED)

    assert rm.conditions == {
        ResourceAction.START: [([2], ResourceState.STARTED, "2s")],
        ResourceAction.STOP: [([2, 3], ResourceState.STOPPED, None)],
    }
    assert wire.held == [Condition(Step.STOP, Requirement([2, 3], State.STOPPED))]


def test_conditions_that_make_no_sense_are_refused_at_once(alone: Field) -> None:
    rm = alone.make(Quiet)

    with pytest.raises(TimeFormatError):
        rm.register_condition(ResourceAction.START, 2, ResourceState.STARTED, "soon")
    with pytest.raises(ValueError, match="not an action"):
        rm.register_condition(7, 2, ResourceState.STARTED)
    with pytest.raises(ValueError, match="42"):
        rm.register_condition(ResourceAction.START, 2, 42)

    assert rm.conditions == {}


def test_conditions_can_be_withdrawn_before_anybody_obeys_them(alone: Field) -> None:
    rm = alone.make(Quiet)
    rm.register_condition(ResourceAction.START, [2, 3], ResourceState.STARTED)
    rm.register_condition(ResourceAction.STOP, 2, ResourceState.STARTED)

    rm.unregister_condition(2, ResourceAction.STOP)
    assert rm.conditions[ResourceAction.STOP] == [], "no empty group: that would always hold"
    rm.unregister_condition(2)
    assert rm.conditions[ResourceAction.START] == [([3], ResourceState.STARTED, None)]

    rm.listen(Wire())
    with pytest.raises(RuntimeError, match="before deploy"):
        rm.unregister_condition(3)


def test_neighbours_are_found_by_type_and_by_the_types_below_it(alone: Field) -> None:
    class Below(Quiet):
        _rtype = "test::Below"

    ResourceFactory.register_type(Quiet)
    ResourceFactory.register_type(Below)
    rm = alone.make(ResourceManager, 1)
    quiet, below = alone.make(Quiet, 2), alone.make(Below, 3)
    for guid in (2, 3, 99):
        rm.register_connection(guid)

    assert rm.connections == {2, 3, 99}
    assert set(rm.get_connected()) == {quiet, below}, "the dead guid is nobody"
    assert set(rm.get_connected("test::Quiet")) == {quiet, below}
    assert rm.get_connected("test::Below") == [below]
    with pytest.raises(UnknownTypeError, match="did you mean 'test::Below'"):
        rm.get_connected("test::Belwo")


def test_a_connection_may_be_refused_and_undone(alone: Field) -> None:
    seen: list[str] = []

    class Choosy(Quiet):
        def valid_connection(self, guid: int) -> bool:
            return guid > 5

        def do_connect(self, guid: int) -> None:
            seen.append(f"+{guid}")

        def do_disconnect(self, guid: int) -> None:
            seen.append(f"-{guid}")

    rm = alone.make(Choosy)
    for guid in (3, 6):
        rm.register_connection(guid)
    rm.unregister_connection(6)
    rm.unregister_connection(7)

    assert seen == ["+6", "-6"]
    assert rm.connections == set()


def test_the_factory_makes_what_is_registered_and_names_the_nearest(alone: Field) -> None:
    ResourceFactory.register_type(Quiet)

    made = ResourceFactory.create("test::Quiet", alone, 4)

    assert (type(made), made.guid, made.ec, made.get_rtype()) == (Quiet, 4, alone, "test::Quiet")
    assert ResourceFactory.get_resource_type("test::Nothing") is None
    assert ResourceFactory.resource_types()["test::Quiet"] is Quiet
    with pytest.raises(KeyError, match="did you mean 'test::Quiet'"):
        ResourceFactory.create("test::quiet", alone, 5)


def test_an_experiment_that_is_gone_is_nobody() -> None:
    """A resource does not keep its experiment alive."""
    rm = Quiet(Field(), 1)

    assert rm.ec is None
    rm.discover()
    assert rm.state is State.DISCOVERED


def test_a_type_that_records_nothing_has_no_trace_to_give(alone: Field) -> None:
    rm = alone.make(Quiet)

    assert rm.trace("stdout") is None
    assert rm.reschedule_delay == "0.5s"
