# SPDX-License-Identifier: BSD-3-Clause
"""The life of a resource: its states, the steps between them, and nothing else.

Rule 1: a transition that is not in this file does not exist.
Rule 2: this file knows neither time, nor input/output, nor what a resource is.
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType

from nepi.core.errors import Refusal


class State(IntEnum):
    """Where a resource is in its life; a later state has the larger number."""

    NEW = 0
    DISCOVERED = 1
    PROVISIONED = 2
    READY = 3
    STARTED = 4
    STOPPED = 5
    FAILED = 6
    RELEASED = 7

    def __str__(self) -> str:
        return self.name


class Step(StrEnum):
    """What can be done to a resource."""

    DISCOVER = "discover"
    PROVISION = "provision"
    DEPLOY = "deploy"
    START = "start"
    STOP = "stop"
    RELEASE = "release"


# Looking a member up in its class costs twenty times what a module's own name does (Python 3.11),
# and the orchestrator names a dozen of them for each event.
NEW, DISCOVERED, PROVISIONED, READY, STARTED, STOPPED, FAILED, RELEASED = State
DISCOVER, PROVISION, DEPLOY, START, STOP, RELEASE = Step

LANDS: Mapping[Step, State] = MappingProxyType(
    {
        Step.DISCOVER: State.DISCOVERED,
        Step.PROVISION: State.PROVISIONED,
        Step.DEPLOY: State.READY,
        Step.START: State.STARTED,
        Step.STOP: State.STOPPED,
        Step.RELEASE: State.RELEASED,
    }
)

TRANSITIONS: Mapping[tuple[State, Step], State] = MappingProxyType(
    {
        (State.NEW, Step.DISCOVER): State.DISCOVERED,
        (State.DISCOVERED, Step.PROVISION): State.PROVISIONED,
        (State.PROVISIONED, Step.DEPLOY): State.READY,
        (State.READY, Step.START): State.STARTED,
        (State.STARTED, Step.STOP): State.STOPPED,
        (State.STOPPED, Step.START): State.STARTED,
    }
    | {(s, Step.RELEASE): State.RELEASED for s in State if s is not State.RELEASED},
)

# A classic type finds and provisions what it needs inside its own deploy, so for it deploy is
# legal from the earlier states too. The same table, read with longer strides.
CLASSIC_TRANSITIONS: Mapping[tuple[State, Step], State] = MappingProxyType(
    {
        **TRANSITIONS,
        (State.NEW, Step.PROVISION): State.PROVISIONED,
        (State.NEW, Step.DEPLOY): State.READY,
        (State.DISCOVERED, Step.DEPLOY): State.READY,
    }
)

_NEXT: Mapping[State, Step] = MappingProxyType(
    {
        State.NEW: Step.DISCOVER,
        State.DISCOVERED: Step.PROVISION,
        State.PROVISIONED: Step.DEPLOY,
        State.READY: Step.START,
        State.STARTED: Step.STOP,
    }
)


class InvalidStepError(Refusal):
    """A step was asked of a resource whose state does not allow it."""

    def __init__(self, state: State, step: Step, who: str = "a resource") -> None:
        allowed = ", ".join(sorted({str(s) for (s, t) in TRANSITIONS if t is step}))
        super().__init__(f"cannot {step} {who} that is {state}; it would have to be {allowed}")
        self.state = state
        self.step = step


def after(state: State, step: Step) -> State:
    """Return the state that *step* leads to from *state*."""
    try:
        return TRANSITIONS[state, step]
    except KeyError:
        raise InvalidStepError(state, step) from None


def next_step(state: State, goal: State) -> Step | None:
    """Return the first step on the way from *state* to *goal*, if one is left."""
    if goal is State.RELEASED:
        return None if state is State.RELEASED else Step.RELEASE
    if goal >= State.FAILED or state >= goal:
        return None
    return _NEXT.get(state)
