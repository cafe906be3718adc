# SPDX-License-Identifier: BSD-3-Clause
"""What the events of a run tell about its resources, for whoever shows it; nothing is drawn here.

The records are those of events.jsonl: live ones and those of a run long over tell the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from nepi.core.conditions import RUN_START
from nepi.core.lifecycle import State, Step, next_step

Record = Mapping[str, Any]

OVER = frozenset({State.STOPPED, State.FAILED, State.RELEASED})
NAMED = 2
"""How many members of a group are named before they are counted."""


@frozen
class Need:
    """Something that a step of a resource waits for."""

    group: tuple[int, ...]
    state: State
    delay: float


@define(eq=False)
class Item:
    """One resource, as far as it got."""

    guid: int
    name: str
    rtype: str
    critical: bool = True
    state: State = State.NEW
    outcome: State = State.NEW
    since: float = 0.0
    moments: dict[State, float] = field(factory=dict[State, float])
    step: Step | None = None
    failure: str = ""
    remark: str = ""
    needs: dict[Step, list[Need]] = field(factory=dict[Step, list[Need]])

    def of_itself(self, message: str) -> str:
        """Return *message* without the name of this resource, where that is said already."""
        return message.removeprefix(f"{self.rtype} {self.name!r}: ")

    @property
    def lasted(self) -> float | None:
        """How long it was STARTED, if it was and is no more."""
        started = self.moments.get(State.STARTED)
        ended = [self.moments[s] for s in (State.STOPPED, State.FAILED) if s in self.moments]
        return min(ended) - started if ended and started is not None else None


@define(eq=False)
class Progress:
    """A run, folded from its records one batch after another."""

    items: dict[int, Item] = field(factory=dict[int, Item])
    counts: Counter[State] = field(factory=Counter[State])
    by_type: Counter[tuple[str, State]] = field(factory=Counter[tuple[str, State]])
    begun: float | None = None
    zero: float | None = None
    latest: float = 0.0
    aborted: str = ""
    releasing: bool = False

    def fold(self, records: Iterable[Record]) -> None:
        """Take *records* in."""
        for record in records:
            self.latest = float(record.get("t", self.latest))
            if self.begun is None:
                self.begun = self.latest
            if handler := HANDLERS.get(str(record.get("kind"))):
                handler(self, record)

    def count(self, item: Item, number: int) -> None:
        """Count *item*, where it is now, in or out."""
        self.counts[item.state] += number
        self.by_type[item.rtype, item.state] += number

    @property
    def over(self) -> bool:
        """Everything there is has been RELEASED."""
        return bool(self.items) and self.counts[State.RELEASED] == len(self.items)

    def time(self, moment: float) -> float:
        """Seconds since t = 0, or since the beginning as long as there is no t = 0."""
        begun = moment if self.begun is None else self.begun
        return moment - (begun if self.zero is None else self.zero)

    def waits(self, item: Item, now: float) -> str:
        """What *item* waits for before its next step, in words; nothing if it does not."""
        goal = State.RELEASED if self.releasing else State.STOPPED
        step = next_step(item.state, goal)
        if step is None or item.step is not None:
            return ""
        texts = (self._unmet(need, now) for need in item.needs.get(step, ()))
        unmet = list(dict.fromkeys(text for text in texts if text))
        if unmet:
            return f"{step} waits for {', '.join(unmet)}"
        if step is Step.START and self.zero is None:
            return "start waits for all to be READY"
        return ""

    def _unmet(self, need: Need, now: float) -> str:
        members = [self.items[guid] for guid in need.group if guid in self.items]
        late = [item.name for item in members if item.state < need.state]
        text = f"{_some(late)} {need.state}" if late else ""
        if not need.delay:
            return text
        if late:
            return f"{text} + {need.delay:g} s"
        moments = [_first(item.moments, need.state) for item in members]
        left = max(moments, default=0.0) + need.delay - now
        return f"{left:.1f} s more" if left > 0 else ""


def _first(moments: Mapping[State, float], state: State) -> float:
    return min((at for reached, at in moments.items() if reached >= state), default=0.0)


def _some(names: Sequence[str]) -> str:
    if len(names) <= NAMED + 1:
        return ", ".join(names)
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} others"


# -- records ------------------------------------------------------------------------------------


def _add(progress: Progress, record: Record) -> None:
    guid = int(record["guid"])
    name = record.get("name") or f"{record.get('rtype') or 'resource'} {guid}"
    item = Item(guid, str(name), str(record.get("rtype", "")), bool(record.get("critical", True)))
    if known := progress.items.get(guid):  # a classic script may change it until it is deployed
        progress.count(known, -1)
        item.needs = known.needs
    progress.items[guid] = item
    progress.count(item, 1)


def _hold(progress: Progress, record: Record) -> None:
    group = tuple(guid for guid in record["group"] if guid != RUN_START)
    need = Need(group, State[record["state"]], float(record["delay"]))
    item = progress.items[record["guid"]]
    item.needs.setdefault(Step(record["step"]), []).append(need)


def _run(progress: Progress, record: Record) -> None:
    item = progress.items[record["guid"]]
    item.step = Step(record["step"])


def _reached(progress: Progress, record: Record) -> None:
    at = float(record["at"])
    if record["guid"] == RUN_START:
        progress.zero = at
        return
    item, state = progress.items[record["guid"]], State[record["state"]]
    progress.count(item, -1)
    if state is State.STARTED:
        item.moments.pop(State.STOPPED, None)
    item.state, item.since, item.step = state, at, None
    progress.count(item, 1)
    item.moments[state] = at
    item.remark = ""
    if state is not State.RELEASED:
        item.outcome = state
    if failure := record.get("failure"):
        item.failure = item.of_itself(said(failure))


def _retried(progress: Progress, record: Record) -> None:
    item = progress.items[record["guid"]]
    item.step = None
    reason = item.of_itself(said(record["failure"]))
    item.remark = f"{record['step']} is tried again: {reason}"


def _aborted(progress: Progress, record: Record) -> None:
    item, reason = progress.items.get(record["guid"]), said(record["failure"])
    progress.aborted = f"{item.name}: {item.of_itself(reason)}" if item else reason


def _aim(progress: Progress, record: Record) -> None:
    if State[record["goal"]] is State.RELEASED:
        progress.releasing = True


HANDLERS: Mapping[str, Callable[[Progress, Record], None]] = {
    "add": _add,
    "hold": _hold,
    "run": _run,
    "reached": _reached,
    "retried": _retried,
    "aborted": _aborted,
    "aim": _aim,
}


def said(failure: Record) -> str:
    """A failure in one line."""
    return str(failure.get("message") or failure.get("type") or "no reason was given")
