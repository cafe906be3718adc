# SPDX-License-Identifier: BSD-3-Clause
"""The experiment as its author sees it: synchronous, typed, and safe in a notebook.

What can be asked of it is in `looking`; how it is carried out, in `life`; what is waited for, in
`waiting`; what is left in the end, in `ending`. The class is longer than others: it is the list of
what an author can say and have done.
"""

import asyncio
import atexit
import os
import random
import secrets
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from attrs import evolve

from nepi.core.conditions import Guid
from nepi.core.lifecycle import State
from nepi.core.messages import Aim
from nepi.core.stepping import OnFailure
from nepi.experiment.binding import ExperimentBinding
from nepi.experiment.dates import dated
from nepi.experiment.describing import Describing
from nepi.experiment.ending import Ending
from nepi.experiment.errors import ForeignResourceError, blocking
from nepi.experiment.giving import Giving
from nepi.experiment.interruption import Interruption
from nepi.experiment.life import Life, say
from nepi.experiment.looking import Looking
from nepi.experiment.overrides import apply_to, check_used
from nepi.experiment.roster import Roster
from nepi.experiment.run import FAILED, INTERRUPTED, Run, hosts_of, script
from nepi.experiment.secrecy import References, texts
from nepi.experiment.services import Services
from nepi.experiment.surroundings import surroundings
from nepi.experiment.waiting import Waits
from nepi.formats import Description, save
from nepi.formats.writing import as_json
from nepi.resource import Moment, Resource, Setter, Verb, check_complete, connect
from nepi.resource.units import seconds
from nepi.runtime.directory import RunDirectory
from nepi.runtime.engine import Engine
from nepi.runtime.errors import EngineError

R = TypeVar("R", bound=Resource)

DEFAULT_DIR = "nepi-runs"
Duration = float | str
"""Seconds, or a text such as "200 ms"."""


