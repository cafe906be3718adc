# SPDX-License-Identifier: BSD-3-Clause
"""An experiment being carried out: its engine told what there is, its run begun and released.

What authors write is in `experiment`; what there is, in `roster`; what is left, in `ending`.
"""

import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any

from attrs import define, field

from nepi.core.conditions import Guid
from nepi.core.errors import Refusal
from nepi.core.lifecycle import State
from nepi.core.messages import Aim, Event
from nepi.core.orchestrator import Orchestrator
from nepi.experiment.errors import OverError
from nepi.experiment.roster import Roster, add_event, after_start, guids_of
from nepi.experiment.run import FAILED, Run
from nepi.resource import Resource, check_complete
from nepi.runtime.engine import Engine
from nepi.runtime.subscriptions import Told

Callback = Callable[[], object]


def say(text: str) -> None:
    """Say *text* to whoever runs the script."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the one place that does


@define(eq=False, kw_only=True)
class Life:
    """The side of an experiment that runs.

    The lock guards bookkeeping only. Nobody waits for the engine while holding it, for the engine
    runs what resources do, and they may add others.
    """

    roster: Roster
    run: Run
    engine: Engine
    begin_run: Callable[[], None]
    describe: Callable[[], str]
    deployed: set[Guid] = field(factory=set[Guid])
    begun: bool = False
    over: bool = False
    lock: RLock = field(factory=RLock)
    _pending: list[Event] = field(factory=list[Event])
    _calls: list[tuple[float, Callback]] = field(factory=list[tuple[float, Callback]])
    _described: tuple[int, ...] | None = None
    _listeners: list[Told] = field(factory=list[Told])
    _watching: bool = False
    _to_end: dict[Guid, list[Callback]] = field(factory=dict[Guid, list[Callback]])

    # -- telling what there is ----------------------------------------------------------------

    def tell(self, *events: Event) -> None:
        """Let the engine know, at once if it knows whom they are about, else once it does."""
        with self.lock:
            told = [event for event in events if self.begun and guids_of(event) <= self.deployed]
            self._pending += [event for event in events if event not in told]
        if told:
            self.engine.ask(*told)

    def call_at(self, time: float, callback: Callback) -> None:
        """Have *callback* called *time* seconds after t = 0."""
        if self.begun:
            self.engine.call(callback, after=after_start(time))
        else:
            self._calls.append((time, callback))

    def on(self, told: Told) -> None:
        """Have *told* told of everything that happens, and of what has happened so far."""
        if self.begun:
            self.engine.subscribe(told, past=True)
        else:
            self._listeners.append(told)

    def when_ended(self, guid: Guid, callback: Callback) -> None:
        """Call *callback* when *guid* has ended, which it may have already."""
        with self.lock:
            if not self._watching:
                self._watching = True
                self.on(self._see_ends)
            self._to_end.setdefault(guid, []).append(callback)
        if self.over or (guid in self.deployed and self.engine.state(guid) >= State.STOPPED):
            self._end(guid)

    def _see_ends(self, records: Sequence[Mapping[str, Any]]) -> None:
        for record in records:
            if record["kind"] == "reached" and State[record["state"]] >= State.STOPPED:
                self._end(record["guid"])

    def _end(self, guid: Guid) -> None:
        for callback in self._to_end.pop(guid, ()):
            callback()

    # -- beginning ----------------------------------------------------------------------------

    def rehearse(self, aim: Aim) -> None:
        """Raise the Refusal that *aim* would meet in an experiment that has not begun."""
        if not (self.roster.held or self.roster.implied):
            return
        scratch = Orchestrator()
        for event in (*self.roster.events(), aim):
            scratch.feed(event, 0.0)

    def begin(self) -> None:
        """Make the run's directory and open its journal, if that has not been done."""
        with self.lock:
            if self.over:
                raise OverError("this experiment was released: make another one")
            if self.begun:
                return
            self.begin_run()
            try:
                self.describe_anew()
                self.engine.open(self.run.path)
            except BaseException as error:
                self.over = True
                self.run.finish(FAILED, reason=f"it could not begin: {error}", resources={})
                raise
            self.begun = True
            calls, self._calls = self._calls, []
        for told in self._listeners:
            self.engine.subscribe(told)
        for time, callback in calls:
            self.engine.call(callback, after=after_start(time))

    def describe_anew(self) -> None:
        """Write experiment.json, if something was said since the last time."""
        extent = self.roster.extent()
        if extent != self._described:
            self.run.describe(self.describe())
            self._described = extent

    def introduce(self, resources: Iterable[Resource]) -> list[Event]:
        """Make resources known to the engine; return what it is to be told about them now."""
        with self.lock:
            for resource in resources:
                if resource.guid not in self.deployed:
                    self._register(resource)
            pending, self._pending = self._pending, []
            now: list[Event] = []
            for event in pending:
                (now if guids_of(event) <= self.deployed else self._pending).append(event)
            return now

    def _register(self, resource: Resource) -> None:
        if resource.blueprint().traces:
            self.run.directory.resource(resource.name, resource.guid)
        self.engine.register(resource.guid, resource, add_event(resource))
        self.deployed.add(resource.guid)

    def meet(self, guid: Guid) -> None:
        """Introduce *guid*, so that it can be acted upon without having been deployed."""
        if guid in self.deployed:
            return
        resource = self.roster.resources[guid]
        check_complete(resource)
        self.begin()
        with self.introduced([resource]) as events:
            self.engine.ask(*events)

    @contextmanager
    def introduced(self, resources: Sequence[Resource]) -> Generator[list[Event]]:
        """Introduce *resources*, give what is still to be told of them; a Refusal undoes it."""
        known = set(self.deployed)
        events = self.introduce(resources)
        if not known:  # rehearsed, so nothing of it will be refused
            for event in events:
                self.engine.put(event)
            events = []
        try:
            yield events
        except Refusal:
            self.deployed.intersection_update(known)
            raise

    # -- the end ------------------------------------------------------------------------------

    def known(self) -> tuple[Guid, ...]:
        """Return every resource that the engine knows."""
        return tuple(guid for guid in self.roster.resources if guid in self.deployed)

    def release(self, timeout: float | None = None) -> None:
        """Release everything, and return when it is."""
        guids = self.known()
        if guids and not self.over:
            self.engine.ask(Aim(guids, State.RELEASED))
            self.engine.wait(guids, State.RELEASED, timeout=timeout, interrupts=False)

    async def release_aio(self, timeout: float | None = None) -> None:
        """Release everything, from a loop."""
        guids = self.known()
        if guids and not self.over:
            await self.engine.ask_aio(Aim(guids, State.RELEASED))
            await self.engine.wait_aio(guids, State.RELEASED, timeout=timeout, interrupts=False)
