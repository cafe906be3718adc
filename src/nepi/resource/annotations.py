# SPDX-License-Identifier: BSD-3-Clause
"""From the annotation of an attribute to the kind of its values.

`Value` lets an annotation say both what an attribute is inside and what users may give, so that
type checkers accept ``interval="200 ms"`` where reading gives a float.
"""

import sys
import types
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path, PurePath
from typing import (
    TYPE_CHECKING,
    Any,
    Generic,
    Literal,
    Self,
    TypeAlias,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    overload,
)

from nepi.resource.compounds import ByName, OneOf, Optional, Several
from nepi.resource.errors import DeclarationError
from nepi.resource.kinds import (
    Choice,
    Data,
    FilePath,
    Kind,
    Number,
    Parsed,
    Text,
    Truth,
    Whole,
    choice_of,
)
from nepi.resource.units import UNITS, Unit

InsideT = TypeVar("InsideT")
GivenT = TypeVar("GivenT")


class Value(Generic[InsideT, GivenT]):
    """Annotation of an attribute that is an *InsideT* and may be given as a *GivenT*.

    Only type checkers ever look at the methods: they read them as those of a descriptor.
    """

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: type) -> InsideT: ...
        def __get__(self, instance: object | None, owner: type) -> Self | InsideT: ...
        def __set__(self, instance: object, value: GivenT) -> None: ...


Quantity: TypeAlias = Value[float, float | str]
"""A number with a unit: a float inside, given as a number or as a text such as ``200 ms``."""

MaybeQuantity: TypeAlias = Value[float | None, float | str | None]
WholeQuantity: TypeAlias = Value[int, int | str]
MaybeWholeQuantity: TypeAlias = Value[int | None, int | str | None]


def evaluated(annotation: object, owner: type, name: str) -> Any:
    """Return the type that *annotation* of *owner*'s attribute *name* means, text or not."""
    if not isinstance(annotation, str):
        return annotation
    holder = types.SimpleNamespace(__annotations__={name: annotation})
    module = vars(sys.modules[owner.__module__])
    try:
        return get_type_hints(holder, globalns=module, localns=dict(vars(owner)))[name]
    except (NameError, SyntaxError, TypeError) as error:
        raise DeclarationError(
            f"{owner.__qualname__}.{name}: its annotation {annotation!r} means nothing at run time "
            f"({error}); import what it names outside of TYPE_CHECKING"
        ) from error


def kind_of(annotation: Any, unit: str | None = None) -> Kind:
    """Return the kind of values that *annotation* stands for, or raise TypeError."""
    if unit is not None and unit not in UNITS:
        raise TypeError(f"there is no unit {unit!r}; there is {', '.join(UNITS)}")
    return _kind(annotation, UNITS.get(unit or ""))


_SIMPLE: Mapping[object, Callable[[], Kind]] = {
    str: Text,
    bool: Truth,
    bytes: Data,
    Path: FilePath,
    PurePath: FilePath,
    object: Kind,
    Any: Kind,
}
_SEVERAL: Mapping[object, type] = {list: list, tuple: tuple, Sequence: tuple}
_BY_NAME: Mapping[object, type] = {dict: dict, Mapping: types.MappingProxyType}


def _kind(annotation: Any, unit: Unit | None) -> Kind:
    if annotation is float:
        return Number(unit)
    if annotation is int:
        return Whole(unit)
    if annotation in _SIMPLE:
        return _SIMPLE[annotation]()
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return _class_kind(annotation)
    return _generic_kind(get_origin(annotation), get_args(annotation), unit, annotation)


def _class_kind(cls: type[Any]) -> Kind:
    if issubclass(cls, Enum):
        return choice_of(cls)
    if cls.__module__ == "ipaddress":
        return Parsed(cls)
    raise _unsupported(cls)


def _generic_kind(origin: Any, args: tuple[Any, ...], unit: Unit | None, whole: Any) -> Kind:
    if origin is Value:
        return _kind(args[0], unit)
    if origin is Literal:
        return Choice({str(option): option for option in args})
    if origin in {Union, types.UnionType}:
        return _union_kind(args, unit)
    if origin in _SEVERAL and (origin is not tuple or Ellipsis in args):
        return Several(_kind(args[0], unit), _SEVERAL[origin])
    if origin in _BY_NAME:
        return ByName(_kind(args[0], None), _kind(args[1], unit), _BY_NAME[origin])
    raise _unsupported(whole)


def _union_kind(args: tuple[Any, ...], unit: Unit | None) -> Kind:
    kinds = tuple(_kind(arg, unit) for arg in args if arg is not types.NoneType)
    inner = kinds[0] if len(kinds) == 1 else OneOf(kinds)
    return Optional(inner) if types.NoneType in args else inner


def _unsupported(annotation: Any) -> TypeError:
    return TypeError(
        f"an attribute cannot be a {annotation}; it can be str, int, float, bool, bytes, Path, an "
        "Enum, a Literal, an address of ipaddress, and list, tuple, Sequence, dict, Mapping, "
        "Value or | of these"
    )
