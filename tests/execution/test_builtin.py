# SPDX-License-Identifier: BSD-3-Clause
"""Built-in types through the classic interface: names, values, connections, steps."""

import asyncio
import threading
from pathlib import Path

import pytest

from nepi.core.lifecycle import State, Step
from nepi.execution.attribute import Flags, Types
from nepi.execution.builtin import Builtin, builtin_type
from nepi.execution.ec import ExperimentController
from nepi.execution.errors import FrozenAttributeError, UnknownAttributeError
from nepi.execution.resource import (
    ResourceAction,
    ResourceFactory,
    ResourceManager,
    ResourceState,
)
from nepi.experiment import Experiment, Surroundings, surrounded
from nepi.resource import (
    Connects,
    ImpossibleConnectionError,
    InvalidValueError,
    MissingConnectionError,
    MissingValueError,
    Phase,
    Quantity,
    Resource,
    RetiredTypeError,
    Trace,
    UnknownTypeError,
    WholeQuantity,
    attribute,
    resource,
)
from nepi.resource import (
    FrozenAttributeError as FixedError,
)
from tests.execution.kinds import LIMIT, Diary


@resource("classic::Machine", aliases=("ClassicMachine",))
class Machine(Resource):
    """A machine that does nothing."""

    async def do_deploy(self) -> None:
        """Have something to do."""


@resource("classic::Work")
class Work(Resource):
    """Writes what it is told to, and ends when it is let."""

    text: str = attribute(help="What it writes")
    packet_size: WholeQuantity = attribute(default=56, unit="B", ge=0, help="Its packets")
    rate: Quantity = attribute(default=1.0, unit="bit/s", phase=Phase.LIVE, help="Its rate")
    mode: bool = attribute(default=False, help="One way or the other")
    words: tuple[str, ...] = attribute(
        default=(), from_classic=str.split, classic="oddWords", help="Some words"
    )
    token: str = attribute(default="", secret=True, help="A secret")

    out: Trace = Trace("What it writes")
    extra: Trace = Trace("What it may write", enabled=False)

    machine = Connects(Machine, step=Step.DEPLOY, state=State.READY)

    async def do_start(self) -> None:
        if self.text == "fail":
            raise RuntimeError("it was told to fail")
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "out").write_bytes(self.text.encode("latin-1"))

    async def finished(self) -> None:
        if self.text != "wait":
            return
        await asyncio.Event().wait()

    async def do_stop(self) -> None:
        """Nothing has to be told."""


@resource("classic::SpecialWork")
class SpecialWork(Work):
    """The same, and more."""


@pytest.fixture
def machine(ec: ExperimentController) -> int:
    return ec.register_resource("classic::Machine")


def test_both_spellings_name_the_same_type(ec: ExperimentController) -> None:
    new, old = ec.register_resource("classic::Machine"), ec.register_resource("ClassicMachine")

    assert ec.get_resource(old).get_rtype() == "classic::Machine"
    assert ec.filter_resources("classic::Machine") == [new, old]
    assert isinstance(ec.get_resource(new), ResourceManager)


def test_values_come_under_classic_names_and_ours(ec: ExperimentController) -> None:
    guid = ec.register_resource("classic::Work")

    assert ec.get(guid, "text") is None, "not set yet"
    ec.set(guid, "packetSize", "1 KiB")
    assert ec.get(guid, "packetSize") == ec.get(guid, "packet_size") == 1024
    ec.set(guid, "packet_size", 100)
    assert ec.get(guid, "packetSize") == 100
    ec.set(guid, "oddWords", "as NEPI writes them")
    assert ec.get(guid, "words") == ("as", "NEPI", "writes", "them")
    ec.set(guid, "critical", False)
    assert ec.get(guid, "critical") is False
    ec.set(guid, "hardRelease", True)
    assert ec.get(guid, "hardRelease") is True


def test_what_is_wrong_is_refused_when_it_is_set(ec: ExperimentController) -> None:
    guid = ec.register_resource("classic::Work")

    with pytest.raises(InvalidValueError, match="packet_size") as wrong:
        ec.set(guid, "packetSize", "a few")
    assert isinstance(wrong.value, ValueError)
    with pytest.raises(UnknownAttributeError, match="did you mean 'packetSize'") as unknown:
        ec.set(guid, "packetSise", 1)
    assert isinstance(unknown.value, KeyError)
    with pytest.raises(KeyError):
        ec.get(guid, "size_of_packets")
    with pytest.raises(InvalidValueError):
        ec.register_resource("classic::Work", packetSize=-1)
    assert ec.resources == [guid]


def test_an_unknown_type_names_the_nearest_of_all_there_are(
    ec: ExperimentController,
) -> None:
    with pytest.raises(UnknownTypeError, match="'linux::Ping'"):
        ec.register_resource("linux::Pin")
    with pytest.raises(UnknownTypeError, match="'test::Plain'"):
        ec.register_resource("test::Plane")
    with pytest.raises(RetiredTypeError, match="PlanetLab"):
        ec.register_resource("planetlab::Node")
    assert ResourceFactory.get_resource_type("linux::Pin") is None


