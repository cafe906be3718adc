# SPDX-License-Identifier: BSD-3-Clause
"""Acting directly: in the caller's thread, whatever the conditions say; and later, by schedule."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest

from nepi.execution.ec import ExperimentController
from nepi.execution.resource import ResourceAction, ResourceFactory, ResourceState
from nepi.execution.scheduler import TaskStatus
from nepi.util.timefuncs import TimeFormatError, tnow, tsformat
from tests.execution.kinds import LIMIT, Diary, Plain


def started(ec: ExperimentController, rtype: str = "test::Plain") -> int:
    guid = ec.register_resource(rtype)
    ec.deploy(guid)
    ec.wait_started(guid, timeout=LIMIT)
    return guid


def test_the_state_is_right_on_return(ec: ExperimentController) -> None:
    guid = started(ec)

    ec.stop(guid)
    assert ec.state(guid) == ResourceState.STOPPED
    ec.start(guid)
    assert ec.state(guid) == ResourceState.STARTED
    assert ec.wait_started(guid, timeout=LIMIT)[guid] == ResourceState.STARTED


def test_it_is_done_in_the_callers_thread(ec: ExperimentController) -> None:
    threads: list[str] = []

    class Here(Plain):
        _rtype = "test::Here"

        def do_stop(self) -> None:
            threads.append(threading.current_thread().name)
            super().do_stop()

    ResourceFactory.register_type(Here)
    guid = started(ec, "test::Here")

    ec.stop(guid)

    assert threads == [threading.current_thread().name]


def test_conditions_are_ignored(ec: ExperimentController) -> None:
    never = ec.register_resource("test::Plain")
    guid = ec.register_resource("test::Plain")
    ec.register_condition(guid, ResourceAction.START, never, ResourceState.STOPPED)
    ec.deploy()
    ec.wait_deployed(guid, timeout=LIMIT)

    ec.start(guid)

    assert ec.state(guid) == ResourceState.STARTED


def test_the_users_discovery_and_provision_come_before_any_deploy(ec: ExperimentController) -> None:
    guid = ec.register_resource("test::Plain")

    ec.discover(guid)
    assert ec.state(guid) == ResourceState.DISCOVERED
    ec.provision(guid)
    assert ec.state(guid) == ResourceState.PROVISIONED
    ec.deploy(guid)
    ec.wait_started(guid, timeout=LIMIT)

    discovered, provisioned = ec.get_discover_time(guid), ec.get_provision_time(guid)
    assert discovered is not None
    assert provisioned is not None
    assert discovered <= provisioned


def test_the_wrong_state_is_logged_and_nothing_else(
    ec: ExperimentController, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    guid = ec.register_resource("test::Plain")

    ec.start(guid)
    ec.stop(guid)

    assert ec.state(guid) == ResourceState.NEW
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    assert f"test::Plain guid {guid} - cannot start" in caplog.text
    assert diary.entries == []


@pytest.mark.parametrize("critical", [1, 0])
def test_a_failing_step_marks_failed_and_raises_in_the_caller(
    ec: ExperimentController, diary: Diary, critical: int
) -> None:
    guid = ec.register_resource("test::Failing", when="stop", critical=critical)
    ec.deploy(guid)
    ec.wait_started(guid, timeout=LIMIT)

    with pytest.raises(RuntimeError, match="no luck with stop"):
        ec.stop(guid)

    assert ec.state(guid, hr=True) == "FAILED"
    assert ec.get_failed_time(guid) is not None
    assert ec.abort is bool(critical)
    assert diary.of(guid)[-1] == "fail"


def test_it_waits_for_the_running_step(ec: ExperimentController, diary: Diary) -> None:
    guid = ec.register_resource("test::Held")
    rm = ec.get_resource(guid)
    gate = rm.hold("start")
    ec.deploy(guid)
    assert rm.inside.wait(LIMIT)

    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(ec.stop, guid)
        ec.wait_started(guid, timeout="20ms")
        assert not stopping.done()
        gate.set()
        stopping.result(LIMIT)

    assert diary.of(guid) == ["deploy", "start", "stop"]
    assert ec.state(guid) == ResourceState.STOPPED


def test_its_own_step_may_act_upon_itself(ec: ExperimentController, diary: Diary) -> None:
    class Whole(Plain):
        _rtype = "test::Whole"

        def do_deploy(self) -> None:
            self.discover()
            self.provision()
            super().do_deploy()

        def do_start(self) -> None:
            super().do_start()
            self.stop()

    ResourceFactory.register_type(Whole)
    guid = ec.register_resource("test::Whole")
    ec.deploy()
    ec.wait_finished(guid, timeout=LIMIT)

    assert diary.of(guid) == ["deploy", "start", "stop"]
    assert ec.get_provision_time(guid) is not None


def test_one_resource_may_act_upon_another(ec: ExperimentController, diary: Diary) -> None:
    class Master(Plain):
        _rtype = "test::Master"

        def do_start(self) -> None:
            for rm in self.get_connected():
                rm.stop()
                self.ec.start(rm.guid)
            super().do_start()

    ResourceFactory.register_type(Master)
    slave = started(ec)
    master = ec.register_resource("test::Master", connectedTo=slave)
    ec.deploy(master)
    ec.wait_started(master, timeout=LIMIT)
    ec.release()

    assert diary.of(slave) == ["deploy", "start", "stop", "start", "release"]


def test_a_state_set_inside_a_step_is_seen_before_the_step_ends(ec: ExperimentController) -> None:
    lingering = ec.register_resource("test::Held")
    gate = ec.get_resource(lingering).hold("stop")
    follower = ec.register_resource("test::Plain")
    ec.register_condition(follower, ResourceAction.START, lingering, ResourceState.STOPPED)
    ec.deploy()
    ec.wait_started(lingering, timeout=LIMIT)

    ec.schedule("0s", ec.get_resource(lingering).stop)
    ec.wait_started(follower, timeout=LIMIT)

    assert not gate.is_set()
    gate.set()


def test_a_scheduled_verb_acts_and_holds_no_worker(ec: ExperimentController, diary: Diary) -> None:
    guid = started(ec)
    for delay in ("10ms", "20ms"):
        ec.schedule(delay, ec.get_resource(guid).stop)
    ec.wait_finished(guid, timeout=LIMIT)

    assert diary.of(guid) == ["deploy", "start", "stop"]


def test_a_scheduled_verb_in_a_wrong_state_is_logged(
    ec: ExperimentController, caplog: pytest.LogCaptureFixture
) -> None:
    guid = started(ec)

    ec.schedule(None, ec.get_resource(guid).start)
    ec.stop(guid)

    assert "cannot start" in caplog.text


def test_a_callback_is_called_once_and_its_result_kept_if_wanted(ec: ExperimentController) -> None:
    called: list[int] = []
    done = threading.Event()
    first = ec.schedule("5ms", partial(called.append, 1))
    tracked = ec.schedule("10ms", lambda: 6 * 7, track=True)
    ec.schedule("20ms", done.set)

    assert done.wait(LIMIT)
    task = ec.get_task(tracked)
    assert task is not None
    assert (task.id, task.status, task.result) == (tracked, TaskStatus.DONE, 42)
    assert ec.get_task(first) is None
    assert called == [1]
    assert first != tracked


def test_what_a_callback_raises_is_logged_and_kept(
    ec: ExperimentController, caplog: pytest.LogCaptureFixture
) -> None:
    done = threading.Event()
    tracked = ec.schedule("0s", lambda: 1 // 0, track=True)
    ec.schedule("20ms", done.set)

    assert done.wait(LIMIT)
    task = ec.get_task(tracked)
    assert task is not None
    assert task.status == TaskStatus.ERROR
    assert "ZeroDivisionError" in task.result
    assert "ZeroDivisionError" in caplog.text


def test_an_absolute_date_is_a_date(ec: ExperimentController) -> None:
    """NEPI's task loop broke at the first absolute date."""
    done = threading.Event()

    ec.schedule(tsformat(tnow() + timedelta(milliseconds=20)), done.set)

    assert done.wait(LIMIT)


