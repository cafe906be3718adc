# SPDX-License-Identifier: BSD-3-Clause
"""From the steps and states of one resource to the phases of its life; knows of no other one."""

from collections.abc import Mapping
from enum import StrEnum

from attrs import define, field, frozen

from nepi.core.lifecycle import LANDS, State, Step


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
class Change:
    """A state reached, or (state None) a step begun."""

    at: float
    state: State | None
    step: Step | None = None


@define
class Track:
    """The steps and states of one resource, in their order."""

    aimed: float | None = None
    changes: list[Change] = field(factory=list[Change])

    def begun(self, step: Step) -> float | None:
        """Return when *step* last began, or at least when it was done (steps that do nothing)."""
        begun = [change.at for change in self.changes if change.step is step]
        done = [change.at for change in self.changes if change.state is LANDS[step]]
        return max(begun or done, default=None)

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


def spans_of(track: Track, last: float) -> list[Span]:
    """Return the phases of a resource, without gaps, until the journal ends at *last*."""
    spans: list[Span] = []
    state, running = State.NEW, None
    begin = track.aimed
    phase = None if begin is None else Phase.WAITING
    for change in [*track.changes, Change(last, None)]:
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


def with_delay(span: Span, begin: float, end: float) -> list[Span]:
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