def test_what_a_type_declares_can_be_asked(ec: ExperimentController) -> None:
    guid = ec.register_resource("classic::Work")
    rm = ec.get_resource(guid)
    attributes = {attr.name: attr for attr in ec.get_attributes(guid)}

    assert {"text", "packetSize", "rate", "oddWords", "critical", "hardRelease"} <= set(attributes)
    assert attributes["packetSize"].default == 56
    assert attributes["packetSize"].has_flag(Flags.Design)
    assert not attributes["rate"].has_flag(Flags.Design)
    assert attributes["token"].has_flag(Flags.Credential)
    assert attributes["mode"].type == Types.Bool
    assert (rm.get_help(), rm.get_platform()) == (
        "Writes what it is told to, and ends when it is let.",
        "classic",
    )
    assert rm.has_attribute("packetSize")
    assert rm.has_attribute("packet_size")
    assert not rm.has_attribute("nothing")
    assert not rm.has_changed("packetSize")
    ec.set(guid, "packetSize", 1)
    assert rm.has_changed("packet_size")
    assert [trace.name for trace in ec.get_traces(guid)] == ["out", "extra"]


def test_global_values_hold_for_built_in_types_too(ec: ExperimentController) -> None:
    ec.set_global("classic::Work", "packetSize", 99)
    try:
        assert ec.get(ec.register_resource("classic::Work"), "packetSize") == 99
    finally:
        ec.set_global("classic::Work", "packetSize", 56)


def test_types_inherit_as_the_typed_ones_do(ec: ExperimentController, machine: int) -> None:
    special = ec.register_resource("classic::SpecialWork", connectedTo=machine)
    rm = ec.get_resource(special)

    assert issubclass(builtin_type(SpecialWork), builtin_type(Work))
    assert isinstance(rm, Builtin)
    assert ec.get_resource(machine).get_connected("classic::Work") == [rm]
    assert ec.get_resource(machine).get_connected("classic::Machine") == []


def test_an_impossible_connection_is_refused_at_once(
    ec: ExperimentController, machine: int
) -> None:
    other = ec.register_resource("classic::Machine")

    with pytest.raises(ImpossibleConnectionError, match="cannot be connected"):
        ec.register_connection(machine, other)

    assert ec.get_resource(machine).connections == set()


def test_what_is_incomplete_is_refused_before_anything_is_touched(
    ec: ExperimentController, machine: int, diary: Diary
) -> None:
    plain = ec.register_resource("test::Plain")
    work = ec.register_resource("classic::Work")

    with pytest.raises(MissingValueError, match="text must be given"):
        ec.deploy()
    ec.set(work, "text", "x")
    with pytest.raises(MissingConnectionError, match="classic::Machine"):
        ec.deploy()

    assert ec.state(machine) == ec.state(plain) == ResourceState.NEW
    assert not Path(ec.run_dir).exists()
    assert diary.entries == []


def test_a_whole_life(ec: ExperimentController, machine: int) -> None:
    work = ec.register_resource("classic::Work", text="abcdef", connectedTo=machine)
    late = ec.register_resource("classic::Work", text="\xff\xfe", connectedTo=machine)
    user = ec.register_resource("test::OneShot")
    ec.register_condition(user, ResourceAction.START, work, ResourceState.STOPPED)
    ec.register_condition(late, ResourceAction.START, user, ResourceState.STOPPED)
    assert ec.trace(work, "out") is None

    ec.deploy()
    seen = ec.wait_finished([work, user, late], timeout=LIMIT)

    assert set(seen.values()) == {ResourceState.STOPPED}
    assert ec.trace(work, "out") == "abcdef"
    assert ec.trace(work, "out", "size") == 6
    assert ec.trace(work, "out", "stream", block=2, offset=1) == "cd"
    assert Path(ec.trace(work, "out", "path")).read_text() == "abcdef"
    assert ec.trace(late, "out") == b"\xff\xfe", "what is no text comes as bytes"
    assert ec.trace(work, "extra") is None
    with pytest.raises(KeyError, match="out"):
        ec.trace(work, "uot")
    times = [ec.get_ready_time(work), ec.get_start_time(work), ec.get_stop_time(work)]
    assert times == sorted(time for time in times if time)
    assert ec.get_provision_time(work) is not None, "passed through"
    assert ec.get_failed_time(work) is None
    ec.shutdown()
    assert ec.state(work, hr=True) == "RELEASED"
    assert ec.get_release_time(work) is not None
    assert "reached" in (Path(ec.run_dir) / "events.jsonl").read_text()


def test_traces_are_chosen_before_the_deployment(ec: ExperimentController, machine: int) -> None:
    work = ec.register_resource("classic::Work", text="x", connectedTo=machine)
    assert ec.trace_enabled(work, "out")
    assert not ec.trace_enabled(work, "extra")

    ec.enable_trace(work, "extra")

    assert ec.trace_enabled(work, "extra")
    with pytest.raises(KeyError):
        ec.enable_trace(work, "exta")


