# SPDX-License-Identifier: BSD-3-Clause
"""Deploying, waiting, conditions, groups: what a classic script does with an experiment."""

import json
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nepi.core.deadlock import DeadlockError
from nepi.core.lifecycle import State
from nepi.execution import carrier, operating
from nepi.execution.ec import ECState, ExperimentController, FailureLevel
from nepi.execution.errors import UnknownGuidError
from nepi.execution.resource import ResourceAction, ResourceState
from nepi.util.timefuncs import tdiffsec
from tests.execution.kinds import LIMIT, Diary, register_all


def test_a_whole_life(ec: ExperimentController, diary: Diary) -> None:
    guid = ec.register_resource("test::OneShot")

    ec.deploy()
    seen = ec.wait_finished(guid, timeout=LIMIT)

    assert seen == {guid: ResourceState.STOPPED}
    assert (ec.state(guid), ec.state(guid, hr=True)) == (5, "STOPPED")
    ec.release()
    assert ec.state(guid, hr=True) == "RELEASED"
    assert diary.of(guid) == ["deploy", "start", "stop", "release"]
    assert (ec.ecstate, ec.failure_level, ec.abort) == (
        ECState.RELEASED,
        FailureLevel.OK,
        False,
    )
    ec.shutdown()
    assert ec.ecstate == ECState.TERMINATED


def test_times_are_datetimes_in_the_order_of_the_steps(ec: ExperimentController) -> None:
    guid = ec.register_resource("test::OneShot")
    ec.deploy(guid)
    ec.wait_finished([guid], timeout=LIMIT)
    ec.release(guid)

    times = [
        ec.get_ready_time(guid),
        ec.get_start_time(guid),
        ec.get_stop_time(guid),
        ec.get_release_time(guid),
    ]
    assert times == sorted(time for time in times if time)
    assert ec.get_discover_time(guid) is None
    assert ec.get_provision_time(guid) is None
    assert ec.get_failed_time(guid) is None


def test_a_condition_holds_a_step_back(ec: ExperimentController, diary: Diary) -> None:
    """One START after the STOP of two others, one delayed; ints and lists on both sides."""
    servers = [ec.register_resource("test::OneShot") for _ in range(2)]
    client = ec.register_resource("test::OneShot")
    late = ec.register_resource("test::OneShot")
    ec.register_condition(client, ResourceAction.START, servers, ResourceState.STOPPED)
    ec.register_condition([late], ResourceAction.START, client, ResourceState.STARTED, "100ms")

    ec.deploy()
    ec.wait_finished([client, late], timeout=LIMIT)

    for server in servers:
        assert diary.index(server, "stop") < diary.index(client, "start")
    started, begun = ec.get_start_time(client), ec.get_start_time(late)
    assert started is not None
    assert begun is not None
    assert tdiffsec(begun, started) >= 0.1


def test_a_stop_condition_stops(ec: ExperimentController, diary: Diary) -> None:
    ruler = ec.register_resource("test::OneShot")
    server = ec.register_resource("test::Plain")
    ec.register_condition(server, ResourceAction.STOP, ruler, ResourceState.STOPPED)

    ec.deploy()
    ec.wait_finished(server, timeout=LIMIT)

    assert diary.index(ruler, "stop") < diary.index(server, "stop")


def test_a_deploy_condition_holds_the_deployment_back(
    ec: ExperimentController, diary: Diary
) -> None:
    first = ec.register_resource("test::Plain")
    second = ec.register_resource("test::Plain")
    ec.register_condition(second, ResourceAction.DEPLOY, first, ResourceState.STARTED)

    ec.deploy([first, second], wait_all_ready=False)
    ec.wait_started([first, second], timeout=LIMIT)

    assert diary.index(first, "start") < diary.index(second, "deploy")


def test_nothing_starts_before_all_of_its_group_are_ready(
    ec: ExperimentController, diary: Diary
) -> None:
    quick = ec.register_resource("test::Plain")
    slow = ec.register_resource("test::Held")
    gate = ec.get_resource(slow).hold("deploy")

    ec.deploy()
    ec.wait_deployed(quick, timeout=LIMIT)
    assert ec.get_resource(slow).inside.wait(LIMIT)
    assert ec.state(quick) == ResourceState.READY
    gate.set()
    ec.wait_started([quick, slow], timeout=LIMIT)

    assert diary.index(slow, "deploy") < diary.index(quick, "start")


def test_without_the_barrier_each_starts_when_it_is_ready(
    ec: ExperimentController, diary: Diary
) -> None:
    quick = ec.register_resource("test::Plain")
    slow = ec.register_resource("test::Held")
    gate = ec.get_resource(slow).hold("deploy")

    ec.deploy(wait_all_ready=False)
    ec.wait_started(quick, timeout=LIMIT)
    gate.set()
    ec.wait_started(slow, timeout=LIMIT)

    assert diary.index(quick, "start") < diary.index(slow, "deploy")


