# SPDX-License-Identifier: BSD-3-Clause
"""What the orchestrator remembers of one resource, and what that alone decides."""

from collections import deque

from nepi.core.conditions import Guid
from nepi.core.gates import Gate, Waiting
from nepi.core.lifecycle import CLASSIC_TRANSITIONS, TRANSITIONS, State, Step, next_step
from nepi.core.messages import Add, Ended, Failure, Force

# Where a restart begins anew: being STARTED or STOPPED before does not count any more.
ANEW = (State.STARTED, State.STOPPED)


class Track:
    """One resource: where it is, where it is to go, what it is doing and who waits for it."""

    __slots__ = (
        "add",
        "attempt",
        "barrier",
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
        self.state = State.NEW
        self.outcome = State.NEW
        self.goal = State.NEW
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
        self.barrier: Gate | None = None
        self.waits: dict[Step, Waiting] | None = None
        self.watch: dict[State, list[Gate]] | None = None
        self.gates: list[Gate] | None = None
        self.neighbours: list[Guid] | None = None
        self.forced: deque[Force] | None = None

    @property
    def label(self) -> str:
        """Return how messages call it."""
        return self.add.name or f"{self.add.rtype or 'resource'} {self.add.guid}"

    def is_untouched(self) -> bool:
        """Return whether nothing was asked of it yet."""
        return self.state is self.goal is State.NEW and not (self.busy or self.forced)

    def moment(self, state: State) -> float | None:
        """Return when it first was in *state* or a later one since its last start."""
        times = [at for reached, at in self.history.items() if reached >= state]
        return min(times) if times else None

    def waiting(self, step: Step) -> Waiting | None:
        """Return what holds *step* back, met or not."""
        return self.waits.get(step) if self.waits else None

    def is_barred(self, step: Step) -> bool:
        """Return whether the others of its group hold *step* back."""
        return step is Step.START and self.barrier is not None and bool(self.barrier.pending)

    def next(self) -> Step | None:
        """Return the step that leads on from here, whether or not it may run now."""
        if self.goal is State.RELEASED:
            return self._way_out()
        if self.state is State.STARTED:
            return Step.STOP if self.waiting(Step.STOP) else None
        if self.state >= State.STOPPED or self.state >= self.goal:
            return None
        if self.state is State.READY:
            return None if self.tried else Step.START
        return Step.DEPLOY if self.add.classic else next_step(self.state, self.goal)

    def _way_out(self) -> Step | None:
        if self.state is State.RELEASED:
            return None
        stop_first = self.state is State.STARTED and not self.add.classic
        return Step.STOP if stop_first and Step.STOP in self.add.steps else Step.RELEASE

    def does(self, step: Step) -> bool:
        """Return whether *step* has anything to do, so that somebody has to perform it."""
        untouched = step is Step.RELEASE and self.attempt == 0 and not self.add.classic
        return step in self.add.steps and not untouched

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
            "tries": self.tries,
            "retry_at": self.retry_at,
            "interrupted": self.interrupted,
            "doomed": self.doomed,
            "ended": self.ended,
            "tried": self.tried,
            "forced": list(self.forced or ()),
            "neighbours": list(self.neighbours or ()),
            "waits": waits,
            "barrier": sorted(self.barrier.pending) if self.barrier else None,
        }