class Experiment(Looking):
    """Resources, and what waits for what; deployed, waited for, released.

    *local_dir*: where the directories of runs are made ($NEPI_LOCAL_DIR, else ./nepi-runs).
    *on_failure*: after a critical failure, "release" everything or leave it in place ("abort").
    *seed*: of whatever `random` draws. *pictures*: draw topology and timeline at the end.
    """

    def __init__(
        self,
        name: str = "experiment",
        *,
        local_dir: str | os.PathLike[str] | None = None,
        on_failure: OnFailure = "release",
        seed: int | None = None,
        run_id: str | None = None,
        pictures: bool = True,
    ) -> None:
        around = surroundings()
        chosen = around.local_dir or local_dir or os.environ.get("NEPI_LOCAL_DIR") or DEFAULT_DIR
        self.name = name
        self.on_failure: OnFailure = around.on_failure or on_failure
        self.seed = seed
        self._drawn = secrets.randbits(63) if seed is None else seed
        self.random = random.Random(self._drawn)  # noqa: S311 - for experiments, not for secrets
        self.references: References = {}
        self.aimed: Aim | None = None
        """What the first deploy() was to bring where."""
        self.overridden: set[str] = set()
        """The overrides from outside that named something."""
        self._tell = around.tell or say
        self._source = around.source or script()
        self._pid = os.getpid()
        self._roster = Roster()
        self._run = Run(RunDirectory.planned(chosen, name, run_id))
        self.engine = self._new_engine()
        self._life = Life(
            roster=self._roster,
            run=self._run,
            engine=self.engine,
            begin_run=self._begin_run,
            describe=self._description_text,
        )
        services = Services(self.run_id, self.engine, self._run.record_agent)
        self._interruption = Interruption(self._life, services, self._tell)
        self._binding = ExperimentBinding(self._life, services)
        self._waits = Waits(self._life)
        self._ending = Ending(
            life=self._life,
            name=name,
            pictures=pictures,
            tell=self._tell,
        )
        if around.created is not None:
            around.created(self)

    def _new_engine(self) -> Engine:
        giving = Giving(self._roster, self.references)
        engine = Engine(
            on_failure=self.on_failure,
            run_id=self.run_id,
            give=giving.give,
            redact=giving.redacted,
            tell=self._tell,
        )
        giving.schedule = engine.schedule
        return engine

    # -- describing ---------------------------------------------------------------------------

    def add(self, resource: R, *, on: Resource | None = None, guid: Guid | None = None) -> R:
        """Make *resource* part of the experiment, connected to *on*; return it.

        Without a name it gets one from its type. It may be added while the experiment runs.
        """
        with self._life.lock:
            number, name = self._roster.next_guid(guid), self._roster.check_name(resource)
            resource.bind(self._binding, number)
            if resource.name != name:
                vars(resource)["name"] = name  # ours needs no check, and many are made at once
            self._roster.enter(resource, number)
            self.overridden |= apply_to(resource, surroundings())
        if on is not None:
            self.connect(resource, on)
        return resource

    def connect(self, a: Resource, b: Resource) -> None:
        """Make *a* and *b* neighbours; each waits for the other as its type says."""
        self._check_mine(a, b)
        if any(b is each for each in a.neighbours):
            return
        found = connect(a, b)
        self._life.tell(*self._roster.connect(a.guid, b.guid, found))

    def at(self, when: Duration, what: Verb | Setter, /, **values: object) -> None:
        """Have a step done, or attributes set, *when* seconds after the first group is READY.

        `exp.at("6 s", link.set, loss="1 %")`, `exp.at(10, client.stop)`.
        """
        entry = dated(when, what, values)
        if self._roster.resources.get(entry.guid) is not what.resource:
            raise ForeignResourceError(f"{what.resource.label} is not part of this experiment")
        self._life.tell(*entry.events())
        self._roster.dated.append(entry)

    def call_at(self, when: Duration, callback: Callable[[], object]) -> None:
        """Have *callback* called in a thread, or awaited; it is not saved with the experiment."""
        name = getattr(callback, "__qualname__", repr(callback))
        self._life.call_at(seconds(when), callback)
        self._roster.unsaved.append(f"call_at {when}: {name}")

    def description(self) -> Description:
        """Return the whole experiment as plain data."""
        describing = Describing(self._roster, self._run, self.references)
        said = describing.description(self.name, self.on_failure, self.seed)
        return evolve(said, resources=tuple(describing.entries()))

    def _description_text(self) -> str:
        """Return experiment.json, without having the whole description at once."""
        describing = Describing(self._roster, self._run, self.references)
        said = describing.description(self.name, self.on_failure, self.seed)
        return as_json(said, describing.entries())

    def save(self, path: str | Path) -> Path:
        """Write the description into a .yaml or .json file; `load` makes the same of it."""
        return save(self.description(), path)

    @classmethod
    def load(cls, path: str | Path, *, overrides: tuple[str, ...] = ()) -> Self:
        """Return the experiment that a file describes; DescriptionError says what is wrong."""
        from nepi.experiment.building import build, read

        said = read(path, overrides)
        on_failure: OnFailure = "abort" if said.on_failure == "abort" else "release"
        made = cls(said.name, on_failure=on_failure, seed=said.seed)
        build(made, said)
        return made

    # -- carrying out -------------------------------------------------------------------------

    def begin(self) -> None:
        """Make the directory of the run and its journal; deploy() does so by itself."""
        self._life.begin()

    def introduce(self, *resources: Resource) -> None:
        """Make *resources*, if complete, known to the engine; whoever calls deploys them itself."""
        self._check_mine(*resources)
        for resource in resources:
            check_complete(resource)
        self._life.begin()
        for event in self._life.introduce(resources):
            self.engine.put(event)

    def deploy(self, *resources: Resource, wait_all_ready: bool = True) -> None:
        """Have *resources*, or all that were not deployed yet, brought to STARTED; do not wait.

        Everything is checked before anything is touched. *wait_all_ready*: none of them is
        started before all are READY.
        """
        chosen = resources or tuple(self._not_deployed())
        aim = self._checked(chosen, wait_all_ready=wait_all_ready)
        with blocking("deploy"):
            self._life.begin()
            with self._life.introduced(chosen) as events:
                self.engine.ask(*events, aim)
        self._life.describe_anew()

    async def deploy_aio(self, *resources: Resource, wait_all_ready: bool = True) -> None:
        """Do as `deploy`, from an event loop, such as that of a step of a resource."""
        chosen = resources or tuple(self._not_deployed())
        aim = self._checked(chosen, wait_all_ready=wait_all_ready)
        self._life.begin()
        with self._life.introduced(chosen) as events:
            await self.engine.ask_aio(*events, aim)
        self._life.describe_anew()

    def _not_deployed(self) -> list[Resource]:
        with self._life.lock:
            known = self._life.deployed
            return [each for guid, each in self._roster.resources.items() if guid not in known]

    def check(self) -> Aim:
        """Raise what is wrong with the experiment as it is; return what deploy() would aim at."""
        return self._checked(tuple(self._not_deployed()), wait_all_ready=True)

    def _checked(self, chosen: tuple[Resource, ...], *, wait_all_ready: bool) -> Aim:
        """Return what *chosen* are to be brought to, or raise what is wrong; touch nothing."""
        self._check_mine(*chosen)
        for resource in chosen:
            check_complete(resource)
        aim = Aim(tuple(each.guid for each in chosen), State.STARTED, barrier=wait_all_ready)
        if self._life.begun:
            return aim
        around = surroundings()
        check_used(self._roster.resources.values(), around)
        self._life.rehearse(aim)
        self.aimed = aim
        if around.deploying is not None:
            around.deploying(self)
        return aim

    def _check_mine(self, *resources: Resource) -> None:
        for each in resources:
            if self._roster.resources.get(each.guid) is not each:
                raise ForeignResourceError(f"{each.label} is part of another experiment")

    def _begin_run(self) -> None:
        self._run.begin(
            source=self._source,
            seeds={"experiment": self._drawn},
            hosts=hosts_of(self._roster.resources.values()),
            secrets=texts(self._roster.resources.values()),
        )
        atexit.register(self._forgotten)

    def wait(self, *things: Resource | Moment, timeout: Duration | None = None) -> None:
        """Wait for moments, or until resources are STOPPED; without any, for all that end.

        AbortedError: a critical resource failed. WaitTimeoutError: says what is waited for.
        Ctrl-C releases the whole experiment.
        """
        try:
            with blocking("wait"):
                self._waits.wait(*things, timeout=_seconds(timeout))
        except KeyboardInterrupt:
            self._interrupted()
            raise

    async def wait_aio(self, *things: Resource | Moment, timeout: Duration | None = None) -> None:
        """Do as `wait`, from an event loop."""
        await self._waits.wait_aio(*things, timeout=_seconds(timeout))

    def release(self, timeout: Duration | None = None) -> None:
        """Release everything and close the run; nothing can be deployed any more."""
        try:
            with blocking("release"):
                self._life.release(_seconds(timeout))
        except KeyboardInterrupt:
            self._interrupted()
            raise
        self.close()

    async def release_aio(self, timeout: Duration | None = None) -> None:
        """Do as `release`, from an event loop."""
        await self._life.release_aio(_seconds(timeout))
        await asyncio.to_thread(self.close)

    def close(self, outcome: str = "", *, reason: str = "") -> None:
        """Write down what is left and give the run up, RELEASED or not; release() does so."""
        atexit.unregister(self._forgotten)
        self._ending.close(outcome, reason=reason)

    def _interrupted(self) -> None:
        self._interruption.release()
        self.close(INTERRUPTED, reason="Ctrl-C")

    def _forgotten(self) -> None:
        if self._life.over or os.getpid() != self._pid:
            return
        self._tell(
            f"experiment {self.name!r} was not released; it is now (write `with` or release)"
        )
        try:
            self._life.release()
        except KeyboardInterrupt:
            self._interrupted()
        except EngineError as error:
            self._tell(f"not everything could be released: {error}")
        self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            if not self._life.over:
                self._interrupted()
            return
        try:
            self._life.release()
        except KeyboardInterrupt:
            self._interrupted()
            raise
        self._leave(error)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._life.release_aio()
        await asyncio.to_thread(self._leave, error)

    def _leave(self, error: BaseException | None) -> None:
        """Close after a block that ended with *error*, or tell of an abort nobody was told of."""
        well = error is None or (isinstance(error, SystemExit) and not error.code)
        if well or self.engine.aborted:
            self.close()
        else:
            self.close(FAILED, reason=f"the script failed: {type(error).__name__}: {error}")
        if error is None and not self._waits.told:
            self._waits.check()


def _seconds(timeout: Duration | None) -> float | None:
    return None if timeout is None else seconds(timeout)