def test_the_design_is_fixed_and_the_rest_is_live(ec: ExperimentController, machine: int) -> None:
    work = ec.register_resource("classic::Work", text="wait", connectedTo=machine)
    ec.deploy()
    ec.wait_started(work, timeout=LIMIT)

    with pytest.raises(FrozenAttributeError, match="before deploy"):
        ec.set(work, "packetSize", 1)
    with pytest.raises(FrozenAttributeError):
        ec.get_resource(work).set("packetSize", 1)
    ec.set(work, "rate", "1 Mbit/s")

    assert ec.get(work, "rate") == 1e6
    assert issubclass(FixedError, AttributeError)


def test_acting_directly(
    ec: ExperimentController, machine: int, caplog: pytest.LogCaptureFixture
) -> None:
    work = ec.register_resource("classic::Work", text="wait", connectedTo=machine)
    ec.discover(machine)
    assert ec.state(machine) == ResourceState.DISCOVERED
    ec.deploy([machine, work])
    ec.wait_started(work, timeout=LIMIT)

    ec.stop(work)
    assert ec.state(work, hr=True) == "STOPPED"
    ec.stop(work)
    assert "cannot stop" in caplog.text
    ec.start(work)
    assert ec.state(work, hr=True) == "STARTED"
    done = threading.Event()
    ec.schedule("0s", ec.get_resource(work).stop)
    ec.wait_finished(work, timeout=LIMIT)
    ec.schedule("0s", done.set)
    assert done.wait(LIMIT)


def test_a_failing_step_raises_in_the_caller(ec: ExperimentController, machine: int) -> None:
    hold = ec.register_resource("test::Plain")
    work = ec.register_resource("classic::Work", text="fail", connectedTo=machine)
    ec.register_condition(work, ResourceAction.START, hold, ResourceState.STOPPED)
    ec.deploy()
    ec.wait_deployed(work, timeout=LIMIT)

    with pytest.raises(RuntimeError, match="told to fail"):
        ec.start(work)

    assert ec.state(work, hr=True) == "FAILED"
    assert ec.abort


def test_a_built_in_resource_may_be_described_after_others_were_deployed(
    ec: ExperimentController, machine: int
) -> None:
    """What is connected, or named by a condition, may still be configured until its own deploy."""
    work = ec.register_resource("classic::Work", connectedTo=machine)
    user = ec.register_resource("test::OneShot")
    ec.register_condition(user, ResourceAction.START, work, ResourceState.STARTED)
    ec.deploy([machine, user])
    ec.wait_started(machine, timeout=LIMIT)
    assert ec.state(user) < ResourceState.STARTED

    ec.set(work, "text", "late")
    ec.set(work, "critical", False)
    ec.deploy(work)
    ec.wait_finished([work, user], timeout=LIMIT)

    assert ec.trace(work, "out") == "late"


def test_what_was_never_deployed_is_released(ec: ExperimentController, machine: int) -> None:
    work = ec.register_resource("classic::Work", connectedTo=machine)

    ec.shutdown()

    assert ec.state(work) == ec.state(machine) == ResourceState.RELEASED
    assert not Path(ec.run_dir).exists()


def test_conditions_among_built_in_ones_are_part_of_the_description(
    ec: ExperimentController, machine: int
) -> None:
    one = ec.register_resource("classic::Work", text="1", connectedTo=machine)
    two = ec.register_resource("classic::Work", text="2", connectedTo=machine)
    ec.register_condition(two, ResourceAction.START, one, ResourceState.STOPPED, "10ms")
    ec.deploy()
    ec.wait_finished([one, two], timeout=LIMIT)
    ec.shutdown()

    description = (Path(ec.run_dir) / "experiment.json").read_text()
    assert f"work-{one}.stopped" in description


def test_who_runs_the_script_is_told_before_anything_is_touched(tmp_path: Path) -> None:
    seen: list[object] = []

    class Enough(Exception):  # noqa: N818
        pass

    def deploying(experiment: object) -> None:
        seen.append(experiment)
        raise Enough

    told: list[str] = []
    around = Surroundings(
        local_dir=tmp_path, created=seen.append, deploying=deploying, tell=told.append
    )
    with surrounded(around):
        ec = ExperimentController("watched", local_dir="/nowhere")
        machine = ec.register_resource("classic::Machine")
        ec.register_resource("test::Plain")
        with pytest.raises(Enough):
            ec.deploy()

    assert seen[0] is seen[1]
    assert isinstance(seen[0], Experiment)
    assert seen[0].aimed is not None
    assert seen[0].aimed.guids == (machine,)
    assert told == ["what user-defined types will do is not known: test::Plain"]
    assert ec.local_dir == str(tmp_path)
    assert ec.state(machine) == ResourceState.NEW
    assert not Path(ec.exp_dir).exists()
