# SPDX-License-Identifier: BSD-3-Clause
"""How answers are printed: tables for eyes, padded text for pipes, JSON for programs.

What is said is decided elsewhere. Nothing here is wrapped or cut where no terminal is.
"""

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

STYLES: Mapping[str, str] = {
    "NEW": "dim",
    "DISCOVERED": "blue",
    "PROVISIONED": "blue",
    "READY": "yellow",
    "STARTED": "green",
    "STOPPED": "cyan",
    "FAILED": "bold red",
    "RELEASED": "dim",
    "ok": "green",
    "limited": "yellow",
    "missing": "bold red",
    "living": "green",
    "orphaned": "bold yellow",
    "over": "dim",
}
"""The colour of a word that says how something is."""

Row = Sequence[object]


def console(stream: TextIO | None = None) -> "Console":
    """A terminal to draw on, which colours nothing by itself."""
    from rich.console import Console

    return Console(file=stream or sys.stdout, highlight=False, markup=False, emoji=False)


def cell(value: object) -> "Text":
    """The text of one field, coloured where it is a word that says how something is."""
    from rich.text import Text

    text = said(value)
    return Text(text, style=STYLES.get(text, ""))


def said(value: object) -> str:
    """A value as a reader wants it: nothing for nothing, no traces of Python."""
    if value is None or value == {}:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(said(one) for one in cast("Iterable[object]", value))
    return str(value)


def show(columns: Sequence[str], rows: Iterable[Row], *, title: str = "") -> None:
    """Print a table on stdout: drawn on a terminal, padded plain text anywhere else."""
    if sys.stdout.isatty():
        _draw(columns, rows, title)
    else:
        _write(columns, rows, title)


def _draw(columns: Sequence[str], rows: Iterable[Row], title: str) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for position, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=position == 0)
    for row in rows:
        table.add_row(*(cell(value) for value in row))
    here = console()
    if title:
        here.print(title, style="bold", soft_wrap=True)
    here.print(table)


def _write(columns: Sequence[str], rows: Iterable[Row], title: str) -> None:
    lines = [list(columns), *([said(value) for value in row] for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    if title:
        say(title)
    for line in lines:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        say("  ".join(padded).rstrip())


def say(text: str = "") -> None:
    """Print a line of the answer on stdout, as it is."""
    sys.stdout.write(f"{text}\n")


def warn(text: str) -> None:
    """Print a line on stderr: not part of the answer."""
    sys.stderr.write(f"{text}\n")


def answer(data: Any) -> None:
    """Print *data* as JSON: one line for programs, indented for eyes."""
    say(as_json(data, indent=2 if sys.stdout.isatty() else None))


def as_json(data: Any, *, indent: int | None = None) -> str:
    """Return *data* as JSON; what JSON has no form for is written as a reader wants it."""
    return json.dumps(data, indent=indent, default=said, ensure_ascii=False)


def clock(seconds: float | None) -> str:
    """A length of time as a reader wants it."""
    if seconds is None:
        return ""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.3f} s" if seconds < 10 else f"{seconds:.1f} s"  # noqa: PLR2004
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def volume(count: float) -> str:
    """A number of bytes as a reader wants it."""
    if count < 1024:  # noqa: PLR2004 - a KiB
        return f"{count:.0f} B"
    for unit in ("KiB", "MiB", "GiB"):
        count /= 1024
        if count < 1024:  # noqa: PLR2004 - the next unit
            return f"{count:.1f} {unit}"
    return f"{count / 1024:.1f} TiB"


def write(descriptor: int, text: str | bytes) -> None:
    """Write *text* to a descriptor, all of it."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "replace")
    while data:
        data = data[os.write(descriptor, data) :]
