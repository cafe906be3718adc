# SPDX-License-Identifier: BSD-3-Clause
"""Find resource types by name, whoever installed them.

A backend is a module announced by an entry point of the group `nepi.backends`, whose name is the
prefix of its types. The module lists its types (``TYPES``: name to "module:Class") and their other
names (``ALIASES``: other name to name) and is imported when a name with its prefix is first asked
for; the module of a type, when that type is.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Self, cast

from attrs import define, field

from nepi.resource.errors import (
    DeclarationError,
    RetiredTypeError,
    UnavailableBackendError,
    UnknownTypeError,
    nearest,
)
from nepi.resource.model import DECLARED, Resource
from nepi.resource.retired import retired

GROUP = "nepi.backends"


@define
class Backend:
    """The types of one platform, imported as late as possible."""

    prefix: str
    module: str
    _loaded: ModuleType | UnavailableBackendError | None = field(default=None, init=False)

    def listing(self) -> ModuleType:
        """Import the module that lists the types, or raise UnavailableBackendError saying why."""
        if self._loaded is None:
            self._loaded = self._import(self.module)
        if isinstance(self._loaded, UnavailableBackendError):
            raise self._loaded
        return self._loaded

    def _import(self, name: str) -> ModuleType | UnavailableBackendError:
        try:
            return import_module(name)
        except Exception as error:  # noqa: BLE001 - strangers' code; it becomes the answer
            why = UnavailableBackendError(
                f"the backend {self.prefix!r} cannot be used here: "
                f"{name}: {type(error).__name__}: {error}"
            )
            why.__cause__ = error
            return why

    def types(self) -> Mapping[str, str]:
        types = getattr(self.listing(), "TYPES", None)
        if not isinstance(types, Mapping):
            raise UnavailableBackendError(
                f"the backend {self.prefix!r} cannot be used here: {self.module} has no TYPES, "
                'a mapping of its resource types to "module:Class"'
            )
        return cast("Mapping[str, str]", types)

    def aliases(self) -> Mapping[str, str]:
        return cast("Mapping[str, str]", getattr(self.listing(), "ALIASES", {}))

    def load(self, rtype: str) -> type[Resource]:
        """Import the class of *rtype*, one of types()."""
        place, _, name = self.types()[rtype].partition(":")
        module = self._import(place)
        if isinstance(module, UnavailableBackendError):
            raise module
        cls = getattr(module, name, None)
        if not (isinstance(cls, type) and issubclass(cls, Resource) and cls.rtype == rtype):
            raise DeclarationError(
                f"the backend {self.prefix!r} lists {rtype} as {place}:{name}, which is "
                f"{cls!r} and not a resource type of this name"
            )
        return cls


class Registry(Mapping[str, type[Resource]]):
    """A read-only mapping from names such as ``linux::Node`` to classes.

    It also finds other names (``LinuxNode``) and types declared in this process, but goes through
    the names of usable backends only.
    """

    def __init__(self, backends: Iterable[Backend]) -> None:
        self._backends = {backend.prefix: backend for backend in backends}

    @classmethod
    def installed(cls) -> Self:
        """Return the registry of all installed backends; importing none of them yet."""
        return cls(Backend(prefix, module) for prefix, module in _announced())

    def __getitem__(self, rtype: str) -> type[Resource]:
        found = self._find(rtype)
        if found is not None:
            return found
        if rtype in DECLARED:
            return DECLARED[rtype]
        if why := retired(rtype):
            raise RetiredTypeError(f"there is no {rtype} any more: {why}")
        raise self._unknown(rtype)

    def _find(self, rtype: str) -> type[Resource] | None:
        own = self._backends.get(rtype.partition("::")[0])
        if own is not None and rtype in own.types():
            return own.load(rtype)
        for backend in self._usable():
            name = backend.aliases().get(rtype, rtype)
            if name in backend.types():
                return backend.load(name)
        return None

    def _unknown(self, rtype: str) -> UnknownTypeError:
        others = {alias for backend in self._usable() for alias in backend.aliases()}
        hint = nearest(rtype, {*self, *DECLARED, *others})
        for why in self.unavailable().values():
            hint += f" ({why})"
        return UnknownTypeError(f"there is no resource type {rtype!r}; {hint}")

    def __contains__(self, rtype: object) -> bool:
        names = {name for backend in self._usable() for name in backend.aliases()}
        return rtype in names or rtype in DECLARED or rtype in set(self)

    def __iter__(self) -> Iterator[str]:
        for backend in self._usable():
            yield from backend.types()

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _usable(self) -> list[Backend]:
        return [self._backends[p] for p in self._backends if p not in self.unavailable()]

    def unavailable(self) -> dict[str, str]:
        """Return the backends that cannot be used here, and why."""
        found: dict[str, str] = {}
        for prefix, backend in self._backends.items():
            try:
                backend.types()
            except UnavailableBackendError as error:
                found[prefix] = str(error)
        return found


@cache
def _announced() -> tuple[tuple[str, str], ...]:
    from importlib.metadata import entry_points

    return tuple(sorted((point.name, point.value) for point in entry_points(group=GROUP)))
