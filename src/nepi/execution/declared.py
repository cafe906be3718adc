# SPDX-License-Identifier: BSD-3-Clause
"""What a classic type declares (attributes, traces) and the values its instances give to that.

Instances share the declarations of their class and copy one only when they set it: ten thousand
resources hold ten thousand values, not ten thousand times all attributes.
"""

from collections.abc import Iterable
from typing import Any, ClassVar, TypeVar

from nepi.execution.attribute import Attribute, Flags, Types
from nepi.execution.errors import UnknownAttributeError, UnknownTraceError
from nepi.execution.trace import Trace
from nepi.resource.errors import nearest

C = TypeVar("C", bound="type[Declared]")


def common_attributes() -> Iterable[Attribute]:
    """Return the attributes of every classic resource, whatever its class declares."""
    yield Attribute(
        "critical",
        "Whether a failure of this resource ends the experiment",
        type=Types.Bool,
        default=True,
        flags=Flags.Design,
    )
    yield Attribute(
        "hardRelease",
        "Whether release also removes the results and the resource itself",
        type=Types.Bool,
        default=False,
        flags=Flags.Design,
    )


class Declared:
    """A class with attributes and traces, its own or shared with its parent (see clsinit)."""

    _rtype: ClassVar[str] = "Resource"
    _help: ClassVar[str] = ""
    _platform: ClassVar[str] = ""
    _backend: ClassVar[str] = ""
    """What types written for NEPI before 2015 call their platform."""
    _attributes: ClassVar[dict[str, Attribute]] = {a.name: a for a in common_attributes()}
    _traces: ClassVar[dict[str, Trace]] = {}

    def __init__(self) -> None:
        # The class's own dict, held fast: set_global gives the class another one.
        self._declared = self._attributes
        self._changed: dict[str, Attribute] | None = None
        self._chosen: dict[str, Trace] | None = None

    # -- the class ------------------------------------------------------------------------------

    @classmethod
    def _register_attribute(cls, attr: Attribute) -> None:
        cls._attributes[attr.name] = attr

    @classmethod
    def _remove_attribute(cls, name: str) -> None:
        del cls._attributes[name]

    @classmethod
    def _register_trace(cls, trace: Trace) -> None:
        cls._traces[trace.name] = trace

    @classmethod
    def _remove_trace(cls, name: str) -> None:
        del cls._traces[name]

    @classmethod
    def _register_attributes(cls) -> None:
        """Register the attributes of this class; for authors of types to override."""

    @classmethod
    def _register_traces(cls) -> None:
        """Register the traces of this class; for authors of types to override."""

    @classmethod
    def _clsinit(cls) -> None:
        cls._attributes = {attr.name: attr for attr in common_attributes()}
        cls._traces = {}
        cls._register_attributes()
        cls._register_traces()

    @classmethod
    def _clsinit_copy(cls) -> None:
        cls._attributes = {name: attr.copy() for name, attr in cls._attributes.items()}
        cls._traces = {name: trace.copy() for name, trace in cls._traces.items()}
        cls._register_attributes()
        cls._register_traces()

    @classmethod
    def get_rtype(cls) -> str:
        return cls._rtype

    @classmethod
    def get_help(cls) -> str:
        return cls._help

    @classmethod
    def get_platform(cls) -> str:
        return cls._platform or cls._backend

    get_backend = get_platform

    @classmethod
    def get_attributes(cls) -> list[Attribute]:
        """Return copies of the class's attributes; their values are those new instances get."""
        return [attr.copy() for attr in cls._attributes.values()]

    @classmethod
    def get_attribute(cls, name: str) -> Attribute:
        """Return a copy of one attribute of the class."""
        return cls._found(cls._attributes, name).copy()

    @classmethod
    def get_traces(cls) -> list[Trace]:
        """Return copies of the class's traces."""
        return [trace.copy() for trace in cls._traces.values()]

    @classmethod
    def get_global(cls, name: str) -> Any:
        """Return the value that new instances get."""
        return cls._found(cls._attributes, name).value

    @classmethod
    def set_global(cls, name: str, value: Any) -> Any:
        """Give *name* another value in the instances still to come; return the value."""
        attr = cls._found(cls._attributes, name).copy()
        attr.value = value
        owner = next(c for c in cls.__mro__ if "_attributes" in vars(c))
        owner._attributes = {**cls._attributes, name: attr}  # type: ignore[attr-defined]  # noqa: SLF001
        return attr.value

    @classmethod
    def _found(cls, attributes: dict[str, Attribute], name: str) -> Attribute:
        try:
            return attributes[name]
        except KeyError:
            raise UnknownAttributeError(
                f"{cls.get_rtype()} has no attribute {name!r}; {nearest(name, attributes)}"
            ) from None

    # -- the instance ---------------------------------------------------------------------------

    @property
    def _attrs(self) -> dict[str, Attribute]:
        """The attributes of this instance alone; types written for NEPI reach into them."""
        own = self._changed or {}
        self._changed = {n: own[n] if n in own else a.copy() for n, a in self._declared.items()}
        return self._changed

    @property
    def _trcs(self) -> dict[str, Trace]:
        """The traces of this instance alone; types written for NEPI reach into them."""
        if self._chosen is None:
            self._chosen = {name: trace.copy() for name, trace in self._traces.items()}
        return self._chosen

    def _attribute(self, name: str) -> Attribute:
        if self._changed and name in self._changed:
            return self._changed[name]
        return self._found(self._declared, name)

    def set(self, name: str, value: Any) -> None:
        """Set attribute *name*; ValueError if it cannot have this value."""
        attr = self._attribute(name)
        if self._changed is None:
            self._changed = {}
        if name not in self._changed:
            attr = attr.copy()
        attr.value = value
        self._changed[name] = attr

    def get(self, name: str) -> Any:
        """Return the value of attribute *name*."""
        return self._attribute(name).value

    def has_attribute(self, name: str) -> bool:
        return name in self._declared

    def has_changed(self, name: str) -> bool:
        """Whether the value of *name* is another than its default."""
        return self._attribute(name).has_changed

    def has_flag(self, name: str, flag: int) -> bool:
        return self._attribute(name).has_flag(flag)

    def enable_trace(self, name: str) -> None:
        self._own_trace(name).enabled = True

    def trace_enabled(self, name: str) -> bool:
        return self._own_trace(name).enabled

    def _own_trace(self, name: str) -> Trace:
        try:
            return self._trcs[name]
        except KeyError:
            raise UnknownTraceError(
                f"{self.get_rtype()} leaves no trace {name!r}; {nearest(name, self._traces)}"
            ) from None


def clsinit(cls: C) -> C:
    """Give a class attributes and traces of its own, beginning with none but the common ones."""
    cls._clsinit()  # pyright: ignore[reportPrivateUsage] - it is there for this decorator
    return cls


def clsinit_copy(cls: C) -> C:
    """Give a class attributes and traces of its own, beginning with its parent's."""
    cls._clsinit_copy()  # pyright: ignore[reportPrivateUsage] - likewise
    return cls
