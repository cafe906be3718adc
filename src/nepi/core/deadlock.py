# SPDX-License-Identifier: BSD-3-Clause
"""Refuse, before anything runs, an experiment whose conditions wait for each other.

A check begins at what is new and visits only what that waits for. A gate is one point of the
graph, however many are its members and however many it holds back: barriers and conditions alike.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from nepi.core.conditions import Guid
from nepi.core.errors import Refusal
from nepi.core.gates import Gate, Waiting
from nepi.core.lifecycle import LANDS, State, Step
from nepi.core.track import Track

Tracks = Mapping[Guid, Track]
# A step of a resource, or the gate at which it waits.
Point = tuple[Guid, Step] | Gate

_ORDER = (Step.DISCOVER, Step.PROVISION, Step.DEPLOY, Step.START, Step.STOP)


class DeadlockError(Refusal):
    """These resources would wait for one another for ever."""


def check_steps(tracks: Tracks, wanted: Iterable[Track]) -> None:
    """Raise DeadlockError if a step that the *wanted* wait with could never begin."""
    steps = ((track, step) for track in wanted for step in track.waits or ())
    _check(
        tracks, [(track.add.guid, s) for track, s in steps if s in _ORDER and _is_open(track, s)]
    )


def check_release(tracks: Tracks, guid: Guid, group: frozenset[Guid]) -> None:
    """Raise DeadlockError if the release of *guid* cannot wait for that of *group*.

    Looked for from both ends at once: one of them has mostly nothing to wait for, or nobody who
    waits for it, so that an experiment of many connections costs no more for each than the first.
    """
    ahead = _spread(group, partial(_awaited, tracks))
    behind = _spread([guid], partial(_awaiting, tracks))
    if any(a == guid or b in group for a, b in zip(ahead, behind, strict=False)):
        _check(tracks, [(guid, Step.RELEASE)])


def _spread(begin: Iterable[Guid], onward: Callable[[Guid], Iterator[Guid]]) -> Iterator[Guid]:
    """Yield *begin* and all that they lead to, each once."""
    seen = dict.fromkeys(begin)
    yield from seen
    ways = [onward(guid) for guid in seen]
    while ways:
        guid = next(ways[-1], None)
        if guid is None:
            ways.pop()
        elif guid not in seen:
            seen[guid] = None
            yield guid
            ways.append(onward(guid))


def _awaited(tracks: Tracks, guid: Guid) -> Iterator[Guid]:
    """Yield those whose release the release of *guid* waits for."""
    waiting = tracks[guid].waiting(Step.RELEASE)
    for gate, _ in waiting.needs if waiting else ():
        yield from (member for member in gate.members if member in gate.pending)


def _awaiting(tracks: Tracks, guid: Guid) -> Iterator[Guid]:
    """Yield those whose release waits for the release of *guid*."""
    watch = tracks[guid].watch or {}
    for gate in watch.get(State.RELEASED, ()):
        for waiter in gate.held:
            if isinstance(waiter, Waiting) and waiter.step is Step.RELEASE:
                yield waiter.guid


def _check(tracks: Tracks, points: list[Point]) -> None:
    """Raise DeadlockError, naming the way round, if one leads from *points* back to itself."""
    sorter = TopologicalSorter[Point]()
    seen = set(points)
    while points:
        point = points.pop()
        needed = dict.fromkeys(_before(tracks, point))
        sorter.add(point, *needed)
        points += [p for p in needed if p not in seen]
        seen.update(needed)
    try:
        sorter.prepare()
    except CycleError as error:
        raise DeadlockError(_tell(tracks, error.args[1])) from None


def _is_open(track: Track, step: Step) -> bool:
    """Return whether *step* is still to come."""
    if step is Step.RELEASE:
        return track.state is not State.RELEASED
    return track.state < min(LANDS[step], State.FAILED) and track.goal is not State.RELEASED


def _before(tracks: Tracks, point: Point) -> Iterator[Point]:
    """Yield what has to be over before *point* is."""
    if isinstance(point, Gate):
        for guid in point.members:
            if guid in point.pending:
                yield from _way(tracks[guid], _reachable(tracks[guid], point.state))
        return
    guid, step = point
    track = tracks[guid]
    waiting = track.waiting(step)
    yield from (gate for gate, _ in waiting.needs if gate.pending) if waiting else ()
    if step is Step.START:
        yield from (gate for gate in track.barriers if gate.pending)
    if step is not Step.RELEASE:
        yield from _way(track, State(LANDS[step] - 1))


def _reachable(member: Track, state: State) -> State:
    """Return the state that waiting for *state* comes down to: who runs may end by itself."""
    if state is State.STOPPED and member.add.ends:
        return State.STARTED
    return state


def _way(track: Track, state: State) -> Iterator[Point]:
    """Yield the last step held back on the way of *track* to *state*."""
    if state is State.FAILED:
        return
    for step in (Step.RELEASE,) if state is State.RELEASED else reversed(_ORDER):
        barred = step is Step.START and track.barriers
        if LANDS[step] <= state and _is_open(track, step) and (barred or track.waiting(step)):
            yield track.add.guid, step
            return


def _tell(tracks: Tracks, cycle: list[Point]) -> str:
    points = [point for point in cycle[:-1] if not (isinstance(point, Gate) and point.held)]
    names = [_name(tracks, point) for point in (*points, points[0])]
    way = ", ".join(f"{waits} waits for {for_}" for for_, waits in pairwise(names))
    return f"circular wait: {way}; remove one of these conditions"


def _name(tracks: Tracks, point: Point) -> str:
    if isinstance(point, Gate):
        return "all of the group being READY"
    guid, step = point
    return f"{step} of {tracks[guid].label}"
