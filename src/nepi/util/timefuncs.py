# SPDX-License-Identifier: BSD-3-Clause
"""Moments and spans of time as classic scripts write them: local datetimes, "2s", 20 digits.

Only the text forms live here. Engine time (a monotonic number of seconds) never enters.
"""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from types import MappingProxyType

_INSTANT = "%Y%m%d%H%M%S%f"
_INSTANT_DIGITS = 20
_SPAN = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>h|m|s|ms|us)", re.ASCII)
_UNIT_SECONDS: Mapping[str, float] = MappingProxyType(
    {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6}
)


class TimeFormatError(ValueError):
    """A text does not say a time; the message shows the forms that do."""

    def __init__(self, text: object) -> None:
        super().__init__(
            f"{text!r} is not a time; write a number and its unit, h, m, s, ms or us"
            ' ("2s", "0.5m"), or an instant as 20 digits YYYYmmddHHMMSSffffff'
        )


def tnow() -> datetime:
    """Return the local time, naive as classic scripts compare it."""
    return datetime.now()  # noqa: DTZ005 - scripts compare with naive datetimes of their own


def tsformat(date: datetime | None = None) -> str:
    """Write *date* (default: now) as 20 digits."""
    return (tnow() if date is None else date).strftime(_INSTANT)


def stformat(text: str) -> datetime:
    """Read 20 digits back; anything else is a TimeFormatError."""
    if len(text) != _INSTANT_DIGITS or not (text.isascii() and text.isdigit()):
        raise TimeFormatError(text)
    try:
        return datetime.strptime(text, _INSTANT)  # noqa: DTZ007 - local and naive, see tnow
    except ValueError:
        raise TimeFormatError(text) from None


def tdiff(date1: datetime, date2: datetime) -> timedelta:
    """Return how long after *date2* *date1* is."""
    return date1 - date2


def tdiffsec(date1: datetime, date2: datetime) -> float:
    """Return how many seconds after *date2* *date1* is."""
    return tdiff(date1, date2).total_seconds()


@lru_cache(maxsize=256)
def span_seconds(text: str) -> float | None:
    """Read a relative time ("2s", "0.5m", "10ms") as seconds; None if it is not one."""
    match = _SPAN.fullmatch(text)
    return float(match["number"]) * _UNIT_SECONDS[match["unit"]] if match else None


def stabsformat(text: str | None, dbase: datetime | None = None) -> datetime | None:
    """Return the instant *text* means, relative ones counted from *dbase*; None if it means none.

    Nothing at all (None, "") means now. See TimeFormatError for the forms.
    """
    base = tnow() if dbase is None else dbase
    if not text:
        return tnow()
    seconds = span_seconds(text)
    try:
        return stformat(text) if seconds is None else base + timedelta(seconds=seconds)
    except (TimeFormatError, OverflowError):
        return None


def delay_seconds(time: str | float | None) -> float:
    """Return the seconds a span means; None and "" mean none. New beside NEPI: plain numbers."""
    if time is None or time == "":
        return 0.0
    seconds = span_seconds(time) if isinstance(time, str) else float(time)
    if seconds is None or not 0 <= seconds < float("inf"):
        raise TimeFormatError(time)
    return seconds


def seconds_until(date: str | datetime | float | None) -> float:
    """Return the seconds from now to *date* in any form a script may give; never negative.

    Instants that have passed mean at once. New beside NEPI: datetimes and numbers of seconds.
    """
    instant = stabsformat(date) if isinstance(date, str) and span_seconds(date) is None else date
    if isinstance(instant, datetime):
        return max(0.0, tdiffsec(instant, tnow()))
    if instant is None and date is not None:
        raise TimeFormatError(date)
    return delay_seconds(instant)


def compute_delay_ms(timestamp2: str | float, timestamp1: str | float) -> float:
    """Return the milliseconds from *timestamp1* to *timestamp2*, seconds of the epoch as text."""
    return (float(timestamp2) - float(timestamp1)) * 1000.0
