# SPDX-License-Identifier: BSD-3-Clause
"""What happened to every resource of a run and when, read from its journal; draws nothing.

All times are seconds since t = 0 of the run (since its first record, if t = 0 never came).
"""

import math
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from nepi.core.conditions import RUN_START
from nepi.core.lifecycle import LANDS, State, Step
from nepi.runtime.journal import Reading, read


class Phase(StrEnum):
    """What a resource is doing, as somebody who looks at a run would say it."""

    WAITING = "waiting"
    DELAY = "delay of a condition"
    PREPARING = "preparing"
    STARTED = "started"
    STOPPED = "stopped"
    FAILED = "failed"
    ENDING = "stopping, releasing"


@frozen
class Span:
    """One phase of one resource."""

    phase: Phase
    begin: float
    end: float


@frozen
class Wait:
    """A step that a condition held back: met at *met*, *delay* before the step could begin."""

    guid: int
    step: Step
    group: frozenset[int]
    state: State
    delay: float
    met: float
    last: int
    """The member of the group that was the last to get there."""

    begun: float


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


@frozen
class _Change:
    """A state reached, or (state None) a step begun."""

    at: float
    state: State | None
    step: Step | None = None


@define
class _Track:
    lane: Lane
    aimed: float | None = None
    changes: list[_Change] = field(factory=list[_Change])

    def reached(self, state: State, before: float) -> float | None:
        """Return when it last came to *state* or past it, not later than *before*."""
        found = None
        previous = State.NEW
        for change in self.changes:
            if change.at > before:
                break
            if change.state is not None:
                if change.state is State.STARTED:
                    previous = State.READY  # what it reached counts since its last START
                if change.state >= state > previous:
                    found = change.at
                previous = change.state
        return found


def history(path: Path) -> History:
    """Return what the journal at *path* tells; JournalError when it is none."""
    return of_reading(read(path))


def of_reading(reading: Reading) -> History:
    """Return what a journal that was read tells."""
    fold = _Fold(reading.header["monotonic"])
    for record in reading.records:
        fold.take(record)
    return fold.history(reading)


class _Fold:
    """Goes through the records once."""

    def __init__(self, origin: float) -> None:
        self._tracks: dict[int, _Track] = {}
        self._holds: dict[int, list[Mapping[str, Any]]] = {}
        self._zero: float | None = None
        self._first: float | None = None
        self._aborted: float | None = None
        self._last = -math.inf
        self._origin = origin

    def take(self, record: Mapping[str, Any]) -> None:
        at = float(record.get("at", record["t"]))
        self._first = at if self._first is None else self._first
        self._last = max(self._last, float(record["t"]))
        kind = record["kind"]
        if kind in ("hold", "force"):
            for held in _conditions(record):
                self._holds.setdefault(held["guid"], []).append(held)
        elif kind == "aim":
            self._aim(record, at)
        elif kind == "aborted":
            self._aborted = at if self._aborted is None else self._aborted
        else:
            self._of_one(kind, record, at)

    def _aim(self, record: Mapping[str, Any], at: float) -> None:
        for guid in record["guids"]:
            if guid in self._tracks and self._tracks[guid].aimed is None:
                self._tracks[guid].aimed = at

    def _of_one(self, kind: str, record: Mapping[str, Any], at: float) -> None:
        guid = record.get("guid")
        if kind == "add":
            lane = Lane(record["guid"], record["name"], record["rtype"], record["critical"])
            self._tracks[lane.guid] = _Track(lane)
        elif kind == "reached" and guid == RUN_START:
            self._zero = at
        elif guid not in self._tracks:
            return
        elif kind == "reached":
            self._reached(self._tracks[guid], record, at)
        elif kind == "run":
            self._tracks[guid].changes.append(_Change(at, None, Step(record["step"])))
        elif kind == "retried":
            self._tracks[guid].lane.retries.append(float(record["t"]))

    def _reached(self, track: _Track, record: Mapping[str, Any], at: float) -> None:
        state = State[record["state"]]
        track.changes.append(_Change(at, state))
        track.lane.ended = state is State.RELEASED
        if state is State.FAILED:
            failure: Mapping[str, str] = record.get("failure") or {}
            track.lane.failed_at = at
            track.lane.reason = failure.get("message") or failure.get("type", "")

    def history(self, reading: Reading) -> History:
        if self._first is None:
            self._last = self._first = self._origin
        first = self._first
        zero = first if self._zero is None else self._zero
        lanes = [self._lane(track, zero) for track in self._tracks.values()]
        begins = [span.begin for lane in lanes for span in lane.spans]
        return History(
            run_id=str(reading.header.get("run_id", "")),
            lanes=tuple(lanes),
            waits=tuple(self._waits(zero)),
            begin=min(begins, default=0.0),
            end=self._last - zero,
            zero_wall=reading.wall(zero),
            has_zero=self._zero is not None,
            aborted=None if self._aborted is None else self._aborted - zero,
        )

    def _lane(self, track: _Track, zero: float) -> Lane:
        lane = track.lane
        lane.spans = [
            Span(span.phase, span.begin - zero, span.end - zero)
            for span in self._delays_shown(track, _spans(track, self._last))
        ]
        lane.retries = [at - zero for at in lane.retries]
        if lane.failed_at is not None:
            lane.failed_at -= zero
        return lane

    # -- conditions -----------------------------------------------------------------------------

    def _delays_shown(self, track: _Track, spans: list[Span]) -> list[Span]:
        delays = [
            (wait.met, wait.met + wait.delay)
            for wait in self._waits_of(track, 0.0)
            if wait.delay > 0 and wait.step is Step.START
        ]
        for begin, end in delays:
            spans = [part for span in spans for part in _cut(span, begin, end)]
        return spans

    def _waits(self, zero: float) -> Iterable[Wait]:
        for track in self._tracks.values():
            yield from self._waits_of(track, zero)

    def _waits_of(self, track: _Track, zero: float) -> Iterable[Wait]:
        for held in self._holds.get(track.lane.guid, ()):
            step = Step(held["step"])
            begun = _begun(track, step)
            group = frozenset(held["group"]) - {RUN_START}
            met = self._met(held, State[held["state"]], begun)
            if begun is not None and met is not None:
                yield Wait(
                    track.lane.guid,
                    step,
                    group,
                    State[held["state"]],
                    float(held["delay"]),
                    met[0] - zero,
                    met[1],
                    begun - zero,
                )

    def _met(
        self, held: Mapping[str, Any], state: State, begun: float | None
    ) -> tuple[float, int] | None:
        if begun is None:
            return None
        moments: list[tuple[float, int]] = []
        for guid in held["group"]:
            moment = self._zero if guid == RUN_START else self._moment(guid, state, begun)
            if moment is None:
                return None
            moments.append((moment, guid))
        return max(moments, default=None)

    def _moment(self, guid: int, state: State, before: float) -> float | None:
        track = self._tracks.get(guid)
        return None if track is None else track.reached(state, before)


