# SPDX-License-Identifier: BSD-3-Clause
"""What happened to every resource of a run and when, read from its journal; draws nothing.

All times are seconds since t = 0 of the run (since its first record, if t = 0 never came).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from nepi.core.conditions import RUN_START
from nepi.core.lifecycle import State, Step
from nepi.results.conditions import Held, Wait, holds, wait_of
from nepi.results.phases import Change, Phase, Span, Track, spans_of, with_delay
from nepi.runtime.journal import Reading, read

__all__ = ["History", "Lane", "Phase", "Span", "Wait", "history", "of_reading"]


@define
class Lane:
    """The life of one resource."""

    guid: int
    name: str
    rtype: str
    critical: bool = True
    spans: list[Span] = field(factory=list[Span])
    failed_at: float | None = None
    reason: str = ""
    retries: list[float] = field(factory=list[float])
    ended: bool = False
    """It was RELEASED; else the journal ends before it did."""


@frozen
class History:
    """The life of a whole run."""

    run_id: str
    lanes: tuple[Lane, ...]
    waits: tuple[Wait, ...]
    begin: float
    end: float
    zero_wall: float
    has_zero: bool
    aborted: float | None = None


def history(path: Path) -> History:
    """Return what the journal at *path* tells; JournalError when it is none."""
    return of_reading(read(path))


def of_reading(reading: Reading) -> History:
    """Return what a journal that was read tells."""
    fold = _Fold()
    moments = [float(record.get("at", record["t"])) for record in reading.records]
    first = moments[0] if moments else float(reading.header["monotonic"])
    zero = next((at for at, r in zip(moments, reading.records, strict=True) if _opens(r)), None)
    origin = first if zero is None else zero
    for at, record in zip(moments, reading.records, strict=True):
        fold.take(record, at - origin)
    last = max((float(record["t"]) for record in reading.records), default=first) - origin
    lanes, waits = fold.lives(last)
    return History(
        run_id=str(reading.header.get("run_id", "")),
        lanes=lanes,
        waits=waits,
        begin=min((span.begin for lane in lanes for span in lane.spans), default=0.0),
        end=last,
        zero_wall=reading.wall(origin),
        has_zero=zero is not None,
        aborted=fold.aborted,
    )


def _opens(record: Mapping[str, Any]) -> bool:
    """Tell whether this is t = 0."""
    return bool(record["kind"] == "reached" and record["guid"] == RUN_START)


class _Fold:
    """Goes through the records once; times are since t = 0 already."""

    def __init__(self) -> None:
        self._lanes: dict[int, Lane] = {}
        # The experiment itself is STARTED at t = 0, for conditions that count from there.
        self._tracks = {RUN_START: Track()}
        self._holds: dict[int, list[Held]] = {}
        self.aborted: float | None = None

    def take(self, record: Mapping[str, Any], at: float) -> None:
        kind, guid = record["kind"], record.get("guid")
        if kind == "add":
            lane = Lane(record["guid"], record["name"], record["rtype"], record["critical"])
            self._lanes[lane.guid] = lane
            self._tracks[lane.guid] = Track()
        elif kind in ("hold", "force"):
            self._holds.setdefault(record["guid"], []).extend(holds(record))
        elif kind == "aim":
            for track in (self._tracks[one] for one in record["guids"] if one in self._tracks):
                track.aimed = at if track.aimed is None else track.aimed
        elif kind == "aborted":
            self.aborted = at if self.aborted is None else self.aborted
        elif guid in self._tracks:
            self._of_one(kind, record, at)

    def _of_one(self, kind: str, record: Mapping[str, Any], at: float) -> None:
        guid = record["guid"]
        if kind == "reached":
            self._reached(guid, record, at)
        elif kind == "run":
            self._tracks[guid].changes.append(Change(at, None, Step(record["step"])))
        elif kind == "retried":
            # Its `at` is when the step will be begun again.
            self._lanes[guid].retries.append(float(record["t"]) - float(record["at"]) + at)

    def _reached(self, guid: int, record: Mapping[str, Any], at: float) -> None:
        state = State[record["state"]]
        self._tracks[guid].changes.append(Change(at, state))
        lane = self._lanes.get(guid)
        if lane is None:
            return
        lane.ended = state is State.RELEASED
        if state is State.FAILED:
            failure: Mapping[str, str] = record.get("failure") or {}
            lane.failed_at = at
            lane.reason = failure.get("message") or failure.get("type", "")

    def lives(self, last: float) -> tuple[tuple[Lane, ...], tuple[Wait, ...]]:
        """Return the lanes, their phases drawn up until *last*, and what held them back."""
        waits: list[Wait] = []
        for guid, lane in self._lanes.items():
            lane.spans = spans_of(self._tracks[guid], last)
            for held in self._holds.get(guid, ()):
                wait = wait_of(guid, held, self._tracks)
                if wait is not None:
                    waits.append(wait)
                    lane.spans = _delay_shown(lane.spans, wait)
        return tuple(self._lanes.values()), tuple(waits)


def _delay_shown(spans: list[Span], wait: Wait) -> list[Span]:
    if wait.step is not Step.START or not wait.delay:
        return spans
    return [part for span in spans for part in with_delay(span, wait.met, wait.met + wait.delay)]
