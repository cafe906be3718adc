# SPDX-License-Identifier: BSD-3-Clause
"""Messages as text: what follows the time in a line of the journal.

Events have a way back (`unlines`); what the engine did about them is written to be looked at.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from nepi.core.conditions import Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.messages import (
    DEFAULT_POLICY,
    Abandon,
    Abort,
    Aborted,
    Add,
    Aim,
    Apply,
    Call,
    Cancel,
    Connect,
    Done,
    Ended,
    Failed,
    Failure,
    Force,
    Grant,
    Hold,
    Interrupt,
    Invoke,
    Late,
    Observed,
    Policy,
    Reached,
    Refused,
    Retried,
    Run,
    Set,
    Woke,
)

Encode = Callable[[Any], str]

NAMES = tuple(state.name for state in State)


def plain(kind: str, data: Mapping[str, object]) -> str:
    """Return the end of a line, however unusual the *data*."""
    return json.dumps({"kind": kind, **data}, default=str, separators=(",", ":"))[1:] + "\n"


def failure_data(failure: Failure | None) -> dict[str, str] | None:
    """Return *failure* as plain data."""
    if failure is None:
        return None
    return {"type": failure.type, "message": failure.message, "trace": failure.trace}


def requirement_data(needed: Requirement) -> list[object]:
    """Return *needed* as plain data."""
    return [sorted(needed.group), NAMES[needed.state], needed.delay]


def _after(needs: Iterable[Requirement]) -> list[object]:
    return [requirement_data(needed) for needed in needs]


def _policy(policy: Policy) -> dict[str, object]:
    return {
        "timeouts": {str(step): seconds for step, seconds in policy.timeouts.items()},
        "retries": policy.retries,
        "backoff": policy.backoff,
        "factor": policy.factor,
        "longest": policy.longest,
        "grace": policy.grace,
    }


@cache
def _steps(steps: frozenset[Step]) -> str:
    return json.dumps([step for step in Step if step in steps], separators=(",", ":"))


_BOOLEAN = ("false", "true")

# -- events: by hand where there may be thousands -------------------------------------------------


def _add(e: Add) -> str:
    special = e.policy is not DEFAULT_POLICY and e.policy != DEFAULT_POLICY
    policy = f',"policy":{json.dumps(_policy(e.policy))}' if special else ""
    return (
        f'"kind":"add","guid":{e.guid},"rtype":{quoted(e.rtype)},"name":{quoted(e.name)},'
        f'"critical":{_BOOLEAN[e.critical]},"steps":{_steps(e.steps)},"ends":{_BOOLEAN[e.ends]},'
        f'"classic":{_BOOLEAN[e.classic]}{policy}}}\n'
    )


def _connect(e: Connect) -> str:
    return f'"kind":"connect","guid":{e.guid},"other":{e.other}}}\n'


def _hold(e: Hold) -> str:
    needed = e.condition.requirement
    return (
        f'"kind":"hold","guid":{e.guid},"step":"{e.condition.step}","group":{sorted(needed.group)},'
        f'"state":"{NAMES[needed.state]}","delay":{json.dumps(needed.delay)}}}\n'
    )


def set_line(e: Set, value: object) -> str:
    """Return the line of *e* with *value*, which hides what is secret, in the place of its own."""
    data = {"guid": e.guid, "name": e.name, "token": e.token, "after": _after(e.after)}
    try:
        return plain("set", {**data, "value": value})
    except (TypeError, ValueError):  # no data at all, or data that contains itself
        return plain("set", {**data, "value": f"<{type(value).__name__}>"})


def _call(e: Call) -> str:
    return plain("call", {"token": e.token, "after": _after(e.after)})


def _aim(e: Aim) -> str:
    return plain("aim", {"guids": e.guids, "goal": NAMES[e.goal], "barrier": e.barrier})


def _force(e: Force) -> str:
    if not e.after:
        return (
            f'"kind":"force","guid":{e.guid},"step":"{e.step}","token":{e.token},'
            f'"mine":{_BOOLEAN[e.mine]},"after":[]}}\n'
        )
    data = {"guid": e.guid, "step": e.step, "token": e.token, "mine": e.mine}
    return plain("force", {**data, "after": _after(e.after)})


def _observed(e: Observed) -> str:
    if e.failure is None:
        return f'"kind":"observed","guid":{e.guid},"state":"{NAMES[e.state]}","at":{e.at!r}}}\n'
    data = {"guid": e.guid, "state": NAMES[e.state], "at": e.at}
    return plain("observed", {**data, "failure": failure_data(e.failure)})


def _done(e: Done) -> str:
    return f'"kind":"done","guid":{e.guid},"step":"{e.step}","attempt":{e.attempt}}}\n'


def _failed(e: Failed) -> str:
    data = {"guid": e.guid, "step": e.step, "attempt": e.attempt}
    return plain("failed", {**data, "failure": failure_data(e.failure)})


def _ended(e: Ended) -> str:
    return plain("ended", {"guid": e.guid, "failure": failure_data(e.failure)})


EVENTS: Mapping[type, Encode] = {
    Add: _add,
    Connect: _connect,
    Hold: _hold,
    Set: lambda e: set_line(e, e.value),
    Call: _call,
    Aim: _aim,
    Force: _force,
    Observed: _observed,
    Cancel: lambda e: plain("cancel", {"guid": e.guid, "reason": e.reason}),
    Abort: lambda e: plain("abort", {"failure": failure_data(e.failure)}),
    Done: _done,
    Failed: _failed,
    Ended: _ended,
    Woke: lambda e: f'"kind":"woke","token":{e.token}}}\n',
}
"""Every event that is journaled. Watch and Unwatch are not: they decide nothing."""

# -- commands -------------------------------------------------------------------------------------


def _run(c: Run | Grant) -> str:
    return f'"kind":"run","guid":{c.guid},"step":"{c.step}","attempt":{c.attempt}}}\n'


def _reached(c: Reached) -> str:
    if c.failure is None:
        return f'"kind":"reached","guid":{c.guid},"state":"{NAMES[c.state]}","at":{c.at:.6f}}}\n'
    data = {"guid": c.guid, "state": NAMES[c.state], "at": c.at}
    return plain("reached", {**data, "failure": failure_data(c.failure)})


def _given_up(kind: str) -> Encode:
    def line(c: Interrupt | Abandon) -> str:
        return plain(kind, {"guid": c.guid, "step": c.step, "attempt": c.attempt})

    return line


def _refused(c: Refused) -> str:
    return plain("refused", {"guid": c.guid, "step": c.step, "reason": c.reason})


def _late(c: Late) -> str:
    event = c.event
    inner = json.loads("{" + EVENTS[type(event)](event))
    return plain("late", {"guid": event.guid, "report": inner})


def _retried(c: Retried) -> str:
    data = {"guid": c.guid, "step": c.step, "failure": failure_data(c.failure)}
    return plain("retried", {**data, "at": c.at})


def _aborted(c: Aborted) -> str:
    data = {"guid": c.guid, "step": c.step, "failure": failure_data(c.failure)}
    return plain("aborted", data)


COMMANDS: Mapping[type, Encode] = {
    Run: _run,
    Grant: _run,
    Reached: _reached,
    Interrupt: _given_up("interrupt"),
    Abandon: _given_up("abandon"),
    Refused: _refused,
    Late: _late,
    Retried: _retried,
    Aborted: _aborted,
    Apply: lambda c: plain("apply", {"guid": c.guid, "name": c.name}),
    Invoke: lambda c: plain("invoke", {"token": c.token}),
}
"""What is worth a line; replaying does not need them."""


def note(text: str, **data: object) -> str:
    """Return a line for whoever reads the journal."""
    return plain("note", {"text": text, **data})
