# SPDX-License-Identifier: BSD-3-Clause
"""Steps that have to wait for a neighbour: tried again when it changes, not when time is over."""

import threading

import pytest

from nepi.core.lifecycle import State
from nepi.execution.ec import ExperimentController
from nepi.execution.resource import ResourceFactory, ResourceState
from tests.execution.kinds import LIMIT, Diary, Patient, Plain


def graph(ec: ExperimentController, nodes: int, applications: int) -> list[int]:
    """Nodes with an interface and applications each; one channel joins the interfaces."""
    guids: list[int] = []
    interfaces: list[int] = []
    for _ in range(nodes):
        own = [ec.register_resource("test::Patient") for _ in range(applications + 1)]
        node = ec.register_resource("test::Host")
        for guid in own:
            ec.register_connection(guid, node)
        guids += [*own, node]
        interfaces.append(own[0])
    channel = ec.register_resource("test::Host")
    for interface in interfaces:
        ec.register_connection(interface, channel)
    return [*guids, channel]


def test_a_graph_deploys_and_is_released_without_waiting_for_retries(
    ec: ExperimentController, diary: Diary
) -> None:
    """Those that wait come first, and would try again by themselves an hour later."""
    guids = graph(ec, nodes=5, applications=3)

    ec.deploy(guids)
    ec.wait_started(guids, timeout=LIMIT)
    ec.release()

    assert {ec.state(guid) for guid in guids} == {ResourceState.RELEASED}
    for guid in guids:
        for other in ec.get_resource(guid).connections:
            if ec.get_resource(guid).get_rtype() == "test::Patient":
                assert diary.index(other, "deploy") < diary.index(guid, "deploy")
                assert diary.index(guid, "release") < diary.index(other, "release")
    assert not ec.abort


def test_its_own_retry_comes_when_nothing_else_tells(ec: ExperimentController) -> None:
    """What it waits for is no resource: only its own schedule can say when to look again."""
    tries: list[int] = []

    class Outside(Plain):
        _rtype = "test::Outside"
        _reschedule_delay = "5ms"

        def do_deploy(self) -> None:
            tries.append(self.guid)
            if len(tries) < 4:
                self.ec.schedule(self.reschedule_delay, self.deploy)
                return
            super().do_deploy()

    ResourceFactory.register_type(Outside)
    guid = ec.register_resource("test::Outside")
    ec.deploy()
    ec.wait_started(guid, timeout=LIMIT)

    assert tries == [guid] * 4


def test_a_retry_that_is_not_needed_any_more_is_called_off(
    ec: ExperimentController, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    class Soon(Patient):
        _rtype = "test::Soon"
        _reschedule_delay = "20ms"

    ResourceFactory.register_type(Soon)
    waits = ec.register_resource("test::Soon")
    other = ec.register_resource("test::Plain", connectedTo=waits)
    ec.deploy()
    ec.wait_started([waits, other], timeout=LIMIT)
    later = threading.Event()
    ec.schedule("60ms", later.set)

    assert later.wait(LIMIT)
    assert diary.of(waits).count("deploy") == 1
    assert caplog.records == []


def test_one_try_is_in_flight_at_a_time(ec: ExperimentController) -> None:
    """Many neighbours change at once, and each change is a reason to try again."""
    inside: list[int] = []
    most: list[int] = []

    class Counting(Patient):
        _rtype = "test::Counting"

        def do_deploy(self) -> None:
            inside.append(1)
            most.append(len(inside))
            super().do_deploy()
            inside.pop()

    ResourceFactory.register_type(Counting)
    hub = ec.register_resource("test::Counting")
    others = [ec.register_resource("test::Plain", connectedTo=hub) for _ in range(50)]
    ec.deploy()
    ec.wait_started([hub, *others], timeout=LIMIT)

    assert max(most) == 1


def test_who_is_connected_while_it_waits_counts_too(ec: ExperimentController, diary: Diary) -> None:
    gate = ec.register_resource("test::Held")
    opened = ec.get_resource(gate).hold("deploy")
    waits = ec.register_resource("test::Patient")
    missing = ec.register_resource("test::Plain")
    ec.register_connection(waits, missing)
    ec.deploy([waits, gate], wait_all_ready=False)
    assert ec.get_resource(gate).inside.wait(LIMIT)
    ec.register_connection(waits, gate)

    ec.deploy(missing)
    ec.wait_deployed(missing, timeout=LIMIT)
    assert ec.state(waits) == ResourceState.NEW
    opened.set()
    ec.wait_started(waits, timeout=LIMIT)

    assert diary.index(gate, "deploy") < diary.index(waits, "deploy")


def test_what_waits_for_ever_does_not_keep_a_shutdown(ec: ExperimentController) -> None:
    waits = ec.register_resource("test::Patient")
    never = ec.register_resource("test::Plain", connectedTo=waits)
    ec.deploy(waits)
    ec.wait_deployed(waits, timeout="20ms")

    ec.shutdown()

    assert ec.state(waits, hr=True) == ec.state(never, hr=True) == "RELEASED"


def test_a_type_that_computes_its_state_is_asked_for_it(
    ec: ExperimentController, diary: Diary
) -> None:
    """Types written for NEPI may find out that they have ended when somebody reads their state."""

    class Watching(Plain):
        _rtype = "test::Watching"
        _reschedule_delay = "5ms"
        reads = 0

        @property
        def state(self) -> State:
            if super().state == ResourceState.STARTED:
                self.reads += 1
                if self.reads == 3:
                    self.set_stopped()
            return super().state

    ResourceFactory.register_type(Watching)
    guid = ec.register_resource("test::Watching")
    ec.deploy()
    ec.wait_finished(guid, timeout=LIMIT)

    assert ec.get_resource(guid).reads == 3
    assert diary.of(guid) == ["deploy", "start"]
