# SPDX-License-Identifier: BSD-3-Clause
"""Say in one line what a resource waits for: for people who wonder why nothing happens."""

from collections.abc import Iterator, Mapping
from itertools import islice

from nepi.core.conditions import Guid
from nepi.core.gates import Gate
from nepi.core.lifecycle import State, Step
from nepi.core.track import Track

SHOWN = 3


def explain(tracks: Mapping[Guid, Track], guid: Guid) -> str:
    """Return what *guid* is doing or waiting for, as a sentence without its name."""
    track = tracks[guid]
    if track.busy:
        return f"is {track.state}; its {track.busy} is running"
    if track.parked:
        return f"is {track.state}; its {track.parked} is tried again when a neighbour changes"
    step = track.next()
    if step is None:
        return f"is {track.state}" + _why_at_rest(track)
    reasons = "; ".join(_obstacles(tracks, track, step))
    return f"is {track.state}; its {step} waits " + (reasons or "for its turn")


def _why_at_rest(track: Track) -> str:
    if track.failure:
        return f": {track.failure.message}"
    if track.state is State.STARTED:
        return " and has not ended" if track.add.ends else " until it is stopped"
    return ""


def _obstacles(tracks: Mapping[Guid, Track], track: Track, step: Step) -> Iterator[str]:
    if track.retry_at >= 0:
        yield f"until t = {track.retry_at:g} s to be tried again"
    for gate in track.barriers if step is Step.START else ():
        if gate.pending:
            yield "for its whole group: " + _pending(tracks, gate)
    held = Step.RELEASE if track.goal is State.RELEASED else step
    waiting = track.waiting(held)
    for gate, delay in waiting.needs if waiting else ():
        if gate.pending:
            yield "for " + _pending(tracks, gate)
        elif delay:
            yield f"until t = {gate.moment + delay:g} s"


def _pending(tracks: Mapping[Guid, Track], gate: Gate) -> str:
    first = islice((tracks[g] for g in gate.members if g in gate.pending), SHOWN)
    shown = ", ".join(f"{track.label} ({track.state})" for track in first)
    count = len(gate.pending)
    more = f" and {count - SHOWN} more" if count > SHOWN else ""
    return f"{shown}{more} to be {gate.state}"
