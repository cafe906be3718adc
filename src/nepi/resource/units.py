# SPDX-License-Identifier: BSD-3-Clause
"""Quantities: numbers in base units inside (s, bit/s, B), texts with units at the edge.

Calculated in decimal fractions, so that a text and its number mean exactly the same.
Nothing here knows attributes or resources.
"""

import math
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from types import MappingProxyType

from attrs import field, frozen

_PART = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([^\d\s.+-]*)\s*")


class UnitError(ValueError):
    """The text is not a quantity of this kind; the message shows one that is."""


@frozen(eq=False)
class Unit:
    """One kind of quantity: how its texts are read, and how its numbers are written."""

    symbol: str
    quantity: str
    example: str
    factors: Mapping[str, Decimal] = field(repr=False)
    written: tuple[str, ...] = field(repr=False)
    """Symbols to write numbers with, the largest first; the last is for whatever is smaller."""
    compound: bool = False
    """Whether several may be added up, as in ``1 h 30 min``."""
    whole: bool = False
    """Whether only whole multiples are easy to read: ``1500 B``, not ``1.5 kB``."""

    def parse(self, value: float | str) -> float:
        """Return the number of base units that *value* means; a bare number is one already."""
        number = self._read(value) if isinstance(value, str) else value
        try:
            exact = float(number)
        except OverflowError:
            exact = math.inf
        if not math.isfinite(exact):
            raise UnitError(f"{value!r} is not a finite number")
        return exact

    def parse_whole(self, value: float | str) -> int:
        """Like parse, for quantities that come in whole base units only."""
        number = self.parse(value)
        whole = self._read(value) if isinstance(value, str) else value
        if not number.is_integer():
            raise UnitError(f"{value!r} is not a whole number of {self.symbol}")
        return int(whole)

    @lru_cache(maxsize=1024)  # noqa: B019 - there are five units, for ever
    def _read(self, text: str) -> Decimal:
        parts: list[re.Match[str]] = []
        end = 0
        while end < len(text) and (match := _PART.match(text, end)):
            parts.append(match)
            end = match.end()
        several = len(parts) > 1 and not (self.compound and all(part[2] for part in parts))
        if not parts or several or end < len(text):
            raise UnitError(f"{text!r} is no {self.quantity}; write it like {self.example!r}")
        return sum((self._part(part[1], part[2], text) for part in parts), Decimal(0))

    def _part(self, digits: str, symbol: str, text: str) -> Decimal:
        factor = self.factors.get(symbol)
        if factor is None:
            raise UnitError(
                f"{text!r}: {symbol!r} is no unit of a {self.quantity}; "
                f"write it like {self.example!r}"
            )
        try:
            return Decimal(digits) * factor
        except ArithmeticError:
            raise UnitError(f"{text!r} is not a finite number") from None

    def format(self, value: float) -> str:
        """Write *value* so that it is easy to read and parses to the very same number."""
        exact = Decimal(repr(value or 0))  # without the sign that a zero may have
        *larger, smallest = self.written
        for symbol in larger:
            factor = self.factors[symbol]
            if abs(exact) >= factor and _divides(exact, factor, self.whole):
                return f"{_digits(exact / factor)} {symbol}"
        if not exact:
            smallest = self.symbol
        return f"{_digits(exact / self.factors[smallest])} {smallest}"


def _divides(exact: Decimal, factor: Decimal, whole: bool) -> bool:  # noqa: FBT001 - private
    """Powers of ten always do; minutes, KiB and the like only where nothing is lost."""
    if not whole and factor.normalize().as_tuple().digits == (1,):
        return True
    # A remainder is only defined where the quotient has at most 28 digits.
    return exact.adjusted() < factor.adjusted() + 20 and exact % factor == 0


_READABLE = range(-6, 16)  # powers of ten that are still read without counting zeros


def _digits(number: Decimal) -> str:
    normal = number.normalize()
    return f"{normal:f}" if normal.adjusted() in _READABLE else str(normal)


def _table(pairs: Mapping[str, str]) -> dict[str, Decimal]:
    """Read ``{"ms msec": "0.001"}``: names that mean the same, and their factor."""
    return {name: Decimal(factor) for names, factor in pairs.items() for name in names.split()}


_PREFIXES = {
    "": Decimal(1),
    **_table({"k K": "1e3", "M m": "1e6", "G g": "1e9", "T t": "1e12"}),
    **{f"{prefix}i": Decimal(1024) ** (n + 1) for n, prefix in enumerate("KMGT")},
    "ki": Decimal(1024),
}


def _prefixed(bases: Mapping[str, str]) -> dict[str, Decimal]:
    """Every base unit without and with every prefix (``Mbit/s``); no unit is the base unit."""
    return {"": Decimal(1)} | {
        prefix + base: scale * factor
        for prefix, scale in _PREFIXES.items()
        for base, factor in _table(bases).items()
    }


SECONDS = Unit(
    "s",
    "time",
    "200 ms",
    {
        "": Decimal(1),
        **_table(
            {
                "ns nsec": "1e-9",
                "us usec \N{MICRO SIGN}s \N{GREEK SMALL LETTER MU}s": "1e-6",
                "ms msec": "1e-3",
                "s sec secs second seconds": "1",
                "m min mins minute minutes": "60",
                "h hour hours": "3600",
                "d day days": "86400",
            }
        ),
    },
    ("h", "min", "s", "ms", "us", "ns"),
    compound=True,
)
BITS_PER_SECOND = Unit(
    "bit/s",
    "bit rate",
    "10 Mbit/s",
    _prefixed({"bit/s bits/s bit bps b/s": "1", "B/s Bps byte/s bytes/s": "8"}),
    ("Tbit/s", "Gbit/s", "Mbit/s", "kbit/s", "bit/s"),
)
BYTES = Unit(
    "B",
    "size",
    "64 KiB",
    _prefixed({"B byte bytes": "1"}),
    ("TB", "TiB", "GB", "GiB", "MB", "MiB", "kB", "KiB", "B"),
    whole=True,
)
PERCENT = Unit("%", "percentage", "0.5 %", _table({"% percent": "1"}) | {"": Decimal(1)}, ("%",))
PACKETS = Unit(
    "packets",
    "number of packets",
    "100 packets",
    _table({"packets packet pkts pkt p": "1"}) | {"": Decimal(1)},
    ("packets",),
)

UNITS: Mapping[str, Unit] = MappingProxyType(
    {unit.symbol: unit for unit in (SECONDS, BITS_PER_SECOND, BYTES, PERCENT, PACKETS)}
)


def seconds(value: float | str) -> float:
    """Return the seconds that ``0.2``, ``"200 ms"`` or ``"1h30m"`` mean."""
    return SECONDS.parse(value)


def bits_per_second(value: float | str) -> float:
    """Return the bits per second that ``"10 Mbit/s"``, ``"10Mbps"`` or ``"1 MB/s"`` mean."""
    return BITS_PER_SECOND.parse(value)


def size(value: float | str) -> int:
    """Return the bytes that ``"64 KiB"`` or ``"1.5 kB"`` mean; only whole bytes exist."""
    return BYTES.parse_whole(value)


def format_seconds(value: float) -> str:
    """Write a time: ``0.2`` is ``200 ms``."""
    return SECONDS.format(value)


def format_bits_per_second(value: float) -> str:
    """Write a bit rate: ``1e7`` is ``10 Mbit/s``."""
    return BITS_PER_SECOND.format(value)


def format_size(value: float) -> str:
    """Write a size: ``65536`` is ``64 KiB``."""
    return BYTES.format(value)
