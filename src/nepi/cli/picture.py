# SPDX-License-Identifier: BSD-3-Clause
"""How a run looks on a terminal, as lines of text: while it goes on, and at its end."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO
from typing import TYPE_CHECKING

from attrs import frozen

from nepi.cli.output import STYLES, clock
from nepi.cli.progress import Item, Progress
from nepi.core.lifecycle import State

if TYPE_CHECKING:
    from rich.text import Text

NARROW = 76
"""Columns below which the types of the resources are not shown."""
LONGEST = 28
"""Columns that a name or a type may take."""
GAP = 2
NAMES_SHOWN = 4
"""Resources that a line names before it counts the others."""
FEW = 40
"""Resources up to which the final table has a row each."""

Sized = Callable[[str, int], str]
Cells = Sequence[tuple[str, str]]
"""The texts of a row and their styles."""


@frozen
class Size:
    """What there is to draw on."""

    columns: int
    lines: int


def frame(name: str, progress: Progress, now: float, size: Size) -> list[str]:
    """One picture of a run that goes on: at most *size.lines* lines, none of them broken."""
    if progress.over:
        return drawn([headline(name, progress, progress.latest)], size)
    room = size.lines - 3  # the headline, the names of the columns, a line to breathe
    lines: list[Text] = [headline(name, progress, now)]
    if len(progress.items) > room:
        lines += _aligned(_summary(progress))
        failed = [item for item in progress.items.values() if item.outcome is State.FAILED]
        last = failed[-max(size.lines - len(lines) - 2, 1) :]
        lines += _aligned(_rows(progress, last, now, size)) if last else []
    elif progress.items:
        lines += _aligned(_rows(progress, progress.items.values(), now, size))
    return drawn(lines[: size.lines - 1], size)


def drawn(lines: Iterable["Text"], size: Size) -> list[str]:
    """Render each line, cut to the terminal, with colours."""
    from rich.console import Console

    sheet = StringIO()
    # One column stays free: a character in the last one would make terminals differ.
    console = Console(file=sheet, force_terminal=True, width=size.columns - 1, highlight=False)
    for line in lines:
        line.truncate(size.columns - 1, overflow="ellipsis")
        console.print(line, no_wrap=True, overflow="crop", crop=True)
    return sheet.getvalue().split("\n")[:-1]


def headline(name: str, progress: Progress, now: float) -> "Text":
    """The name of the run, its time, how many resources are in which state."""
    from rich.text import Text

    phase = "deploying" if progress.zero is None else "t ="
    if progress.over:
        phase = "writing the results, ended at t ="
    elif progress.releasing:
        phase = "releasing" if progress.zero is None else "releasing, t ="
    text = Text.assemble((flat(name), "bold"), "  ", f"{phase} {_coarse(progress.time(now))}")
    if progress.aborted:
        text.append("  aborted", STYLES["FAILED"])
    for state in State:
        if count := progress.counts[state]:
            text.append(f"   {count} {state}", STYLES[state.name])
    return text


def flat(text: str) -> str:
    """The first line of *text*, without anything that would move the cursor."""
    first = text.strip().partition("\n")[0]
    return "".join(char if char.isprintable() else " " for char in first)


def _coarse(seconds: float) -> str:
    return f"{max(seconds, 0.0):.1f} s" if seconds < 60 else clock(seconds)  # noqa: PLR2004


def _aligned(rows: Iterable[Cells]) -> "Iterator[Text]":
    """Give the cells of each column the same width, but for the last one."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    table = [[(flat(text), style) for text, style in row] for row in rows]
    widths = [
        min(max(cell_len(text) for text, _ in column), LONGEST)
        for column in zip(*table, strict=True)
    ]
    for row in table:
        line = Text()
        for (text, style), width in zip(row[:-1], widths, strict=False):
            line.append(_fitting(text, width, set_cell_size), style)
            line.append(" " * GAP)
        line.append(*row[-1])
        yield line


def _fitting(text: str, width: int, sized: "Sized") -> str:
    return sized(text, width) if len(text) <= width else sized(text, width - 1) + "…"


def _rows(progress: Progress, items: Iterable[Item], now: float, size: Size) -> Iterator[Cells]:
    typed = size.columns >= NARROW
    columns = ["resource", *(["type"] if typed else []), "state", "since", ""]
    yield [(column, "dim") for column in columns]
    for item in items:
        since = progress.time(item.since) if item.moments and progress.zero is not None else -1.0
        yield [
            (item.name, ""),
            *([(item.rtype, "")] if typed else []),
            (item.state.name, STYLES[item.state.name]),
            (f"{since:.1f} s" if since >= 0 else "", ""),
            _doing(progress, item, now),
        ]


def _doing(progress: Progress, item: Item, now: float) -> tuple[str, str]:
    """What a resource is at, waits for, or failed of."""
    if item.step is not None:
        again = f" ({item.remark})" if item.remark else ""
        return f"{item.step} ...{again}", ""
    if item.failure:
        return item.failure, STYLES["FAILED"] if item.critical else "yellow"
    return item.remark or progress.waits(item, now), "dim"


def _summary(progress: Progress) -> Iterator[Cells]:
    """How many of each type are in which state, where there are too many for a row each."""
    states = [state for state in State if progress.counts[state]]
    yield [("type", "dim"), *((state.name, STYLES[state.name]) for state in states), ("", "")]
    for kind in sorted({rtype for rtype, _ in progress.by_type}):
        numbers = [progress.by_type[kind, state] for state in states]
        yield [(kind, ""), *((str(number or ""), "") for number in numbers), ("", "")]


COLUMNS = ("resource", "type", "outcome", "started", "lasted", "")


def final(progress: Progress) -> tuple[Sequence[str], list[Sequence[object]]]:
    """The table a run ends with: a row a resource, or numbers and the failures if too many."""
    items = list(progress.items.values())
    if len(items) <= FEW:
        return COLUMNS, [_final_row(progress, item) for item in items]
    failed = [item for item in items if item.outcome is State.FAILED]
    numbers = Counter((item.rtype, item.outcome) for item in items)
    rows = [
        (f"{count} resources", rtype, outcome.name, "", "", "")
        for (rtype, outcome), count in sorted(numbers.items())
    ]
    return COLUMNS, [*rows, *(_final_row(progress, item) for item in failed[:FEW])]


def _final_row(progress: Progress, item: Item) -> Sequence[object]:
    started = item.moments.get(State.STARTED)
    begun = f"t = {clock(progress.time(started))}" if started is not None else ""
    remark = flat(item.failure)
    if remark and not item.critical:
        remark += " (not critical)"
    return item.name, item.rtype, item.outcome.name, begun, clock(item.lasted), remark