def test_deploying_into_a_group_starts_what_is_new_in_it(ec: ExperimentController) -> None:
    """NEPI left such resources READY for ever."""
    first = ec.register_resource("test::Plain")
    ec.deploy(first, group=9)
    ec.wait_started(first, timeout=LIMIT)

    second = ec.register_resource("test::Plain")
    ec.deploy([second], group=9)
    ec.wait_started(second, timeout=LIMIT)

    assert ec.get_resource(first).deployment_group == 9
    assert ec.get_resource(second).deployment_group == 9


def test_who_joins_a_group_waits_for_those_who_are_not_ready(
    ec: ExperimentController, diary: Diary
) -> None:
    slow = ec.register_resource("test::Held")
    gate = ec.get_resource(slow).hold("deploy")
    ec.deploy(slow, group=1)
    quick = ec.register_resource("test::Plain")
    ec.deploy(quick, group=1)
    ec.wait_deployed(quick, timeout=LIMIT)
    gate.set()
    ec.wait_started([slow, quick], timeout=LIMIT)

    assert diary.index(slow, "deploy") < diary.index(quick, "start")


def test_conditions_may_name_what_is_deployed_later(ec: ExperimentController) -> None:
    """Two steps of an interactive session; what is critical may be chosen until its deploy."""
    client = ec.register_resource("test::OneShot")
    server = ec.register_resource("test::Failing")
    ec.register_condition(client, ResourceAction.START, server, ResourceState.STARTED)
    ec.deploy(client)
    ec.wait_deployed(client, timeout=LIMIT)

    ec.set(server, "critical", False)
    ec.deploy(server)
    ec.wait_finished([client, server], timeout=LIMIT)

    assert ec.state(server, hr=True) == "FAILED"
    assert ec.state(client, hr=True) == "STOPPED", "it was not critical, so it excuses"
    assert not ec.abort


def test_a_condition_can_be_added_while_it_runs(ec: ExperimentController, diary: Diary) -> None:
    gate = ec.register_resource("test::Held")
    opened = ec.get_resource(gate).hold("start")
    runner = ec.register_resource("test::Plain")
    ec.register_condition(runner, ResourceAction.START, gate, ResourceState.STARTED)
    ec.deploy()
    ec.wait_deployed(runner, timeout=LIMIT)
    extra = ec.register_resource("test::OneShot")

    ec.register_condition(runner, ResourceAction.START, extra, ResourceState.STOPPED)
    opened.set()
    ec.wait_started(gate, timeout=LIMIT)
    ec.deploy(extra)
    ec.wait_started(runner, timeout=LIMIT)

    assert diary.index(extra, "stop") < diary.index(runner, "start")


def test_a_circular_wait_is_refused_before_anything_runs(
    ec: ExperimentController, diary: Diary
) -> None:
    one, other = (ec.register_resource("test::Plain") for _ in range(2))
    ec.register_condition(one, ResourceAction.START, other, ResourceState.STARTED)
    ec.register_condition(other, ResourceAction.START, one, ResourceState.STARTED)

    with pytest.raises(DeadlockError, match="test::Plain"):
        ec.deploy()

    assert diary.entries == []
    assert ec.state(one) == ResourceState.NEW


def test_a_resource_can_be_started_again(ec: ExperimentController, diary: Diary) -> None:
    guid = ec.register_resource("test::OneShot")
    ec.deploy()
    ec.wait_finished(guid, timeout=LIMIT)

    ec.start(guid)
    ec.wait_finished(guid, timeout=LIMIT)
    ec.release()

    assert diary.of(guid) == ["deploy", "start", "stop", "start", "stop", "release"]


def test_a_wait_whose_time_is_over_returns_what_it_saw(ec: ExperimentController) -> None:
    guid = ec.register_resource("test::Plain")
    ec.deploy()

    assert ec.wait_finished(guid, timeout="10ms")[guid] < ResourceState.STOPPED
    assert ec.wait_released([guid], timeout=0.01)[guid] < ResourceState.RELEASED
    assert ec.wait_finished([]) == {}


def test_a_wait_ends_when_its_script_says_so(
    ec: ExperimentController, monkeypatch: pytest.MonkeyPatch
) -> None:
    guid = ec.register_resource("test::Plain")
    ec.deploy()
    ec.wait_started(guid, timeout=LIMIT)
    monkeypatch.setattr(operating, "LOOK_AGAIN", 0.01)
    answers = iter([False, True])

    seen = ec.wait(guid, ResourceState.STOPPED, quit=lambda: next(answers))

    assert seen == {guid: ResourceState.STARTED}
    assert ec.wait([guid], ResourceState.STARTED, quit=lambda: False) == seen
    assert ec.wait(guid, ResourceState.STOPPED, quit=lambda: False, timeout="20ms") == seen
    assert ec.wait(guid, ResourceState.STARTED) == seen


