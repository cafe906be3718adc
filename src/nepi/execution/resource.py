# SPDX-License-Identifier: BSD-3-Clause
"""What authors of classic resource types use: ResourceManager, its factory, its decorators.

A type inherits from ResourceManager, overrides do_ methods and says with set_ready() and its kin
where it is. What it declares is in `declared`, its life in `life`, its neighbours in `relations`.
"""

import functools
import weakref
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, ClassVar, Concatenate, ParamSpec, TypeVar, cast

from nepi.core.conditions import Guid
from nepi.execution.controller import Controller, Line
from nepi.execution.declared import Declared, clsinit, clsinit_copy
from nepi.execution.errors import UnknownTypeError
from nepi.execution.life import Life
from nepi.execution.relations import Related
from nepi.execution.states import ResourceAction, ResourceState, ResourceState2str
from nepi.execution.trace import TraceAttr
from nepi.resource.errors import RetiredTypeError, nearest

__all__ = [
    "ResourceAction",
    "ResourceFactory",
    "ResourceManager",
    "ResourceState",
    "ResourceState2str",
    "clsinit",
    "clsinit_copy",
    "failtrap",
]

P = ParamSpec("P")
R = TypeVar("R")
M = TypeVar("M", bound="type[ResourceManager]")

reschedule_delay = "0.5s"


def failtrap(
    func: Callable[Concatenate[Any, P], R],
) -> Callable[Concatenate[Any, P], R]:
    """Let the resource become FAILED when *func*, a method of it, raises; then raise on."""

    @functools.wraps(func)
    def trapped(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return func(self, *args, **kwargs)
        except Exception as error:
            cast("Life", self).blame(error, f"{func.__name__} failed")
            raise

    return trapped


class ResourceManager(Declared, Related, Life):
    """One resource of a classic experiment; the parent of every user-defined type."""

    _reschedule_delay = reschedule_delay
    computes_state: ClassVar[bool] = False

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.computes_state = cls.state is not ResourceManager.state

    def __init__(self, ec: Controller, guid: Guid) -> None:
        Declared.__init__(self)
        Related.__init__(self)
        Life.__init__(self, self.get_rtype())
        self._guid = guid
        self._ec = weakref.ref(ec)
        self.deployment_group: int | None = None

    @property
    def guid(self) -> Guid:
        return self._guid

    @property
    def ec(self) -> Any:
        """The ExperimentController; None when it is no more."""
        return self._ec()

    @property
    def reschedule_delay(self) -> str:
        """When a step that had to wait tries again, at the latest; new conditions wake it."""
        return self._reschedule_delay

    def log_message(self, msg: str) -> str:
        return f"{self.get_rtype()} guid {self._guid} - {msg}"

    def get_connected(self, rtype: str | None = None) -> list[Any]:
        """Return the neighbours, or those that are of the type *rtype* or of one below it."""
        ec = self.ec
        found = [ec.get_resource(guid) for guid in self._connections]
        return [rm for rm in found if rm and (rtype is None or rm.is_rm_instance(rtype))]

    def is_rm_instance(self, rtype: str) -> bool:
        """Whether this resource is of the type *rtype*, or of one below it."""
        return isinstance(self, ResourceFactory.known(rtype))

    def look(self) -> None:
        """Read a state that the type computes when asked, now and then, while it is STARTED."""
        if self.state == ResourceState.STARTED:
            self.ec.schedule(self.reschedule_delay, self.look)

    def trace(
        self,
        name: str,
        attr: str = TraceAttr.ALL,
        block: int = 512,
        offset: int = 0,
    ) -> Any:
        """Return what trace *name* recorded; a type that records something overrides this."""

    def _find_line(self) -> Line | None:
        ec = self._ec()
        return ec.line(self._guid) if ec is not None else None


class ResourceFactory:
    """The classic types of this process, by rtype."""

    _resource_types: ClassVar[dict[str, type[ResourceManager]]] = {}
    _elsewhere: ClassVar[list[Callable[[str], type[ResourceManager]]]] = []

    @classmethod
    def resource_types(cls) -> dict[str, type[ResourceManager]]:
        """Return what is registered: rtype -> class."""
        return cls._resource_types

    @classmethod
    def get_resource_type(cls, rtype: str) -> type[ResourceManager] | None:
        """Return the class of *rtype*, None if it is unknown."""
        try:
            return cls.known(rtype)
        except UnknownTypeError:
            return None

    @classmethod
    def known(cls, rtype: str) -> type[ResourceManager]:
        """Return the class of *rtype*; UnknownTypeError, a KeyError, names the nearest."""
        own = cls._resource_types
        if rtype in own:
            return own[rtype]
        unknown = f"there is no resource type {rtype!r}; {nearest(rtype, own)}"
        for find in cls._elsewhere:
            try:
                return find(rtype)
            except RetiredTypeError:
                raise
            except UnknownTypeError as error:
                if not get_close_matches(rtype, own):
                    unknown = str(error)
        raise UnknownTypeError(unknown)

    @classmethod
    def look_in(cls, find: Callable[[str], type[ResourceManager]]) -> None:
        """Ask *find*, too, for types that nobody registered here."""
        cls._elsewhere.append(find)

    @classmethod
    def register_type(cls, rclass: M) -> M:
        """Make *rclass* known under its rtype."""
        cls._resource_types[rclass.get_rtype()] = rclass
        return rclass

    @classmethod
    def create(cls, rtype: str, ec: Controller, guid: Guid) -> ResourceManager:
        """Make a resource of the type *rtype*."""
        return cls.known(rtype)(ec, guid)


ResourceFactory.register_type(ResourceManager)
