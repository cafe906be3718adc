# SPDX-License-Identifier: BSD-3-Clause
"""Tables as aligned text: widths as terminals show them, nothing that could command a terminal."""

import unicodedata
from collections.abc import Sequence

NOTHING = "-"
_GAP = "  "
_NARROWEST = 6
_DIGITS = 6


def shown(value: object) -> str:
    """Return *value* as people read it: six digits, no control characters."""
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.{_DIGITS}g}"
    return printable(str(value))


def printable(text: str) -> str:
    """Return *text* with whatever a terminal might obey written as an escape."""
    return "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def cells(text: str) -> int:
    """Return how many cells of a terminal *text* fills."""
    return sum(_cells_of(character) for character in text)


def _cells_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def aligned(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    numeric: Sequence[bool],
    *,
    title: str = "",
    width: int | None = None,
) -> str:
    """Return the lines of a table; columns of text give way where *width* is too small."""
    widths = [max(cells(text) for text in column) for column in zip(headings, *rows, strict=True)]
    if width is not None:
        _fit(widths, numeric, width)
    lines = [_line(headings, widths, numeric), _line(["─" * w for w in widths], widths, numeric)]
    lines += [_line(row, widths, numeric) for row in rows]
    return "\n".join([*([printable(title)] if title else []), *lines])


def _fit(widths: list[int], numeric: Sequence[bool], width: int) -> None:
    too_much = sum(widths) + len(_GAP) * (len(widths) - 1) - width
    while too_much > 0:
        text = [(w, place) for place, w in enumerate(widths) if not numeric[place]]
        widest, place = max(text, default=(0, 0))
        if widest <= _NARROWEST:
            return
        # Down to the next widest at once, or as far as needed.
        others = [w for w, other in text if other != place]
        cut = min(too_much, max(widest - max([_NARROWEST, *others]), 1))
        widths[place] -= cut
        too_much -= cut


def _line(texts: Sequence[str], widths: Sequence[int], numeric: Sequence[bool]) -> str:
    parts = [_padded(*one) for one in zip(texts, widths, numeric, strict=True)]
    return _GAP.join(parts).rstrip()


def _padded(text: str, width: int, right: bool) -> str:  # noqa: FBT001 - mapped over columns
    text = _shortened(text, width)
    space = " " * (width - cells(text))
    return space + text if right else text + space


def _shortened(text: str, width: int) -> str:
    if cells(text) <= width:
        return text
    kept = ""
    for character in text:
        if cells(kept + character) > width - 1:
            break
        kept += character
    return kept + "…"
