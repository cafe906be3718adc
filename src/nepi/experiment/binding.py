# SPDX-License-Identifier: BSD-3-Clause
"""The experiment as its resources see it. Kept apart, so that they see no more than they need."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from attrs import define

from nepi.core.conditions import Guid, Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Failure
from nepi.experiment.life import Life
from nepi.experiment.live import LiveTrace
from nepi.experiment.roster import Held
from nepi.experiment.services import Services

ServiceT = TypeVar("ServiceT")


@define(eq=False)
class ExperimentBinding:
    """Implements `nepi.resource.Binding`, and what else belongs to a whole run."""

    life: Life
    services: Services

    # -- where it is --------------------------------------------------------------------------

    def deployed(self, guid: Guid) -> bool:
        return guid in self.life.deployed

    def state(self, guid: Guid) -> State:
        return self.life.engine.state(guid) if self.deployed(guid) else State.NEW

    def failure(self, guid: Guid) -> Failure | None:
        return self.life.engine.failure(guid) if self.deployed(guid) else None

    def directory(self, guid: Guid) -> Path:
        resource = self.life.roster.resources[guid]
        return self.life.run.directory.resource_path(resource.name, guid)

    def trace(self, guid: Guid, name: str) -> LiveTrace:
        resource = self.life.roster.resources[guid]
        file = resource.traces()[name] or name
        path = self.life.run.directory.trace(resource.name, guid, file)
        return LiveTrace(path, name=name, ended=partial(self.life.when_ended, guid))

    # -- what is done with it -----------------------------------------------------------------

    def hold(self, guid: Guid, step: Step, requirements: tuple[Requirement, ...]) -> None:
        held = Held(guid, step, requirements)
        self.life.tell(*held.events())
        self.life.roster.held.append(held)

    def act(self, guid: Guid, step: Step) -> None:
        self.life.meet(guid)
        self.life.engine.act(guid, step)

    async def act_aio(self, guid: Guid, step: Step) -> None:
        self.life.meet(guid)
        await self.life.engine.act_aio(guid, step)

    def set(self, guid: Guid, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            if self.deployed(guid):
                self.life.engine.set(guid, name, value)
            else:
                self.life.roster.resources[guid].apply(name, value)

    async def set_aio(self, guid: Guid, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            if self.deployed(guid):
                await self.life.engine.set_aio(guid, name, value)
            else:
                self.life.roster.resources[guid].apply(name, value)

    async def service(self, kind: type[ServiceT]) -> ServiceT:
        return await self.services.get(kind)
