# SPDX-License-Identifier: BSD-3-Clause
"""Objects with declared attributes and traces: making them, changing them, writing them down.

How the declarations are compiled is in `nepi.resource.blueprint`; nothing here knows experiments,
but that they may have fixed the design.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, dataclass_transform

from nepi.resource.blueprint import Blueprint, Field, blueprint, collect
from nepi.resource.declaring import attribute, internal
from nepi.resource.errors import (
    FrozenAttributeError,
    InvalidValueError,
    MissingValueError,
    UnknownAttributeError,
    UnknownTraceError,
    nearest,
)
from nepi.resource.traces import Trace


@dataclass_transform(kw_only_default=True, eq_default=False, field_specifiers=(attribute, internal))
class Configured:
    """Has the attributes and traces that its class declares, and nothing else."""

    rtype: ClassVar[str] = ""
    _blueprint: ClassVar[Blueprint | None] = None
    _traces: dict[str, str | None] | None = internal(default=None)

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._blueprint = None
        collect(cls)

    @classmethod
    def blueprint(cls) -> Blueprint:
        """Return the compiled declarations."""
        made = cls._blueprint
        if made is None:
            made = cls._blueprint = blueprint(cls)
        return made

    @classmethod
    def draft(cls, **values: object) -> Self:
        """Make one whose required attributes may be given later; `missing` names them."""
        made = cls.__new__(cls)
        made._fill(values)  # noqa: SLF001 - its own class
        return made

    # Type checkers make the constructor from the declarations, and refuse names not declared.
    if not TYPE_CHECKING:  # pragma: no branch

        def __init__(self, *given: object, **values: object) -> None:
            if given:
                values = self._named(given, values)
            self._fill(values)
            if missing := self.blueprint().required.difference(values):
                names = ", ".join(sorted(missing))
                raise MissingValueError(f"{self.label}: {names} must be given")

        def __setattr__(self, name: str, value: object) -> None:
            plan = self.blueprint()
            if name in plan.fields:
                self._change(plan.fields[name], value)
            elif name.startswith("_") or name in plan.names:
                object.__setattr__(self, name, value)
            else:
                raise self._unknown(name)

        def __getattr__(self, name: str) -> Any:
            plan = self.blueprint()
            if name in plan.fields:
                raise MissingValueError(f"{self.label}: {name} must be given first")
            if name.startswith("_") or name in plan.names:
                raise AttributeError(f"{self.label} has no {name}", name=name, obj=self)
            raise self._unknown(name)

    def _named(self, given: tuple[object, ...], values: dict[str, object]) -> dict[str, object]:
        names = self.blueprint().positional
        if len(given) > len(names):
            raise TypeError(
                f"{self.rtype or type(self).__name__} takes {len(names)} arguments by position "
                f"({', '.join(names) or 'none'}), not {len(given)}: name the others"
            )
        named = dict(zip(names, given, strict=False))
        if twice := named.keys() & values.keys():
            raise TypeError(f"{', '.join(twice)} given twice, by position and by name")
        return named | values

    def _fill(self, values: Mapping[str, object]) -> None:
        plan = self.blueprint()
        store = self.__dict__
        store.update(plan.defaults)
        for name, make in plan.makers:
            store[name] = make()
        fields = plan.fields
        for name, value in values.items():
            field = fields.get(name)
            if field is not None:
                store[name] = field.convert(value, self.label)
            elif name in plan.traces:
                self.set_trace(name, to=value)
            else:
                raise self._unknown(name)

    @property
    def label(self) -> str:
        """How messages call it."""
        rtype, name = self.rtype or type(self).__name__, self.__dict__.get("name")
        return f"{rtype} {name!r}" if name else rtype

    def __repr__(self) -> str:
        values = self.values().items()
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in values)})"

    def _fixed(self) -> bool:
        """Say whether what is configured can no longer be changed."""
        return False

    def _change(self, field: Field, value: object) -> None:
        """Assign an attribute."""
        self._check_free(field)
        self.__dict__[field.name] = field.convert(value, self.label)

    def _check_free(self, field: Field) -> None:
        if not field.live and self._fixed():
            raise FrozenAttributeError(
                f"{self.label}: {field.name} can only be changed before deploy(): "
                "release the experiment and make a new one"
            )

    def field(self, name: str) -> Field:
        """Return what is declared of attribute *name*."""
        try:
            return self.blueprint().fields[name]
        except KeyError:
            raise self._unknown(name) from None

    def _unknown(self, name: str) -> UnknownAttributeError:
        hint = nearest(name, self.blueprint().arguments)
        return UnknownAttributeError(f"{self.label}: there is no attribute {name!r}; {hint}")

    def checked(self, values: Mapping[str, object]) -> dict[str, Any]:
        """Return *values* as they are inside, if these attributes may be changed now."""
        found: dict[str, Any] = {}
        for name, value in values.items():
            field = self.field(name)
            self._check_free(field)
            found[name] = field.convert(value, self.label)
        return found

    def apply(self, name: str, value: object) -> None:
        """Store a value that was set by the experiment, which has checked that it may be."""
        self.__dict__[name] = self.field(name).convert(value, self.label)

    def set_classic(self, name: str, value: object) -> None:
        """Set an attribute by the name and in the way in which NEPI scripts do."""
        field = self.field(self.blueprint().classic.get(name, name))
        if field.said.from_classic is not None and value is not None:
            value = field.said.from_classic(value)
        setattr(self, field.name, value)

    def missing(self) -> tuple[str, ...]:
        """Return the attributes that must be given and have not been."""
        return tuple(sorted(self.blueprint().required.difference(self.__dict__)))

    def values(self, *, changed_only: bool = True, secrets: bool = False) -> dict[str, Any]:
        """Return attributes and their values inside: those that are not the default, or all."""
        plan, store = self.blueprint(), self.__dict__
        first = plan.defaults
        # Most values are the very objects that the class has as defaults: a quick look first.
        there = [name for name in plan.fields if name in store]
        if changed_only:
            there = [name for name in there if first.get(name, self) is not store[name]]
            made = {name: make() for name, make in plan.makers if name in plan.fields}
            default = {name: first.get(name, made.get(name, self)) for name in there}
            there = [name for name in there if default[name] != store[name]]
        return {name: store[name] for name in there if secrets or not plan.fields[name].said.secret}

    def plain_values(self, *, changed_only: bool = True, secrets: bool = False) -> dict[str, Any]:
        """Return attributes as JSON has them; constructing with these gives the same values."""
        fields = self.blueprint().fields
        values = self.values(changed_only=changed_only, secrets=secrets)
        return {name: fields[name].kind.plain(value) for name, value in values.items()}

    # -- traces ---------------------------------------------------------------------------------

    def set_trace(self, name: str, *, to: object) -> None:
        """Switch a trace on or off, or name its file."""
        trace = self._trace(name)
        if self._fixed():
            raise FrozenAttributeError(f"{self.label}: choose traces before deploy(), also {name}")
        try:
            chosen = trace.chosen(to)
        except ValueError as error:
            raise InvalidValueError(f"{self.label}: trace {name}: {error}") from None
        self._traces = {**(self._traces or {}), name: chosen}

    def _trace(self, name: str) -> Trace:
        traces = self.blueprint().traces
        try:
            return traces[name]
        except KeyError:
            hint = nearest(name, traces)
            raise UnknownTraceError(f"{self.label}: no trace {name!r}; {hint}") from None

    def traces(self) -> dict[str, str | None]:
        """Return every trace and the name of its file; None: it is not kept."""
        declared = self.blueprint().traces.items()
        return {name: trace.chosen(trace.enabled) for name, trace in declared} | (
            self._traces or {}
        )

    def plain_traces(self) -> dict[str, bool | str]:
        """Return what was chosen about traces, as JSON has it."""
        declared = self.blueprint().traces
        return {
            name: False if file is None else file == declared[name].file or file
            for name, file in (self._traces or {}).items()
        }


collect(Configured)  # only its subclasses are collected by themselves
