# SPDX-License-Identifier: BSD-3-Clause
"""Plays an experiment in virtual time, with stand-ins that take as long as their types expect.

Where nobody knows how long a resource runs, time stands still until everything else has happened;
then all such resources end at once, and a new *era* begins: what follows is dated from there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attrs import define, field, frozen

from nepi.core.conditions import RUN_START, Guid
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Add, Aim, Ended, Event, Hold
from nepi.runtime.virtual import Stand, VirtualEngine


@frozen
class Happening:
    """Something that is expected: *offset* seconds after the beginning of its *era*."""

    era: int
    offset: float
    kind: str
    """A step, or "ends" or "set"."""
    guid: Guid
    detail: str = ""


@frozen
class Expected:
    """What is known beforehand of the durations of one resource."""

    durations: Mapping[Step, float]
    lifetime: float | None


@frozen
class Played:
    """All that is expected to happen, in its order; *endless*: those that never end."""

    happenings: tuple[Happening, ...]
    endless: tuple[Guid, ...]


_REACHED = {State.STARTED: Step.START, State.STOPPED: Step.STOP}
"""States that are told of though nothing had to be done for them."""


@define(eq=False)
class Play:
    """One experiment being played."""

    events: Sequence[Event]
    aim: Aim
    expected: Callable[[Add], Expected]
    adds: dict[Guid, Add] = field(factory=dict[Guid, Add], init=False)
    happenings: list[Happening] = field(factory=list[Happening], init=False)
    _eras: list[float] = field(factory=lambda: [0.0], init=False)
    _ended: set[Guid] = field(factory=set[Guid], init=False)
    _unknown: set[Guid] = field(factory=set[Guid], init=False)
    _begun: set[tuple[Guid, Step]] = field(factory=set[tuple[Guid, Step]], init=False)

    def play(self) -> Played:
        """Let everything happen, and return it."""
        with VirtualEngine(give=_give) as engine:
            engine.subscribe(self._note)
            for event in self.events:
                self._introduce(engine, event)
            engine.ask(self.aim)
            engine.play()
            while ending := self._who_ends(engine):
                self._new_era(engine, ending)
        endless = tuple(guid for guid in self.adds if engine.state(guid) is State.STARTED)
        return Played(tuple(self._dated_from_start()), endless)

    def _introduce(self, engine: VirtualEngine, event: Event) -> None:
        if not isinstance(event, Add):
            engine.put(event)
            return
        known = self.expected(event)
        self.adds[event.guid] = event
        if event.ends and known.lifetime is None:
            self._unknown.add(event.guid)
        stand = Stand({step: known.durations.get(step, 0.0) for step in event.steps})
        stand.lifetime = known.lifetime
        engine.register(event.guid, stand, event)

    def _who_ends(self, engine: VirtualEngine) -> list[Guid]:
        """Return those that run nobody knows how long, and that nothing else is to stop."""
        stopped = {
            e.guid for e in self.events if isinstance(e, Hold) and e.condition.step is Step.STOP
        }
        running = [guid for guid in self.adds if engine.state(guid) is State.STARTED]
        return [guid for guid in running if guid in self._unknown and guid not in stopped]

    def _new_era(self, engine: VirtualEngine, ending: Iterable[Guid]) -> None:
        self._eras.append(engine.now())
        self._ended.update(ending)
        for guid in ending:
            engine.post(Ended(guid))
        engine.play()

    def _note(self, records: Sequence[Mapping[str, Any]]) -> None:
        for record in records:
            match record["kind"]:
                case "run":
                    step = Step(record["step"])
                    self._begun.add((record["guid"], step))
                    self._happened(record["t"], str(step), record["guid"])
                case "reached":
                    self._reached(record)
                case "apply":
                    self._happened(record["t"], "set", record["guid"], record["name"])
                case _:
                    pass

    def _reached(self, record: Mapping[str, Any]) -> None:
        guid, state = record["guid"], State[record["state"]]
        step = _REACHED.get(state)
        if guid == RUN_START:
            self._happened(record["at"], "begin", guid)
        elif state is State.STOPPED and (guid, Step.STOP) not in self._begun:
            self._happened(record["at"], "ends", guid)
        elif step is not None and (guid, step) not in self._begun:
            self._happened(record["at"], str(step), guid)

    def _happened(self, at: float, kind: str, guid: Guid, detail: str = "") -> None:
        era = len(self._eras) - 1
        self.happenings.append(Happening(era, at - self._eras[-1], kind, guid, detail))

    def _dated_from_start(self) -> Iterable[Happening]:
        """Date the first era from t = 0, as everything else that tells of runs does."""
        starts = [one for one in self.happenings if one.guid == RUN_START]
        zero = starts[0].offset if starts and starts[0].era == 0 else 0.0
        for one in self.happenings:
            if one.guid != RUN_START:
                shift = zero if one.era == 0 else 0.0
                yield Happening(one.era, one.offset - shift, one.kind, one.guid, one.detail)


def _give(guid: Guid, name: str, value: object) -> None:
    """Nothing is set: there are only stand-ins."""