@pytest.mark.parametrize("wrong", ["5", "-1s", "soon", "1x5s", "2m30s"])
def test_what_is_no_date_is_refused_in_the_caller(ec: ExperimentController, wrong: str) -> None:
    with pytest.raises(TimeFormatError, match="is not a time"):
        ec.schedule(wrong, print)


def test_what_is_still_scheduled_is_dropped_by_shutdown(ec: ExperimentController) -> None:
    called: list[str] = []
    started(ec)
    for _ in range(1500):  # more than are remembered without looking which are over
        ec.schedule("0s", list)
    ec.schedule("1h", partial(called.append, "late"))

    ec.shutdown()

    assert called == []


def test_everything_may_be_called_from_scheduled_callbacks(ec: ExperimentController) -> None:
    """A callback runs in a worker, never on the engine's own thread."""
    seen: list[object] = []
    done = threading.Event()

    def grow() -> None:
        guid = ec.register_resource("test::Plain")
        ec.deploy(guid)
        seen.append(ec.wait_started(guid, timeout=LIMIT)[guid])
        ec.stop(guid)
        seen.append(ec.state(guid))
        done.set()

    started(ec)
    ec.schedule("0s", grow)

    assert done.wait(LIMIT)
    assert seen == [ResourceState.STARTED, ResourceState.STOPPED]
