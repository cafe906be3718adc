# SPDX-License-Identifier: BSD-3-Clause
"""What the resources of a run share: one object a kind (the agent of this machine, ...).

Each is recorded before and after it is begun, so that whoever comes after a crash finds it, and
ended when everything is released. What it does is not known here.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, cast

from attrs import define, field

from nepi.runtime.engine import Engine

ServiceT = TypeVar("ServiceT")


class Record(Protocol):
    """How a service is found again."""

    def to_json(self) -> dict[str, Any]: ...


class Service(Protocol):
    """What every service can do; it is made with the id of the run."""

    @property
    def record(self) -> Record: ...
    async def start(self) -> object: ...
    async def close(self, grace: float | None = None) -> object: ...


@define(eq=False)
class Services:
    """The services of one run. On the engine's loop only, but for `kill`."""

    run_id: str
    engine: Engine
    write_down: Callable[[Mapping[str, Any]], None]
    """Writes a record into the register of runs."""
    _begun: dict[type, "asyncio.Future[Service]"] = field(
        factory=dict[type, "asyncio.Future[Service]"], init=False
    )
    _running: list[Service] = field(factory=list[Service], init=False)

    async def get(self, kind: type[ServiceT]) -> ServiceT:
        """Return the service of that kind, which is begun by whoever asks first."""
        if kind not in self._begun:
            make = cast("Callable[[str], Service]", kind)
            self._begun[kind] = asyncio.ensure_future(self._begin(make(self.run_id)))
        return cast("ServiceT", await asyncio.shield(self._begun[kind]))

    async def _begin(self, service: Service) -> Service:
        self.write_down(service.record.to_json())
        await service.start()
        self.write_down(service.record.to_json())
        self._running.append(service)
        self.engine.on_close(self.close)
        return service

    async def close(self, grace: float | None = None) -> None:
        """End them, the last one first; those that have ended are left alone."""
        while self._running:
            await self._running.pop().close(grace)

    def kill(self) -> None:
        """End them now, without asking; from any thread, and not waiting for it."""

        async def close_at_once() -> None:
            await self.close(0.0)

        self.engine.schedule(0, close_at_once)
