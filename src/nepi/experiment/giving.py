# SPDX-License-Identifier: BSD-3-Clause
"""How values that are set reach a resource of a running experiment, and what the journal says."""

import inspect
from collections.abc import Callable
from functools import partial

from attrs import define

from nepi.core.conditions import Guid
from nepi.experiment.roster import Roster
from nepi.experiment.secrecy import References, reference
from nepi.resource import Resource
from nepi.runtime.answers import Answer

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
        answer = Answer()

        def carry_out() -> None:
            try:
                answer.give(work())
            except Exception as error:  # noqa: BLE001 - told to whoever ordered it
                answer.give(error=error)

        self.schedule(0, carry_out)
        await answer.aio()

    def redacted(self, guid: Guid, name: str, value: object) -> object:
        """Return what the journal says in the place of *value*."""
        resource = self.roster.resources.get(guid)
        if resource is None:
            return value
        field = resource.field(name)
        if field.said.secret:
            return reference(resource, name, self.references)
        return field.kind.plain(value)
