# SPDX-License-Identifier: BSD-3-Clause
"""Times as classic scripts write them."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.util.timefuncs import (
    TimeFormatError,
    compute_delay_ms,
    delay_seconds,
    seconds_until,
    span_seconds,
    stabsformat,
    stformat,
    tdiff,
    tdiffsec,
    tnow,
    tsformat,
)

BASE = datetime(2014, 8, 1, 12, 0, 0)  # noqa: DTZ001 - classic times are naive


@given(st.datetimes(min_value=datetime(1000, 1, 1)))  # noqa: DTZ001
def test_twenty_digits_come_back_as_the_same_instant(moment: datetime) -> None:
    text = tsformat(moment)

    assert len(text) == 20
    assert stformat(text) == moment
    assert stabsformat(text) == moment


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2s", 2),
        ("0.5s", 0.5),
        ("1.5m", 90),
        ("2h", 7200),
        ("10ms", 0.01),
        ("5us", 5e-6),
        ("0s", 0),
    ],
)
def test_a_number_and_a_unit_is_relative(text: str, seconds: float) -> None:
    assert span_seconds(text) == pytest.approx(seconds)
    assert stabsformat(text, BASE) == BASE + timedelta(seconds=seconds)
    assert seconds_until(text) == pytest.approx(seconds)
    assert delay_seconds(text) == pytest.approx(seconds)


REFUSED = ["5", ".5s", "-1s", "1x5s", "2m30s", "1 s", "s", "²s", "2014080112000000000", "9" * 20]


@pytest.mark.parametrize("text", REFUSED)
def test_anything_else_means_no_time(text: str) -> None:
    assert stabsformat(text, BASE) is None
    with pytest.raises(TimeFormatError, match="write a number and its unit"):
        seconds_until(text)
    with pytest.raises(TimeFormatError):
        delay_seconds(text)


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf")])
def test_numbers_that_are_no_times_are_refused(wrong: float) -> None:
    with pytest.raises(TimeFormatError):
        seconds_until(wrong)


def test_nothing_means_now() -> None:
    before = tnow()
    now = stabsformat(None)

    assert now is not None
    assert before <= now <= tnow()
    assert seconds_until(None) == seconds_until("") == 0
    assert delay_seconds(None) == delay_seconds("") == 0


def test_a_time_too_far_away_means_none() -> None:
    assert stabsformat("99999999999999h", BASE) is None


def test_instants_that_have_passed_mean_at_once() -> None:
    assert seconds_until(tsformat(tnow() - timedelta(hours=1))) == 0
    assert seconds_until(tnow() - timedelta(hours=1)) == 0
    assert 3500 < seconds_until(tsformat(tnow() + timedelta(hours=1))) <= 3600


def test_numbers_are_seconds() -> None:
    assert seconds_until(1.5) == 1.5
    assert delay_seconds(2) == 2


def test_differences() -> None:
    later = BASE + timedelta(days=1, milliseconds=250)

    assert tdiff(later, BASE) == timedelta(days=1, milliseconds=250)
    assert tdiffsec(later, BASE) == 86400.25
    assert tdiffsec(BASE, later) == -86400.25
    assert compute_delay_ms("1000.25", "1000.0") == pytest.approx(250)


@pytest.mark.parametrize("text", ["", "2s", "20140801", "\uff12" * 20, "20141301000000000000"])
def test_only_twenty_digits_are_an_instant(text: str) -> None:
    with pytest.raises(TimeFormatError):
        stformat(text)
