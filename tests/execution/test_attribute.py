# SPDX-License-Identifier: BSD-3-Clause
"""Attributes of classic resources."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.execution.attribute import Attribute, Flags, Types


def test_what_was_declared_can_be_asked() -> None:
    attr = Attribute(
        "port", "Where to listen", type=Types.Integer, flags=Flags.Design, default=80, range=(1, 9)
    )

    assert (attr.name, attr.help, attr.type) == ("port", "Where to listen", "INTEGER")
    assert (attr.default, attr.value, attr.range) == (80, 80, (1, 9))
    assert attr.allowed is None
    assert int(attr.flags) == 4
    assert not attr.has_changed


@pytest.mark.parametrize(
    ("declared", "given_value", "stored"),
    [
        (Types.Bool, True, True),
        (Types.Bool, "False", False),
        (Types.Bool, 1, True),
        (Types.Integer, "12", 12),
        (Types.Integer, 3.0, 3),
        (Types.Double, 3, 3.0),
        (Types.Double, "2.5", 2.5),
        (Types.Enumerate, "b", "b"),
        (Types.String, 7, 7),
        (Types.String, "x", "x"),
    ],
)
def test_values_become_what_the_type_says(declared: str, given_value: Any, stored: Any) -> None:
    attr = Attribute("a", "help", type=declared, allowed=["a", "b"])

    attr.value = given_value

    assert attr.value == stored
    assert type(attr.value) is type(stored)


@pytest.mark.parametrize(
    ("declared", "wrong"),
    [
        (Types.Bool, "yes"),
        (Types.Bool, 2),
        (Types.Integer, "twelve"),
        (Types.Integer, 2.5),
        (Types.Integer, [1]),
        (Types.Integer, float("inf")),
        (Types.Double, "a"),
        (Types.Double, {}),
        (Types.Enumerate, "c"),
    ],
)
def test_values_of_another_type_are_refused(declared: str, wrong: Any) -> None:
    attr = Attribute("speed", "help", type=declared, allowed=["a", "b"])

    with pytest.raises(ValueError, match="attribute 'speed' cannot be"):
        attr.value = wrong

    assert attr.value is None


@given(st.integers())
def test_a_range_holds_whichever_end_comes_first(value: int) -> None:
    """NEPI's manual says (max, min), its code took (min, max); numbers keep their type."""
    for limits in ((-5, 10), (10, -5)):
        attr = Attribute("a", "help", type=Types.Integer, default=0, range=limits)
        if -5 <= value <= 10:
            attr.value = value
            assert attr.value == value
            assert type(attr.value) is int
        else:
            with pytest.raises(ValueError, match="from -5 to 10"):
                attr.value = value


def test_none_means_not_set() -> None:
    attr = Attribute("a", "help", type=Types.Integer, default=3, range=(1, 5))

    attr.value = None

    assert attr.value is None
    assert attr.has_changed


def test_an_enumeration_with_a_default_cannot_be_unset() -> None:
    attr = Attribute("a", "help", type=Types.Enumerate, default="x", allowed=["x", "y"])

    with pytest.raises(ValueError, match="x, y"):
        attr.value = None


def test_a_hook_may_replace_the_value_and_returning_nothing_keeps_it() -> None:
    seen: list[tuple[Any, Any]] = []

    def double(old: Any, new: Any) -> Any:
        seen.append((old, new))
        return new * 2 if new < 10 else None

    attr = Attribute("a", "help", type=Types.Integer, default=1, set_hook=double)
    attr.value = 4
    assert attr.value == 8
    attr.value = 20
    assert attr.value == 20
    assert seen == [(1, 4), (8, 20)]


def test_a_subclass_may_know_more_about_values() -> None:
    class Even(Attribute):
        def is_valid_value(self, value: Any) -> bool:
            return bool(value % 2 == 0)

    attr = Even("a", "help", type=Types.Integer)
    attr.value = "4"
    with pytest.raises(ValueError, match="cannot be 5"):
        attr.value = 5

    assert attr.value == 4


def test_a_flag_of_several_bits_is_had_whole_or_not() -> None:
    attr = Attribute("a", "help", flags=Flags.Design | Flags.NoRead)

    assert attr.has_flag(Flags.Design)
    assert attr.has_flag(Flags.NoRead)
    assert not attr.has_flag(Flags.Credential)
    assert Attribute("b", "help", flags=Flags.Credential).has_flag(Flags.Design)


def test_a_copy_goes_its_own_way() -> None:
    attr = Attribute("a", "help", default="x")
    other = attr.copy()

    other.value = "y"

    assert attr.value == "x"
    assert other.has_changed
