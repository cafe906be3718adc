# SPDX-License-Identifier: BSD-3-Clause
"""Counters that open: "all of these reached that state", and what waits for them.

A gate is shared by however many wait for it: a state change touches one counter a gate, never a
pair of resources. Barriers, conditions, timed orders and the waits of callers are all gates.
"""

from collections.abc import Iterable

from nepi.core.conditions import Guid
from nepi.core.lifecycle import (
    State,
    Step,
)
from nepi.core.messages import Call, Force, Set, Token


class Waiting:
    """One step of one resource, held back by its conditions."""

    __slots__ = ("guid", "needs", "step", "unmet", "waking")

    def __init__(self, guid: Guid, step: Step) -> None:
        self.guid = guid
        self.step = step
        self.needs: list[tuple[Gate, float]] = []
        self.unmet = 0
        self.waking = -1.0


class Errand:
    """A timed order: set, call or act once its requirements are met."""

    __slots__ = ("needs", "order", "unmet", "waking")

    def __init__(self, order: Set | Call | Force) -> None:
        self.order = order
        self.needs: list[tuple[Gate, float]] = []
        self.unmet = 0
        self.waking = -1.0


class Watcher:
    """Somebody outside who wants to know; it holds nothing back."""

    __slots__ = ("through_abort", "token")

    def __init__(self, token: Token, *, through_abort: bool) -> None:
        self.token = token
        self.through_abort = through_abort


class Barrier:
    """The members of one deployment group: none starts before all are READY."""

    __slots__ = ("guids", "opens_run")

    def __init__(self, guids: tuple[Guid, ...], *, opens_run: bool) -> None:
        self.guids = guids
        self.opens_run = opens_run


Held = Waiting | Errand
Told = Watcher | Barrier


class Gate:
    """Open when none of its members is pending; *moment* is when the last one arrived.

    *held* count this gate among others they need, in order; *told* only wants to know.
    *failed* is a critical member that FAILED instead of arriving.
    """

    __slots__ = ("failed", "held", "members", "moment", "pending", "state", "told")

    def __init__(self, members: Iterable[Guid], state: State) -> None:
        self.members = tuple(members)
        self.state = state
        self.pending: set[Guid] = set()
        self.moment = 0.0
        self.failed: Guid | None = None
        self.held: dict[Held, None] = {}
        self.told: Told | None = None

    def arrive(self, guid: Guid, at: float) -> bool:
        """Count *guid* in; return whether that opened the gate."""
        self.pending.discard(guid)
        self.moment = max(self.moment, at)
        return not self.pending

    def rearm(self, guid: Guid) -> None:
        """Wait for *guid* once more: it is being started again."""
        if not self.pending:
            for waiter in self.held:
                waiter.unmet += 1
        self.pending.add(guid)


def hold(waiter: Held, gate: Gate, delay: float) -> None:
    """Let *waiter* wait for *gate* and *delay* seconds more."""
    waiter.needs.append((gate, delay))
    if waiter not in gate.held:
        gate.held[waiter] = None
        waiter.unmet += bool(gate.pending)


def let_go(waiter: Held) -> None:
    """Take back what *waiter* was last held by."""
    gate, _ = waiter.needs.pop()
    if all(other is not gate for other, _ in waiter.needs):
        del gate.held[waiter]
        waiter.unmet -= bool(gate.pending)


def opens_at(waiter: Held) -> float:
    """Return the moment from which *waiter* may go on; all its gates are open."""
    return max((gate.moment + delay for gate, delay in waiter.needs), default=0.0)