def _conditions(record: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    if record["step"] not in _SHOWN_STEPS:
        return
    if record["kind"] == "hold":
        yield record
        return
    for group, state, delay in record["after"]:
        yield {**record, "group": group, "state": state, "delay": delay}


def _begun(track: _Track, step: Step) -> float | None:
    """Return when *step* last began, or at least when it was done (steps that do nothing)."""
    begun = [change.at for change in track.changes if change.step is step]
    done = [change.at for change in track.changes if change.state is LANDS[step]]
    return max(begun or done, default=None)


# The others are held back by connections, which the topology shows.
_SHOWN_STEPS = (Step.START, Step.STOP)

_AFTER: Mapping[State, Phase | None] = {
    State.NEW: Phase.WAITING,
    State.DISCOVERED: Phase.WAITING,
    State.PROVISIONED: Phase.WAITING,
    State.READY: Phase.WAITING,
    State.STARTED: Phase.STARTED,
    State.STOPPED: Phase.STOPPED,
    State.FAILED: Phase.FAILED,
    State.RELEASED: None,
}


def _phase(state: State, running: Step | None) -> Phase | None:
    if running in (Step.STOP, Step.RELEASE) and state is not State.RELEASED:
        return Phase.ENDING
    return Phase.PREPARING if running is not None else _AFTER[state]


def _spans(track: _Track, last: float) -> list[Span]:
    spans: list[Span] = []
    state, running = State.NEW, None
    begin = track.aimed
    phase = None if begin is None else Phase.WAITING
    for change in [*track.changes, _Change(last, None)]:
        if phase is not None and begin is not None and change.at > begin:
            _extend(spans, Span(phase, begin, change.at))
        if change.state is not None:
            state, running = change.state, None
        elif change.step is not None:
            running = change.step
        phase, begin = _phase(state, running), change.at
    return spans


def _extend(spans: list[Span], span: Span) -> None:
    if spans and spans[-1].phase is span.phase and spans[-1].end == span.begin:
        spans[-1] = Span(span.phase, spans[-1].begin, span.end)
    else:
        spans.append(span)


def _cut(span: Span, begin: float, end: float) -> list[Span]:
    """Return *span*, the part of a wait between *begin* and *end* shown as the delay it is."""
    low, high = max(span.begin, begin), min(span.end, end)
    if span.phase is not Phase.WAITING or low >= high:
        return [span]
    parts = [
        Span(Phase.WAITING, span.begin, low),
        Span(Phase.DELAY, low, high),
        Span(Phase.WAITING, high, span.end),
    ]
    return [part for part in parts if part.begin < part.end]
