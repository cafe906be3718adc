# SPDX-License-Identifier: BSD-3-Clause
"""Where the types are tested: on a fake host and a virtual clock, or on this machine for real."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, TypeVar

from attrs import define, field

from nepi.backends.linux import Application, Node
from nepi.core.lifecycle import Step
from nepi.hosts import Completed, Facts, Files, Host, Job, Process
from nepi.hosts.fake import FakeHost, Program
from nepi.hosts.host import Address, HasDirectory
from nepi.hosts.local import LocalMachine
from nepi.resource import Resource, connect, internal, resource
from tests.resource.sample import Noted

A = TypeVar("A", bound=Application)
PATIENCE = 30.0


@resource("stage::Machine")
class Machine(Resource, Host):
    """A resource that is a fake host."""

    fake: FakeHost = internal(default=None)

    async def spawn_many(self, jobs: Sequence[Job]) -> list[Process | Exception]:
        return await self.fake.spawn_many(jobs)

    async def run(
        self,
        argv: Sequence[str | PurePath],
        *,
        timeout: float | None = None,
        input: bytes = b"",  # noqa: A002
        env: Mapping[str, str] | None = None,
        cwd: PurePath | None = None,
    ) -> Completed:
        return await self.fake.run(argv, timeout=timeout, input=input, env=env, cwd=cwd)

    @property
    def files(self) -> Files:
        return self.fake.files

    async def facts(self) -> Facts:
        return await self.fake.facts()

    async def addresses(self) -> list[Address]:
        return await self.fake.addresses()

    async def which(self, names: Iterable[str]) -> dict[str, PurePosixPath | None]:
        return await self.fake.which(names)

    def workspace(self, resource: HasDirectory) -> PurePosixPath:
        return PurePosixPath("/remote", resource.directory.name)


@define
class Stage(Noted):
    """A run, as its resources see it: a folder for each, and one machine."""

    folder: Path = Path()
    machine: LocalMachine | None = None
    count: int = 0
    services: int = 0
    _begun: Any = field(default=None)

    def directory(self, guid: int) -> Path:
        return self.folder / str(guid)

    async def service(self, kind: type[Any]) -> Any:
        assert kind is LocalMachine
        self.services += 1
        if self.machine is None:
            self.machine = LocalMachine("stage")
        await self.machine.start()
        return self.machine

    def add(self, application: A, *, on: Resource) -> A:
        """Make it part of the run, connected to a host."""
        self.enter(application)
        connect(application, on)
        return application

    def enter(self, made: Resource) -> None:
        self.count += 1
        made.bind(self, self.count)
        self.directory(self.count).mkdir(parents=True)


@asynccontextmanager
async def this_machine(folder: Path) -> AsyncGenerator[tuple[Stage, Node]]:
    """Give a run with one node that is this machine; all is gone in the end."""
    stage = Stage(folder=folder)
    node = Node("here")
    stage.enter(node)
    async with asyncio.timeout(PATIENCE):
        await node.do_provision()
        try:
            yield stage, node
        finally:
            assert stage.machine is not None
            await stage.machine.close()


def fake_machine(stage: Stage, **programs: Program) -> Machine:
    """Give a run a machine that has these programs, and its files below the folder of the run."""
    made = Machine(name="fake")
    made.fake = FakeHost(stage.folder / "machine")
    made.fake.programs.update(programs)
    stage.enter(made)
    return made


async def begin(*applications: Application) -> None:
    """Deploy and start them, as one batch each; raise the first problem."""
    for step in (Step.DEPLOY, Step.START):
        do_many = getattr(type(applications[0]), f"do_{step}_many")
        for problem in await do_many(applications):
            if problem is not None:
                raise problem


async def complete(application: Application) -> None:
    """Let it live until it ends by itself."""
    await begin(application)
    await application.finished()
