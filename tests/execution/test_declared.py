# SPDX-License-Identifier: BSD-3-Clause
"""What classic types declare, and how little of it an instance holds."""

from typing import Any

import pytest

from nepi.execution.attribute import Attribute, Flags, Types
from nepi.execution.errors import UnknownAttributeError, UnknownTraceError
from nepi.execution.resource import ResourceManager, clsinit, clsinit_copy
from nepi.execution.trace import Trace


class Nowhere:
    """An experiment that no resource has to ask anything."""

    schedule: Any = None
    get_resource: Any = None
    inform_failure: Any = None

    def line(self, guid: int) -> None:
        """There is no engine."""


EC = Nowhere()


@clsinit_copy
class Radio(ResourceManager):
    _rtype = "test::Radio"
    _help = "Sends"
    _platform = "test"

    @classmethod
    def _register_attributes(cls) -> None:
        cls._register_attribute(
            Attribute("power", "dBm", type=Types.Integer, default=10, flags=Flags.Design)
        )
        cls._register_attribute(Attribute("channel", "Which one"))

    @classmethod
    def _register_traces(cls) -> None:
        cls._register_trace(Trace("air", "What was heard"))

    def reach_in(self) -> None:
        self._attrs["power"].value = 3
        self._trcs["air"].enabled = True

    def holds_copies(self) -> bool:
        return self._changed is not None or self._chosen is not None


@clsinit_copy
class LoudRadio(Radio):
    _rtype = "test::LoudRadio"

    @classmethod
    def _register_attributes(cls) -> None:
        cls._register_attribute(Attribute("power", "W", type=Types.Integer, default=100))
        cls._remove_attribute("channel")
        cls._remove_trace("air")

    @classmethod
    def _register_traces(cls) -> None:
        """Leave none."""


class OldRadio(ResourceManager):
    _backend = "old"


class PlainRadio(Radio):
    _rtype = "test::PlainRadio"


@clsinit
class Bare(Radio):
    _rtype = "test::Bare"

    @classmethod
    def _register_attributes(cls) -> None:
        cls._register_attribute(Attribute("own", "Only this"))


def names(cls: type[ResourceManager]) -> list[str]:
    return [attr.name for attr in cls.get_attributes()]


def test_a_copying_class_has_its_parents_declarations_and_its_own() -> None:
    assert names(Radio) == ["critical", "hardRelease", "power", "channel"]
    assert names(LoudRadio) == ["critical", "hardRelease", "power"]
    assert [trace.name for trace in Radio.get_traces()] == ["air"]
    assert LoudRadio.get_traces() == []
    assert Radio.get_attribute("power").default == 10
    assert LoudRadio.get_attribute("power").default == 100


def test_a_class_that_begins_anew_still_has_what_every_resource_has() -> None:
    """Whether it is critical is asked of every resource, whatever its author registered."""
    assert names(Bare) == ["critical", "hardRelease", "own"]


def test_a_class_without_a_decorator_shares_its_parents_declarations() -> None:
    assert names(PlainRadio) == names(Radio)


def test_a_class_says_what_it_is() -> None:
    assert (Radio.get_rtype(), Radio.get_help(), Radio.get_platform()) == (
        "test::Radio",
        "Sends",
        "test",
    )
    assert Radio.get_backend() == "test"
    assert OldRadio.get_platform() == OldRadio.get_backend() == "old"


def test_what_one_instance_sets_no_other_sees() -> None:
    one, other = Radio(EC, 1), Radio(EC, 2)

    one.set("power", "20")
    one.enable_trace("air")

    assert (one.get("power"), other.get("power")) == (20, 10)
    assert one.has_changed("power")
    assert not other.has_changed("power")
    assert (one.trace_enabled("air"), other.trace_enabled("air")) == (True, False)
    assert Radio.get_attribute("power").value == 10


def test_a_refused_value_leaves_the_instance_as_it_was() -> None:
    radio = Radio(EC, 1)

    with pytest.raises(ValueError, match="power"):
        radio.set("power", "much")

    assert radio.get("power") == 10
    assert not radio.has_changed("power")


def test_instances_share_what_they_do_not_set() -> None:
    """Ten thousand resources must not hold ten thousand copies of all attributes."""
    one, other = Radio(EC, 1), Radio(EC, 2)
    one.set("channel", "6")

    assert one.holds_copies()
    assert not other.holds_copies()


def test_an_unknown_name_is_a_key_error_naming_the_nearest() -> None:
    radio = Radio(EC, 1)

    with pytest.raises(UnknownAttributeError, match="did you mean 'power'") as caught:
        radio.set("powr", 1)
    assert isinstance(caught.value, KeyError)
    with pytest.raises(KeyError):
        radio.get("Power2")
    with pytest.raises(KeyError):
        Radio.get_attribute("nothing")
    with pytest.raises(UnknownTraceError, match="did you mean 'air'") as traced:
        radio.enable_trace("aire")
    assert isinstance(traced.value, KeyError)


def test_a_global_value_is_for_instances_still_to_come() -> None:
    @clsinit_copy
    class Local(Radio):
        _rtype = "test::Local"

        @classmethod
        def _register_attributes(cls) -> None:
            """Take the parent's."""

    class Below(Local):
        pass

    before = Local(EC, 1)

    assert Local.set_global("power", "7") == 7

    assert before.get("power") == 10
    assert Local(EC, 2).get("power") == 7
    assert Local.get_global("power") == 7
    assert Below.get_global("power") == 7, "a class without a decorator shares"
    assert Radio.get_global("power") == 10
    assert Below.set_global("power", 8) == 8
    assert Local.get_global("power") == 8, "in both directions"


def test_types_written_for_nepi_may_reach_into_their_attributes() -> None:
    one, other = Radio(EC, 1), Radio(EC, 2)
    one.set("channel", "6")

    one.reach_in()

    assert (one.get("power"), one.get("channel")) == (3, "6")
    assert one.trace_enabled("air")
    assert other.get("power") == 10
    assert not other.trace_enabled("air")


def test_flags_and_names_can_be_asked() -> None:
    radio = Radio(EC, 1)

    assert radio.has_attribute("power")
    assert not radio.has_attribute("x")
    assert radio.has_flag("power", Flags.Design)
    assert not radio.has_flag("channel", Flags.Design)
