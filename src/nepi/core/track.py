# SPDX-License-Identifier: BSD-3-Clause
"""What the orchestrator remembers of one resource, and what that alone decides."""

from collections import deque

from nepi.core.conditions import Guid
from nepi.core.gates import Gate, Waiting
from nepi.core.lifecycle import (
    CLASSIC_TRANSITIONS,
    DEPLOY,
    FAILED,
    NEW,
    READY,
    RELEASE,
    RELEASED,
    START,
    STARTED,
    STOP,
    STOPPED,
    TRANSITIONS,
    State,
    Step,
    next_step,
)
from nepi.core.messages import Add, Ended, Failure, Force

# Where a restart begins anew: being STARTED or STOPPED before does not count any more.
ANEW = (STARTED, STOPPED)


class Track:
    """One resource: where it is, where it is to go, what it is doing and who waits for it."""

    __slots__ = (
        "add",
        "attempt",
        "barriers",
        "busy",
        "direct",
        "doomed",
        "ended",
        "failure",
        "forced",
        "gates",
        "goal",
        "history",
        "interrupted",
        "leaving",
        "neighbours",
        "outcome",
        "parked",
        "queued",
        "retry_at",
        "span",
        "state",
        "stirred",
        "token",
        "tried",
        "tries",
        "waits",
        "watch",
    )

    def __init__(self, add: Add) -> None:
        self.add = add
        self.state = NEW
        self.outcome = NEW
        self.goal = NEW
        self.failure: Failure | None = None
        self.history: dict[State, float] = {}
        self.busy: Step | None = None
        self.attempt = 0
        self.span = 0
        self.token = 0
        self.direct = False
        self.tries = 0
        self.retry_at = -1.0
        self.interrupted = False
        self.doomed: Failure | None = None
        self.ended: Ended | None = None
        self.parked: Step | None = None
        self.stirred = False
        self.tried = False
        self.queued = False
        self.barriers: tuple[Gate, ...] = ()
        self.waits: dict[Step, Waiting] | None = None
        self.watch: dict[State, list[Gate]] | None = None
        self.gates: list[Gate] | None = None
        self.neighbours: dict[Guid, None] | None = None
        self.forced: deque[Force] | None = None
        self.leaving: Force | None = None

    @property
    def label(self) -> str:
        """Return how messages call it."""
        return self.add.name or f"{self.add.rtype or 'resource'} {self.add.guid}"

    def is_untouched(self) -> bool:
        """Return whether nothing was asked of it yet."""
        idle = not (self.attempt or self.forced or self.history)
        return idle and self.state is self.goal is NEW

    def moment(self, state: State) -> float | None:
        """Return when it first was in *state* or a later one since its last start."""
        times = [at for reached, at in self.history.items() if reached >= state]
        return min(times) if times else None

    def is_fatal(self) -> bool:
        """Return whether those who wait for it fail, too; not if a release cut it short."""
        return self.state is FAILED and self.add.critical and not self.interrupted

    def waiting(self, step: Step) -> Waiting | None:
        """Return what holds *step* back, met or not."""
        return self.waits.get(step) if self.waits else None

    def is_barred(self) -> bool:
        """Return whether the others of its groups hold its start back."""
        for gate in self.barriers:  # noqa: SIM110 - asked for each of ten thousand at once
            if gate.pending:
                return True
        return False

    def next(self) -> Step | None:
        """Return the step that leads on from here, whether or not it may run now."""
        if self.goal is RELEASED:
            return self._way_out()
        if self.state is STARTED:
            return STOP if self.waiting(STOP) else None
        if self.state >= STOPPED or self.state >= self.goal:
            return None
        if self.state is READY:
            return None if self.tried else START
        return DEPLOY if self.add.classic else next_step(self.state, self.goal)

    def _way_out(self) -> Step | None:
        if self.state is RELEASED:
            return None
        stop_first = self.state is STARTED and not self.add.classic
        return STOP if stop_first and STOP in self.add.steps else RELEASE

    def does(self, step: Step) -> bool:
        """Return whether *step* has anything to do, so that somebody has to perform it."""
        if step not in self.add.steps:
            return step is RELEASE and self.leaving is not None
        if step is not RELEASE or self.attempt or self.add.classic or self.leaving:
            return True
        return not self.history.keys() <= {FAILED}  # else there is nothing to undo

    def allows(self, step: Step) -> bool:
        """Return whether *step* fits the present state."""
        table = CLASSIC_TRANSITIONS if self.add.classic else TRANSITIONS
        return (self.state, step) in table

    def restart(self) -> None:
        """Forget that it was started and stopped before."""
        for state in ANEW:
            self.history.pop(state, None)
        for gate in self.gates or ():
            if self.add.guid not in gate.pending:
                gate.rearm(self.add.guid)
                self.expect(gate)

    def expect(self, gate: Gate) -> None:
        """Note that *gate* has to be told when its state is reached."""
        if self.watch is None:
            self.watch = {}
        self.watch.setdefault(gate.state, []).append(gate)

    def renew(self, gate: Gate) -> None:
        """Note that *gate* counts this anew when it is started again."""
        if self.gates is None:
            self.gates = []
        self.gates.append(gate)

    def forget(self, gate: Gate) -> None:
        """Note that nobody wants to know *gate* any more."""
        for gates in ((self.watch or {}).get(gate.state), self.gates):
            if gates and gate in gates:
                gates.remove(gate)

    def snapshot(self) -> dict[str, object]:
        """Return everything that decides, as plain data."""
        waits = {
            str(step): (
                waiting.unmet,
                [(g.members, g.state, sorted(g.pending), d) for g, d in waiting.needs],
            )
            for step, waiting in (self.waits or {}).items()
        }
        return {
            "add": self.add,
            "state": self.state,
            "outcome": self.outcome,
            "goal": self.goal,
            "failure": self.failure,
            "history": dict(self.history),
            "busy": self.busy,
            "parked": self.parked,
            "attempt": self.attempt,
            "span": self.span,
            "token": self.token,
            "direct": self.direct,
            "stirred": self.stirred,
            "leaving": self.leaving,
            "tries": self.tries,
            "retry_at": self.retry_at,
            "interrupted": self.interrupted,
            "doomed": self.doomed,
            "ended": self.ended,
            "tried": self.tried,
            "forced": list(self.forced or ()),
            "neighbours": list(self.neighbours or ()),
            "waits": waits,
            "barriers": [sorted(gate.pending) for gate in self.barriers],
        }
