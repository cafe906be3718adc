# SPDX-License-Identifier: BSD-3-Clause
"""Refuse, before anything runs, an experiment whose conditions wait for each other.

Only resources that hold a condition are visited, and those of a deployment group whose barrier
they would hold up. A barrier is one point of the graph, however many members it has.
"""

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from nepi.core.conditions import Guid
from nepi.core.errors import Refusal
from nepi.core.gates import Gate
from nepi.core.lifecycle import LANDS, State, Step
from nepi.core.track import Track

# A step of a resource that something holds back; None: the barrier its first member waits at.
Point = tuple[Guid, Step | None]

_ORDER = (Step.DISCOVER, Step.PROVISION, Step.DEPLOY, Step.START, Step.STOP)


class DeadlockError(Refusal):
    """These resources would wait for one another for ever."""


def check(tracks: Mapping[Guid, Track], only: Step | None = None) -> None:
    """Raise DeadlockError, naming the way round, if some steps (*only* those) could never begin."""
    sorter = TopologicalSorter[Point]()
    points: list[Point] = [
        (guid, step)
        for guid, track in tracks.items()
        for step in track.waits or ()
        if _open(track, step) and only in (None, step)
    ]
    barriers: dict[Point, Gate] = {}
    seen: set[Point] = set(points)
    while points:
        point = points.pop()
        needed = list(_before(tracks, point, barriers))
        sorter.add(point, *needed)
        points += [p for p in dict.fromkeys(needed) if p not in seen]
        seen.update(needed)
    try:
        sorter.prepare()
    except CycleError as error:
        raise DeadlockError(_tell(tracks, error.args[1])) from None


def _open(track: Track, step: Step) -> bool:
    """Return whether *step* is still to come."""
    return track.state < LANDS[step] and (track.state < State.FAILED or step is Step.RELEASE)


def _before(
    tracks: Mapping[Guid, Track], point: Point, barriers: dict[Point, Gate]
) -> Iterator[Point]:
    """Yield what has to be over before *point* can begin."""
    guid, step = point
    if step is None:
        for member in barriers[point].members:
            yield from _way(tracks[member], State.READY)
        return
    track = tracks[guid]
    waiting = track.waiting(step)
    for gate, _ in waiting.needs if waiting else ():
        for member in sorted(gate.pending):
            yield from _way(tracks[member], _reachable(tracks[member], gate.state))
    if step is Step.RELEASE:
        return
    if step is Step.START and track.barrier and track.barrier.members:
        barrier = (track.barrier.members[0], None)
        barriers[barrier] = track.barrier
        yield barrier
    yield from _way(track, State(LANDS[step] - 1))


def _reachable(member: Track, state: State) -> State:
    """Return the state that waiting for *state* comes down to: who runs may end by itself."""
    if state is State.STOPPED and member.add.ends:
        return State.STARTED
    return state


def _way(track: Track, state: State) -> Iterator[Point]:
    """Yield the last step held back on the way of *track* to *state*."""
    if state is State.RELEASED:
        if track.waiting(Step.RELEASE):
            yield track.add.guid, Step.RELEASE
        return
    if state is State.FAILED:
        return
    for step in reversed(_ORDER):
        barred = step is Step.START and track.barrier is not None
        if LANDS[step] <= state and _open(track, step) and (barred or track.waiting(step)):
            yield track.add.guid, step
            return


def _tell(tracks: Mapping[Guid, Track], cycle: list[Point]) -> str:
    names = [_name(tracks, point) for point in cycle]
    way = ", ".join(f"{waits} waits for {for_}" for for_, waits in pairwise(names))
    return f"circular wait: {way}; remove one of these conditions"


def _name(tracks: Mapping[Guid, Track], point: Point) -> str:
    guid, step = point
    if step is None:
        return "all of the group being READY"
    return f"{step} of {tracks[guid].label}"
