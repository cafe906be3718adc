# SPDX-License-Identifier: BSD-3-Clause
"""The controller by itself: its names, its resources, what it refuses at once."""

import re
import tempfile
from pathlib import Path

import pytest

from nepi.execution import carrier
from nepi.execution.attribute import Flags
from nepi.execution.ec import ECState, ExperimentController, FailureLevel
from nepi.execution.errors import (
    FrozenAttributeError,
    ReservedAttributeError,
    UnknownAttributeError,
    UnknownTypeError,
)
from nepi.execution.resource import ResourceState
from tests.execution.conftest import Make
from tests.execution.kinds import LIMIT, Plain


def test_names_and_places_have_the_defaults_scripts_know(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEPI_LOCAL_DIR", raising=False)
    ec = ExperimentController()

    assert re.fullmatch("exp-[0-9a-f]{16}", ec.exp_id)
    assert re.fullmatch("[0-9]{20}", ec.run_id)
    assert ec.local_dir == tempfile.gettempdir()
    assert ec.exp_dir == f"{ec.local_dir}/{ec.exp_id}"
    assert ec.run_dir == f"{ec.exp_dir}/{ec.run_id}"
    assert (ec.persist, ec.abort, ec.resources) == (False, False, [])
    assert (ec.ecstate, ec.failure_level) == (ECState.RUNNING, FailureLevel.OK)
    ec.shutdown()
    assert not Path(ec.exp_dir).exists(), "nothing was done, so nothing is left"


def test_runs_of_one_experiment_have_their_own_directories(make_ec: Make, tmp_path: Path) -> None:
    one, other = make_ec("twice", persist=True), make_ec("twice")

    assert one.exp_dir == other.exp_dir == str(tmp_path / "runs" / "twice")
    assert one.run_dir != other.run_dir
    assert one.persist


def test_the_environment_chooses_place_and_threads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NEPI_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("NEPI_NTHREADS", "3")
    ec = ExperimentController("chosen")

    assert ec.local_dir == str(tmp_path)
    assert ec.nthreads == 3


def test_guids_are_ints_that_can_be_chosen(ec: ExperimentController) -> None:
    assert ec.register_resource("test::Plain") == 1
    assert ec.register_resource("test::Plain", guid=7) == 7
    assert ec.register_resource("test::OneShot") == 8
    assert ec.resources == [1, 7, 8]
    with pytest.raises(ValueError, match="guid 7 is taken by test::Plain"):
        ec.register_resource("test::OneShot", guid=7)


def test_resources_are_found_by_their_exact_type(ec: ExperimentController) -> None:
    plain = ec.register_resource("test::Plain")
    ec.register_resource("test::OneShot")

    assert ec.filter_resources("test::Plain") == [plain]
    assert [rm.guid for rm in ec.get_resources_by_type("test::Plain")] == [plain]
    assert ec.get_resources_by_type("test::Nothing") == []
    assert isinstance(ec.get_resource(plain), Plain)


def test_an_unknown_type_is_a_key_error_naming_the_nearest(ec: ExperimentController) -> None:
    with pytest.raises(UnknownTypeError, match="did you mean 'test::OneShot'") as caught:
        ec.register_resource("test::OneShit")

    assert isinstance(caught.value, KeyError)
    assert ec.resources == []


def test_keywords_are_attributes_connections_and_deployment(ec: ExperimentController) -> None:
    host = ec.register_resource("test::Plain")
    guid = ec.register_resource("test::Plain", speed=3, connectedTo=host, autoDeploy=True)

    ec.wait_started(guid, timeout=LIMIT)

    assert ec.get(guid, "speed") == 3
    assert ec.get_resource(host).connections == {guid}
    assert ec.state(host) == ResourceState.NEW


def test_a_refused_keyword_leaves_no_resource(ec: ExperimentController) -> None:
    with pytest.raises(UnknownAttributeError, match="did you mean 'speed'"):
        ec.register_resource("test::Plain", sped=3)
    with pytest.raises(ValueError, match="from 0 to 100"):
        ec.register_resource("test::Plain", speed=101)

    assert ec.resources == []


def test_values_are_checked_at_once(ec: ExperimentController) -> None:
    guid = ec.register_resource("test::Plain")

    ec.set(guid, "speed", "20")
    assert ec.get(guid, "speed") == 20
    with pytest.raises(ValueError, match="speed"):
        ec.set(guid, "speed", "quick")
    with pytest.raises(KeyError, match="speed"):
        ec.set(guid, "spee", 1)
    with pytest.raises(KeyError):
        ec.get(guid, "nothing")
    assert ec.get(guid, "speed") == 20


def test_flags_are_obeyed_by_scripts_but_not_by_the_type_itself(ec: ExperimentController) -> None:
    guid = ec.register_resource("test::Plain")

    with pytest.raises(ReservedAttributeError, match="not for scripts to set"):
        ec.set(guid, "fixed", 1)
    with pytest.raises(ReservedAttributeError, match="not for scripts to read"):
        ec.get(guid, "hidden")
    ec.set(guid, "hidden", "x")
    ec.get_resource(guid).set("fixed", 8)
    assert ec.get(guid, "fixed") == 8
    assert ec.get_resource(guid).get("hidden") == "x"


def test_the_design_is_fixed_once_deployed(ec: ExperimentController) -> None:
    guid = ec.register_resource("test::Plain")
    ec.set(guid, "place", "there")
    ec.deploy()
    ec.wait_started(guid, timeout=LIMIT)

    with pytest.raises(FrozenAttributeError, match="before deploy") as caught:
        ec.set(guid, "place", "nowhere")
    assert isinstance(caught.value, ValueError)
    ec.set(guid, "speed", 2)

    assert (ec.get(guid, "place"), ec.get(guid, "speed")) == ("there", 2)


def test_declarations_can_be_asked_for(ec: ExperimentController) -> None:
    guid = ec.register_resource("test::Plain")
    ec.set(guid, "speed", 50)

    names = [attr.name for attr in ec.get_attributes(guid)]
    assert names == ["critical", "hardRelease", "speed", "place", "fixed", "hidden"]
    attr = ec.get_attribute(guid, "speed")
    assert (attr.value, attr.range) == (1, (0, 100)), "of the class, not of the resource"
    assert ec.get_attribute(guid, "place").has_flag(Flags.Design)
    assert [trace.name for trace in ec.get_traces(guid)] == ["noise"]


def test_global_values_are_for_resources_still_to_come(ec: ExperimentController) -> None:
    before = ec.register_resource("test::Plain")
    try:
        assert ec.set_global("test::Plain", "speed", 9) == 9
        assert ec.get_global("test::Plain", "speed") == 9
        assert ec.get(before, "speed") == 1
        assert ec.get(ec.register_resource("test::Plain"), "speed") == 9
    finally:
        ec.set_global("test::Plain", "speed", 1)


def test_traces_are_enabled_one_by_one(ec: ExperimentController) -> None:
    one, other = (ec.register_resource("test::Plain") for _ in range(2))

    ec.enable_trace(one, "noise")

    assert ec.trace_enabled(one, "noise")
    assert not ec.trace_enabled(other, "noise")
    assert ec.trace(one, "noise") is None
    with pytest.raises(KeyError, match="noise"):
        ec.enable_trace(one, "nois")


def test_a_connection_is_known_to_both_sides(ec: ExperimentController) -> None:
    one, other = (ec.register_resource("test::Plain") for _ in range(2))

    ec.register_connection(one, other)

    assert ec.get_resource(one).get_connected() == [ec.get_resource(other)]
    assert ec.get_resource(other).get_connected("test::Plain") == [ec.get_resource(one)]


def test_a_removed_resource_is_forgotten(ec: ExperimentController) -> None:
    one, other = (ec.register_resource("test::Plain") for _ in range(2))
    ec.register_connection(one, other)

    ec.remove_resource(one)

    assert ec.resources == [other]
    assert ec.get_resource(other).get_connected() == []
    with pytest.raises(KeyError):
        ec.remove_resource(one)
    ec.deploy()
    ec.wait_started(other, timeout=LIMIT)


def test_two_controllers_do_not_meet(make_ec: Make) -> None:
    one, other = make_ec("one"), make_ec("other")
    guid = one.register_resource("test::Plain")
    assert other.register_resource("test::OneShot") == guid

    one.deploy()
    one.wait_started(guid, timeout=LIMIT)

    assert other.state(guid) == ResourceState.NEW


def test_a_few_resources_are_drawn_in_the_end(
    make_ec: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawing = pytest.importorskip("nepi.results.drawing")
    if not drawing.available():
        pytest.skip("nothing draws here")
    ec = make_ec("drawn")
    monkeypatch.setattr(carrier, "PICTURED", 200)
    guid = ec.register_resource("test::Plain")
    ec.deploy()
    ec.wait_started(guid, timeout=LIMIT)
    ec.shutdown()

    assert {"timeline.svg", "topology.svg"} <= {path.name for path in Path(ec.run_dir).iterdir()}


def test_who_is_not_there_has_no_way_to_the_engine(ec: ExperimentController) -> None:
    ec.inform_failure(99)

    assert ec.line(99) is None


def test_messages_say_which_experiment(
    ec: ExperimentController, caplog: pytest.LogCaptureFixture
) -> None:
    ec.error("look")

    assert caplog.messages == ["test - look"]
