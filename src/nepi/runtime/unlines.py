# SPDX-License-Identifier: BSD-3-Clause
"""From a line of the journal back to the event that it tells of."""

from collections.abc import Callable, Mapping
from typing import Any

from nepi.core.conditions import Condition, Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.messages import (
    Abort,
    Add,
    Aim,
    Call,
    Cancel,
    Connect,
    Done,
    Ended,
    Event,
    Failed,
    Failure,
    Force,
    Hold,
    Observed,
    Policy,
    Set,
    Woke,
)

Data = Mapping[str, Any]


def _failure(data: Data | None) -> Failure | None:
    return None if data is None else Failure(data["type"], data["message"], data["trace"])


def _requirement(data: list[Any]) -> Requirement:
    return Requirement(data[0], State[data[1]], data[2])


def _after(data: Data) -> tuple[Requirement, ...]:
    return tuple(_requirement(needed) for needed in data["after"])


def _policy(data: Data) -> Policy:
    return Policy(
        timeouts={Step(step): seconds for step, seconds in data["timeouts"].items()},
        retries=data["retries"],
        backoff=data["backoff"],
        factor=data["factor"],
        longest=data["longest"],
        grace=data["grace"],
    )


def _add(d: Data) -> Add:
    more = {"policy": _policy(d["policy"])} if "policy" in d else {}
    return Add(
        d["guid"],
        d["rtype"],
        d["name"],
        critical=d["critical"],
        steps=frozenset(Step(step) for step in d["steps"]),
        ends=d["ends"],
        classic=d["classic"],
        **more,
    )


def _hold(d: Data) -> Hold:
    needed = _requirement([d["group"], d["state"], d["delay"]])
    return Hold(d["guid"], Condition(Step(d["step"]), needed))


def _set(d: Data) -> Set:
    return Set(d["guid"], d["name"], d["value"], d["token"], _after(d))


def _force(d: Data) -> Force:
    return Force(d["guid"], Step(d["step"]), d["token"], mine=d["mine"], after=_after(d))


def _observed(d: Data) -> Observed:
    return Observed(d["guid"], State[d["state"]], d["at"], _failure(d.get("failure")))


def _failed(d: Data) -> Failed:
    return Failed(d["guid"], Step(d["step"]), d["attempt"], Failure(**d["failure"]))


_EVENTS: Mapping[str, Callable[[Data], Event]] = {
    "add": _add,
    "connect": lambda d: Connect(d["guid"], d["other"]),
    "hold": _hold,
    "set": _set,
    "call": lambda d: Call(d["token"], _after(d)),
    "aim": lambda d: Aim(tuple(d["guids"]), State[d["goal"]], barrier=d["barrier"]),
    "force": _force,
    "observed": _observed,
    "cancel": lambda d: Cancel(d["guid"], d["reason"]),
    "abort": lambda d: Abort(Failure(**d["failure"])),
    "done": lambda d: Done(d["guid"], Step(d["step"]), d["attempt"]),
    "failed": _failed,
    "ended": lambda d: Ended(d["guid"], _failure(d["failure"])),
    "woke": lambda d: Woke(d["token"]),
}


def event(data: Data) -> Event | None:
    """Return the event that *data*, one line of a journal, tells of; None for other lines."""
    decode = _EVENTS.get(data["kind"])
    return None if decode is None else decode(data)
