# SPDX-License-Identifier: BSD-3-Clause
"""The faces a running experiment may show: a live picture, plain lines, JSON lines, or none."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from attrs import define, field

from nepi.cli.output import as_json, clock, write
from nepi.cli.picture import NAMES_SHOWN, Size, flat, frame
from nepi.cli.progress import Progress, Record, said
from nepi.cli.screen import Screen
from nepi.core.conditions import RUN_START

TOLD_ALONE = frozenset({"NEW", "DISCOVERED", "PROVISIONED", "FAILED"})
"""States that resources only pass through, which are not worth a line, and the one that is."""


@define(eq=False)
class Watched:
    """One experiment that is being shown."""

    name: str
    run_id: str = ""
    progress: Progress = field(factory=Progress)


class Face:
    """Shows what happens; called by one thread only. This one shows nothing."""

    pause: float = 0.0
    """Seconds to wait after each picture, so that showing costs little."""
    tick: float | None = None
    """Seconds after which to show again even if nothing happened."""

    def tell(self, watched: Watched, records: Sequence[Record]) -> None:
        """Take in what has happened; it is part of the progress already."""

    def draw(self, all_watched: Iterable[Watched]) -> None:
        """Show how things are now."""


class Live(Face):
    """A picture of all resources at the bottom of a terminal, painted over and over."""

    pause, tick = 0.12, 0.5

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    def draw(self, all_watched: Iterable[Watched]) -> None:
        everyone = list(all_watched)
        # Of those that are over only the last one is shown: its results are being written.
        going_on = [one for one in everyone if not one.progress.over] or everyone[-1:]
        columns, lines = self._screen.size()
        shown = going_on[-max(lines // 8, 1) :]
        share = Size(columns, lines // max(len(shown), 1))
        now = time.monotonic()
        pictures = [frame(one.name, one.progress, now, share) for one in shown]
        self._screen.paint([line for picture in pictures for line in picture])


class Lines(Face):
    """A line for every change, with the time of day and that of the experiment."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._introduced: set[Watched] = set()

    def tell(self, watched: Watched, records: Sequence[Record]) -> None:
        if watched not in self._introduced:
            self._introduced.add(watched)
            write(self._descriptor, f"{watched.name}, run {watched.run_id}\n")
        lines = [
            f"{_stamp(watched.progress, record)}  {flat(text)}\n"
            for record, text in _told(watched.progress, records)
        ]
        write(self._descriptor, "".join(lines))


class Events(Face):
    """Every record as a JSON object on a line of its own, with the id of its run."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def tell(self, watched: Watched, records: Sequence[Record]) -> None:
        lines = (as_json({"run": watched.run_id, **record}) for record in records)
        write(self._descriptor, "".join(f"{line}\n" for line in lines))


def _stamp(progress: Progress, record: Record) -> str:
    moment = float(record.get("at", record["t"]))
    wall = datetime.fromtimestamp(time.time() - time.monotonic() + moment).astimezone()
    before = progress.zero is None or moment < progress.zero
    phase = "deploying" if before else f"t={moment - (progress.zero or 0.0):.3f}"
    return f"{wall:%H:%M:%S}.{wall.microsecond // 1000:03}  {phase:>9}"


def _told(progress: Progress, records: Sequence[Record]) -> Iterable[tuple[Record, str]]:
    """What of *records* is worth a line, with its words; many alike in one line."""
    worth_it = [record for record in records if _alike(record) or _words(progress, record)]
    for kind, group in groupby(worth_it, key=_alike):
        members = list(group)
        if kind:
            names = [_name(progress, record) for record in members]
            more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
            yield members[-1], f"{', '.join(names[:NAMES_SHOWN])}{more}: {kind}"
            continue
        yield from ((record, _words(progress, record)) for record in members)


def _alike(record: Record) -> str:
    """The state that is told of many resources at once; nothing where each is told alone."""
    if record["kind"] != "reached" or record["guid"] == RUN_START:
        return ""
    return "" if record["state"] in TOLD_ALONE else str(record["state"])


def _name(progress: Progress, record: Mapping[str, Any]) -> str:
    item = progress.items.get(record["guid"])
    return item.name if item else f"resource {record['guid']}"


def _words(progress: Progress, record: Record) -> str:
    words = WORDS.get(record["kind"])
    return words(progress, record) if words else ""


def _reached(progress: Progress, record: Record) -> str:
    if record["guid"] == RUN_START:
        return "everything is READY: t = 0"
    failure = record.get("failure")
    if failure and record["state"] == "FAILED":
        return f"{_name(progress, record)}: FAILED: {_reason(progress, record)}"
    return ""


def _retried(progress: Progress, record: Record) -> str:
    pause = clock(record["at"] - record["t"])
    text = f"{_name(progress, record)}: {record['step']} failed and is tried again in {pause}"
    return f"{text}: {_reason(progress, record)}"


def _reason(progress: Progress, record: Record) -> str:
    reason = said(record["failure"])
    item = progress.items.get(record["guid"])
    return item.of_itself(reason) if item else reason


def _late(progress: Progress, record: Record) -> str:
    """Of a process that ends while it is being stopped there is nothing to be told."""
    step = record["report"].get("step")
    return f"{_name(progress, record)}: {step}, which was given up, has ended" if step else ""


WORDS: Mapping[str, Callable[[Progress, Record], str]] = {
    "reached": _reached,
    "retried": _retried,
    "aborted": lambda progress, _: f"aborted: {progress.aborted}",
    "late": _late,
    "note": lambda _, record: str(record["text"]),
}
