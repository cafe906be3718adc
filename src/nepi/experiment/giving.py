# SPDX-License-Identifier: BSD-3-Clause
"""How values that are set reach a resource of a running experiment, and what the journal says."""

import asyncio
import inspect
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from attrs import define

from nepi.core.conditions import Guid
from nepi.experiment.roster import Roster
from nepi.experiment.secrecy import References, reference
from nepi.resource import Resource
from nepi.runtime.answers import settle

Schedule = Callable[[float, Callable[[], None]], object]


@define(eq=False)
class Giving:
    """Carries out that an attribute becomes something, and stores it then."""

    roster: Roster
    references: References
    schedule: Schedule | None = None
    """The engine's: has something called in a thread."""

    async def give(self, guid: Guid, name: str, value: object) -> None:
        """Carry out that attribute *name* becomes *value*, then store it."""
        resource = self.roster.resources[guid]
        if inspect.iscoroutinefunction(resource.do_set):
            await resource.do_set(name, value)
        elif type(resource).do_set is not Resource.do_set:
            await self._in_thread(partial(resource.do_set, name, value))
        originals = self.roster.originals.setdefault(guid, {})
        originals.setdefault(name, getattr(resource, name))
        resource.apply(name, value)

    async def _in_thread(self, work: Callable[[], object]) -> None:
        assert self.schedule is not None, "nothing is set before there is an engine"  # noqa: S101
        answer: Future[Any] = Future()

        def carry_out() -> None:
            try:
                settle(answer, work())
            except Exception as error:  # noqa: BLE001 - told to whoever ordered it
                settle(answer, error=error)

        self.schedule(0, carry_out)
        await asyncio.wrap_future(answer)

    def redacted(self, guid: Guid, name: str, value: object) -> object:
        """Return what the journal says in the place of *value*."""
        resource = self.roster.resources.get(guid)
        if resource is None:
            return value
        field = resource.field(name)
        if field.said.secret:
            return reference(resource, name, self.references)
        return field.kind.plain(value)
