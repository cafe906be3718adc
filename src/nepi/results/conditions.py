# SPDX-License-Identifier: BSD-3-Clause
"""What held a step back, and until when: the conditions in a journal, looked at afterwards."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import frozen

from nepi.core.conditions import RUN_START
from nepi.core.lifecycle import State, Step
from nepi.results.phases import Track

# The others are held back by connections, which the topology shows.
_SHOWN_STEPS = (Step.START, Step.STOP)


@frozen
class Held:
    """*step* had to wait for *group* to be in *state*, and *delay* seconds more."""

    step: Step
    group: frozenset[int]
    state: State
    delay: float


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


def holds(record: Mapping[str, Any]) -> Iterator[Held]:
    """Return the conditions that a record tells of: a `hold`, or a timed `force`."""
    step = Step(record["step"])
    if step not in _SHOWN_STEPS:
        return
    if record["kind"] == "hold":
        yield _held(step, record["group"], record["state"], record["delay"])
    else:
        for requirement in record["after"]:
            yield _held(step, *requirement)


def _held(step: Step, group: list[int], state: str, delay: float) -> Held:
    return Held(step, frozenset(group), State[state], float(delay))


def wait_of(guid: int, held: Held, tracks: Mapping[int, Track]) -> Wait | None:
    """Return how long *guid* waited; None when it never went on, or for other reasons."""
    begun = tracks[guid].begun(held.step)
    if begun is None:
        return None
    moments: list[tuple[float, int]] = []
    for member in held.group:
        moment = tracks[member].reached(held.state, begun) if member in tracks else None
        if moment is None:
            return None
        moments.append((moment, member))
    met, last = max(moments, default=(begun, RUN_START))
    group = held.group - {RUN_START}
    return Wait(guid, held.step, group, held.state, held.delay, met, last, begun)
