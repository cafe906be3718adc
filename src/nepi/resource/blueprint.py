# SPDX-License-Identifier: BSD-3-Clause
"""A resource type made ready for use: what its body declares, checked and compiled.

Collected when the class is made; compiled when it is first used, so that importing many types
costs little, and an instance costs a copy of the defaults.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeGuard, get_origin

from attrs import frozen

from nepi.resource.annotations import evaluated, kind_of
from nepi.resource.declaring import Declaration, Internal, Phase
from nepi.resource.errors import DeclarationError, InvalidValueError
from nepi.resource.kinds import Kind
from nepi.resource.ports import Connects
from nepi.resource.traces import Trace

OWN = "_own_declarations"

Maker = tuple[str, Callable[[], Any]]


@frozen(eq=False)
class Field:
    """One configurable attribute of one type."""

    name: str
    kind: Kind
    said: Declaration

    @property
    def classic(self) -> str:
        """Its name in the classic interface: ``packet_size`` is ``packetSize``."""
        first, *others = self.name.split("_")
        return self.said.classic or first + "".join(word.capitalize() for word in others)

    @property
    def live(self) -> bool:
        """Whether it may be changed after the resource was deployed."""
        return self.said.phase is Phase.LIVE

    def schema(self) -> dict[str, object]:
        """Return the JSON schema of its values."""
        schema = self.kind.schema()
        bounded = self.said.limits.schema(schema) if self.said.limits else schema
        return {**bounded, "description": self.said.help}

    def convert(self, value: object, who: str) -> Any:
        """Return the value inside that *value* means, or raise InvalidValueError naming *who*."""
        try:
            inside = self.kind.parse(value)
            if inside is not None:
                self._check(inside)
        except ValueError as error:
            reason = "not a value it can have (it is secret)" if self.said.secret else error
            raise InvalidValueError(f"{who}: {self.name}: {reason}") from None
        return inside

    def _check(self, inside: Any) -> None:
        if self.said.limits is not None:
            self.said.limits.check(inside)
        if self.said.validate is not None:
            self.said.validate(inside)

    def default(self) -> Any:
        """Return the value inside that it has when none is given."""
        given = self.said.default if self.said.factory is None else self.said.factory()
        return self.convert(given, "default")


@frozen(eq=False)
class Blueprint:
    """All that is declared by a class and by those it inherits from."""

    fields: Mapping[str, Field]
    traces: Mapping[str, Trace]
    ports: Mapping[str, Connects[Any, Any]]
    names: frozenset[str]
    """Every name that the class knows: nothing else may be set."""
    defaults: Mapping[str, Any]
    makers: tuple[Maker, ...]
    required: frozenset[str]
    positional: tuple[str, ...]
    classic: Mapping[str, str]

    @property
    def arguments(self) -> frozenset[str]:
        """The names that can be given to the constructor."""
        return frozenset({*self.fields, *self.traces})


def collect(cls: type) -> None:
    """Take the declarations out of the body of *cls*, for `blueprint` to compile later."""
    own = {name: each for name, each in vars(cls).items() if isinstance(each, Internal)}
    annotations: Mapping[str, object] = vars(cls).get("__annotations__", {})
    for name in own:
        if name not in annotations:
            raise DeclarationError(f"{cls.__qualname__}.{name} needs an annotation: its type")
        delattr(cls, name)
    for name, annotation in annotations.items():
        if not (name in own or _is_for_the_class(annotation, vars(cls).get(name))):
            raise DeclarationError(
                f"{cls.__qualname__}.{name}: declare it with attribute(help=...) if users "
                "configure it, with internal(default=...) if it is run state"
            )
    setattr(cls, OWN, {name: (each, annotations[name]) for name, each in own.items()})


def _is_for_the_class(annotation: object, value: object) -> bool:
    if isinstance(value, Trace | Connects):
        return True
    if isinstance(annotation, str):
        return annotation.startswith(("ClassVar", "typing.ClassVar"))
    return annotation is ClassVar or get_origin(annotation) is ClassVar


def blueprint(cls: type) -> Blueprint:
    """Compile the declarations of *cls* and of those it inherits from."""
    states, fields = _split(cls)
    given = {name: field for name, field in fields.items() if not field.said.required}
    defaults, makers = _first_values(cls, states, given)
    found = _attributes_of_classes(cls)
    return Blueprint(
        fields=fields,
        traces={name: each for name, each in found.items() if isinstance(each, Trace)},
        ports={name: each for name, each in found.items() if _is_port(each)},
        names=frozenset(states) | frozenset(found),
        defaults=defaults,
        makers=makers,
        required=frozenset(fields) - frozenset(given),
        positional=tuple(name for name, field in fields.items() if field.said.positional),
        classic={field.classic: name for name, field in fields.items()},
    )


def _is_port(value: object) -> TypeGuard[Connects[Any, Any]]:
    return isinstance(value, Connects)


def _first_values(
    cls: type, states: Mapping[str, Internal], fields: Mapping[str, Field]
) -> tuple[dict[str, Any], tuple[Maker, ...]]:
    """Return the defaults that instances share, and how to make those that they do not."""
    defaults = {name: state.default for name, state in states.items() if state.factory is None}
    makers: list[Maker] = [
        (name, state.factory) for name, state in states.items() if state.factory is not None
    ]
    for name, field in fields.items():
        first = _default(cls, field)
        # What can be changed in place is not shared.
        if field.said.factory is not None or isinstance(first, list | dict):
            makers.append((name, field.default))
        else:
            defaults[name] = first
    return defaults, tuple(makers)


def _split(cls: type) -> tuple[dict[str, Internal], dict[str, Field]]:
    """Sort what was declared, the parents' first, into run state and attributes."""
    states: dict[str, Internal] = {}
    fields: dict[str, Field] = {}
    for base in reversed(cls.__mro__):
        for name, (said, annotation) in vars(base).get(OWN, {}).items():
            if isinstance(said, Declaration):
                states.pop(name, None)
                fields[name] = _field(base, name, said, annotation)
            else:
                fields.pop(name, None)
                states[name] = said
    return states, fields


def _field(owner: type, name: str, said: Declaration, annotation: object) -> Field:
    try:
        return Field(name, kind_of(evaluated(annotation, owner, name), said.unit), said)
    except TypeError as error:
        raise DeclarationError(f"{owner.__qualname__}.{name}: {error}") from None


def _default(cls: type, field: Field) -> Any:
    try:
        return field.default()
    except InvalidValueError as error:
        raise DeclarationError(f"{cls.__qualname__}: {error}") from None


def _attributes_of_classes(cls: type) -> dict[str, object]:
    """Return what the classes themselves have, and the names of what they only annotate."""
    found: dict[str, object] = {}
    for base in reversed(cls.__mro__):
        found |= dict.fromkeys(vars(base).get("__annotations__", ()))
        found |= vars(base)
    return found