def test_what_does_not_exist_is_a_key_error(ec: ExperimentController) -> None:
    guid = ec.register_resource("test::Plain")

    for call in (
        lambda: ec.deploy(99),
        lambda: ec.wait_finished([guid, 99]),
        lambda: ec.state(99),
        lambda: ec.start(99),
        lambda: ec.release(99),
        lambda: ec.register_connection(guid, 99),
        lambda: ec.register_condition(guid, ResourceAction.START, 99, ResourceState.READY),
        lambda: ec.register_condition(99, ResourceAction.START, guid, ResourceState.READY),
        lambda: ec.trace(99, "stdout"),
    ):
        with pytest.raises(UnknownGuidError, match="no resource has the guid 99") as caught:
            call()
        assert isinstance(caught.value, KeyError)
    assert ec.get_resource(guid).connections == set(), "no half connection"
    assert ec.get_resource(99) is None


def test_a_timed_set_waits_for_its_resource_and_its_condition(ec: ExperimentController) -> None:
    hosts = [ec.register_resource("test::Plain") for _ in range(2)]
    trigger = ec.register_resource("test::Held")
    gate = ec.get_resource(trigger).hold("start")
    done = threading.Event()
    ec.get_resource(hosts[1]).told = done.set
    ec.set_with_conditions("speed", 5, hosts, trigger, ResourceState.STARTED, time="10ms")
    ec.deploy()
    ec.wait_started(hosts, timeout=LIMIT)
    assert ec.get(hosts[0], "speed") == 1

    gate.set()

    assert done.wait(LIMIT)
    assert ec.get(hosts[1], "speed") == 5


def test_a_run_leaves_its_journal_and_only_a_run_does(ec: ExperimentController) -> None:
    guid = ec.register_resource("test::Plain")
    run_dir = Path(ec.run_dir)
    assert run_dir.parts[-2:] == (ec.exp_id, ec.run_id)
    assert (run_dir.parent, run_dir.parent.parent) == (Path(ec.exp_dir), Path(ec.local_dir))
    assert not run_dir.exists()

    ec.deploy()
    ec.wait_started(guid, timeout=LIMIT)
    ec.shutdown()

    lines = [json.loads(line) for line in (run_dir / "events.jsonl").read_text().splitlines()]
    reached = [(line["guid"], line["state"]) for line in lines if line["kind"] == "reached"]
    assert [state for who, state in reached if who == guid] == ["READY", "STARTED", "RELEASED"]


def test_what_was_never_deployed_is_released_without_a_trace(ec: ExperimentController) -> None:
    guid = ec.register_resource("test::Plain")
    parked = ec.register_resource("test::Host")
    ec.register_connection(guid, parked)

    ec.shutdown()
    ec.shutdown()

    assert ec.state(guid) == ec.state(parked) == ResourceState.RELEASED
    assert not Path(ec.run_dir).exists()


def test_part_of_an_experiment_can_be_released(ec: ExperimentController) -> None:
    """NEPI then took the whole experiment for released, and never released the rest."""
    gone, left = (ec.register_resource("test::Plain") for _ in range(2))
    ec.deploy()
    ec.wait_started([gone, left], timeout=LIMIT)

    ec.release(gone)

    assert ec.state(gone, hr=True) == "RELEASED"
    assert ec.state(left, hr=True) == "STARTED"
    assert ec.ecstate == ECState.RUNNING
    ec.shutdown()
    assert ec.state(left, hr=True) == "RELEASED"


def test_a_hard_release_removes_the_resource_too(ec: ExperimentController) -> None:
    guid = ec.register_resource("test::Plain", hardRelease=True)
    other = ec.register_resource("test::Plain")
    ec.deploy()
    ec.wait_started([guid, other], timeout=LIMIT)

    ec.release()

    assert ec.resources == [other]


@settings(max_examples=20)
@given(st.data())
def test_no_condition_is_ever_broken(data: st.DataObject) -> None:
    """Random conditions on random shapes: every one of them held when its step began."""
    diary = register_all()
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", place)
        patch.setattr(carrier, "PICTURED", 0)
        ec = ExperimentController("random", local_dir=place)
        count = data.draw(st.integers(2, 8))
        guids = [ec.register_resource("test::OneShot") for _ in range(count)]
        wanted: list[tuple[int, int, State]] = []
        for i in range(1, count):
            for before in data.draw(st.sets(st.integers(0, i - 1), max_size=3)):
                state = data.draw(st.sampled_from([State.STARTED, State.STOPPED]))
                wanted.append((guids[i], guids[before], state))
                ec.register_condition(guids[i], ResourceAction.START, guids[before], state)
        ec.deploy()
        ec.wait_finished(guids, timeout=LIMIT)
        ec.shutdown()

        what = {State.STARTED: "start", State.STOPPED: "stop"}
        for guid, before, state in wanted:
            assert diary.index(before, what[state]) < diary.index(guid, "start")
        assert all(diary.of(g) == ["deploy", "start", "stop", "release"] for g in guids)
