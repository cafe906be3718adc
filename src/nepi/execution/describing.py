# SPDX-License-Identifier: BSD-3-Clause
"""The half of an ExperimentController that describes: resources, values, what waits for what."""

from collections.abc import Iterable
from typing import Any

from nepi.core.conditions import Guid, Requirement
from nepi.core.lifecycle import State
from nepi.execution.attribute import Attribute, Flags
from nepi.execution.carrier import Carrier
from nepi.execution.errors import (
    FrozenAttributeError,
    ReservedAttributeError,
    UnknownGuidError,
)
from nepi.execution.relations import Guids, guids_of
from nepi.execution.resource import ResourceFactory
from nepi.execution.trace import Trace, TraceAttr
from nepi.util.guid import GuidGenerator
from nepi.util.timefuncs import delay_seconds


class Describing:
    """Knows the resources by their guids."""

    _carrier: Carrier

    def __init__(self) -> None:
        self._guid_generator = GuidGenerator()
        self._resources: dict[Guid, Any] = {}

    # -- resources ------------------------------------------------------------------------------

    @property
    def resources(self) -> list[Guid]:
        """The guids of all resources."""
        return list(self._resources)

    def register_resource(self, rtype: str, guid: Guid | None = None, **keywords: Any) -> Guid:
        """Add a resource of the type *rtype* and return its guid.

        Keywords are attributes, but for connectedTo=guid and autoDeploy=True.
        """
        made_of = ResourceFactory.known(rtype)
        if guid is not None and guid in self._resources:
            raise ValueError(f"guid {guid} is taken by {self._resources[guid].get_rtype()} already")
        chosen = self._guid_generator.next(guid)
        auto_deploy = keywords.pop("autoDeploy", False)
        connected_to = keywords.pop("connectedTo", None)
        rm = made_of(self, chosen)  # type: ignore[arg-type]
        for name, value in keywords.items():
            rm.set(name, value)
        self._carrier.adopt(rm)
        if connected_to is not None:
            self.register_connection(chosen, connected_to)
        if auto_deploy:
            self.deploy(chosen)
        return chosen

    def deploy(
        self, guids: Guids | None = None, wait_all_ready: bool = True, group: int | None = None
    ) -> None:
        """Deploy; see nepi.execution.ec."""
        raise NotImplementedError

    def remove_resource(self, guid: Guid) -> None:
        """Forget a resource."""
        self._rm(guid)
        del self._resources[guid]

    def get_resource(self, guid: Guid) -> Any:
        """Return the object of a resource; None if there is none of this guid."""
        return self._resources.get(guid)

    def get_resources_by_type(self, rtype: str) -> list[Any]:
        """Return the objects of all resources of exactly this type."""
        return [rm for rm in list(self._resources.values()) if rm.get_rtype() == rtype]

    def filter_resources(self, rtype: str) -> list[Guid]:
        """Return the guids of all resources of exactly this type."""
        return [rm.guid for rm in self.get_resources_by_type(rtype)]

    def _rm(self, guid: Guid) -> Any:
        try:
            return self._resources[guid]
        except KeyError:
            known = f"1 to {max(self._resources)}" if self._resources else "none yet"
            raise UnknownGuidError(
                f"no resource has the guid {guid!r}; register_resource() returned {known}"
            ) from None

    # -- attributes -----------------------------------------------------------------------------

    def get_attributes(self, guid: Guid) -> list[Attribute]:
        """Return copies of the attributes that its type declares."""
        found: list[Attribute] = self._rm(guid).get_attributes()
        return found

    def get_attribute(self, guid: Guid, name: str) -> Attribute:
        """Return a copy of one attribute that its type declares."""
        found: Attribute = self._rm(guid).get_attribute(name)
        return found

    def get(self, guid: Guid, name: str) -> Any:
        """Return the value of an attribute."""
        rm = self._rm(guid)
        value = rm.get(name)
        if rm.has_flag(name, Flags.NoRead):
            raise ReservedAttributeError(f"{rm.get_rtype()}: {name} is not for scripts to read")
        return value

    def set(self, guid: Guid, name: str, value: Any) -> None:
        """Set the value of an attribute; checked at once."""
        rm = self._rm(guid)
        if rm.has_flag(name, Flags.NoWrite):
            raise ReservedAttributeError(f"{rm.get_rtype()}: {name} is not for scripts to set")
        if rm.has_flag(name, Flags.Design) and rm.state >= State.READY:
            raise FrozenAttributeError(
                f"{rm.get_rtype()} {guid}: {name} can only be set before deploy(), "
                f"it is {rm.state.name} now"
            )
        rm.set(name, value)

    def get_global(self, rtype: str, name: str) -> Any:
        """Return the value that new resources of the type *rtype* get."""
        return ResourceFactory.known(rtype).get_global(name)

    def set_global(self, rtype: str, name: str, value: Any) -> Any:
        """Give an attribute another value in the resources of *rtype* still to come."""
        return ResourceFactory.known(rtype).set_global(name, value)

    # -- connections and conditions -------------------------------------------------------------

    def register_connection(self, guid1: Guid, guid2: Guid) -> None:
        """Make two resources neighbours; each side may refuse the other."""
        self._carrier.connect(self._rm(guid1), self._rm(guid2))

    def register_condition(
        self,
        guids1: Guids,
        action: int,
        guids2: Guids,
        state: int,
        time: str | float | None = None,
    ) -> None:
        """Let *action* of each of *guids1* wait until all of *guids2* reached *state*.

        *time* ("2s") is how long ago that has to be, at least.
        """
        group = guids_of(guids2)
        self._check(group)
        for rm in [self._rm(guid) for guid in guids_of(guids1)]:
            rm.register_condition(action, group, state, time)

    def set_with_conditions(
        self,
        name: str,
        value: Any,
        guids1: Guids,
        guids2: Guids,
        state: int,
        time: str | float | None = None,
    ) -> None:
        """Set an attribute of each of *guids1* once it is STARTED and the condition holds."""
        group = guids_of(guids2)
        self._check(group)
        needed = Requirement(frozenset(group), State(state), delay_seconds(time))
        for rm in [self._rm(guid) for guid in guids_of(guids1)]:
            rm.get(name)
            started = Requirement(frozenset([rm.guid]), State.STARTED)
            self._carrier.call(rm, name, value, (started, needed))

    def _check(self, guids: Iterable[Guid]) -> None:
        known = self._resources
        for guid in guids:
            if guid not in known:
                self._rm(guid)

    # -- traces ---------------------------------------------------------------------------------

    def enable_trace(self, guid: Guid, name: str) -> None:
        """Have a trace recorded."""
        self._rm(guid).enable_trace(name)

    def trace_enabled(self, guid: Guid, name: str) -> bool:
        """Tell whether a trace is recorded."""
        return bool(self._rm(guid).trace_enabled(name))

    def get_traces(self, guid: Guid) -> list[Trace]:
        """Return copies of the traces that its type declares."""
        found: list[Trace] = self._rm(guid).get_traces()
        return found

    def trace(
        self,
        guid: Guid,
        name: str,
        attr: str = TraceAttr.ALL,
        block: int = 512,
        offset: int = 0,
    ) -> Any:
        """Return what a trace recorded: all of it, a block, its path or its size."""
        return self._rm(guid).trace(name, attr, block, offset)
