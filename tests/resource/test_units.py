# SPDX-License-Identifier: BSD-3-Clause
"""Quantities: what texts mean, what is refused, and that writing and reading give the same."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.resource import units
from nepi.resource.units import UNITS, Unit, UnitError

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0.2", 0.2),
        ("200 ms", 0.2),
        ("200ms", 0.2),
        (" .5 s ", 0.5),
        ("1.s", 1),
        ("1e3 us", 0.001),
        ("2 \N{MICRO SIGN}s", 2e-6),
        ("7 ns", 7e-9),
        ("1m", 60),
        ("1 h 30 min", 5400),
        ("1h30m", 5400),
        ("2 days", 172800),
        ("-5 ms", -0.005),
        (3, 3),
    ],
)
def test_times(text: str | float, number: float) -> None:
    assert units.seconds(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10 Mbit/s", 1e7),
        ("10Mbps", 1e7),
        ("10mbit", 1e7),
        ("1.5 Gbit/s", 1.5e9),
        ("1 Kibit/s", 1024),
        ("1 MB/s", 8e6),
        ("9600", 9600),
    ],
)
def test_bit_rates(text: str, number: float) -> None:
    assert units.bits_per_second(text) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("64 KiB", 65536), ("1.5 kB", 1500), ("1500", 1500), ("2 MiB", 2097152), ("3 bytes", 3)],
)
def test_sizes(text: str, number: int) -> None:
    found = units.size(text)
    assert found == number
    assert isinstance(found, int)


@pytest.mark.parametrize(
    "text", ["", " ", "s", "fast", "1..2", "1 s foo", "1 parsec", "--1 s", "1 h 30", "1e999", "inf"]
)
def test_what_is_no_time_is_refused_and_told_how_one_is_written(text: str) -> None:
    with pytest.raises(UnitError, match=r"200 ms|finite"):
        units.seconds(text)


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), 10**400, "1e99999999999999999999999 s"]
)
def test_what_is_not_finite_is_refused(value: float | str) -> None:
    with pytest.raises(UnitError, match="finite"):
        units.seconds(value)


def test_only_times_are_added_up() -> None:
    with pytest.raises(UnitError, match="64 KiB"):
        units.size("1 KiB 5 B")


def test_k_alone_is_refused_because_it_has_two_meanings() -> None:
    with pytest.raises(UnitError, match="'k' is no unit of a size"):
        units.size("64k")


@pytest.mark.parametrize("value", ["0.5 B", 0.5])
def test_half_a_byte_is_refused(value: float | str) -> None:
    with pytest.raises(UnitError, match="whole number of B"):
        units.size(value)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 s"),
        (0.2, "200 ms"),
        (1, "1 s"),
        (90, "90 s"),
        (120, "2 min"),
        (5400, "90 min"),
        (7200, "2 h"),
        (-0.1, "-100 ms"),
        (1e-9, "1 ns"),
        (1e300, "1E+300 s"),
    ],
)
def test_times_are_written_to_be_read(number: float, text: str) -> None:
    assert units.format_seconds(number) == text


def test_rates_and_sizes_are_written_to_be_read() -> None:
    assert units.format_bits_per_second(1e7) == "10 Mbit/s"
    assert units.format_bits_per_second(1500.5) == "1.5005 kbit/s"
    assert units.format_size(65536) == "64 KiB"
    assert units.format_size(1500) == "1500 B"
    assert units.format_size(64000) == "64 kB"


@pytest.mark.parametrize("unit", UNITS.values(), ids=str)
@given(number=FINITE)
def test_a_written_number_is_read_as_the_very_same(unit: Unit, number: float) -> None:
    assert unit.parse(unit.format(number)) == number


@given(st.integers(min_value=-(2**70), max_value=2**70))
def test_a_written_size_is_read_as_the_very_same(number: int) -> None:
    assert units.size(units.format_size(number)) == number


@pytest.mark.parametrize(
    "parse", [units.seconds, units.bits_per_second, units.size, UNITS["%"].parse]
)
@given(text=st.text(alphabet="0123456789.eE+- msKMiBbit/h%") | st.text())
def test_no_text_raises_anything_else(parse: Callable[[str], float], text: str) -> None:
    with suppress(UnitError):
        parse(text)
