# SPDX-License-Identifier: BSD-3-Clause
"""One configurable value of a classic resource: what it is called, may be, and is."""

import copy
from collections.abc import Callable, Iterable
from enum import IntFlag, StrEnum
from typing import Any, Self

SetHook = Callable[[Any, Any], Any]


class Types(StrEnum):
    """What kind of value an attribute has. String, the default, takes any value."""

    String = "STRING"
    Bool = "BOOL"
    Enumerate = "ENUM"
    Double = "DOUBLE"
    Integer = "INTEGER"


class Flags(IntFlag):
    """How an attribute may be used."""

    NoRead = 1
    NoWrite = 2
    Design = 4
    Construct = 8
    Credential = 16 | 4
    Filter = 32 | 4
    Reserved = 64
    Global = 128


_BOOLS = {"true": True, "false": False, "1": True, "0": False}


def _bool(value: Any) -> bool:
    return _BOOLS[str(value).lower()]


def _integer(value: Any) -> int:
    number = int(value)
    if not isinstance(value, str) and number != value:
        raise ValueError(value)
    return number


_CONVERT: dict[str, tuple[Callable[[Any], Any], str]] = {
    Types.Bool: (_bool, "True or False"),
    Types.Integer: (_integer, "a whole number"),
    Types.Double: (float, "a number"),
}


class Attribute:
    """A value with a name, help, type and limits; setting a value it may not have: ValueError.

    None means not set. *set_hook* (old, new) may return what to store instead of new.
    """

    __slots__ = (
        "__dict__",  # subclasses and scripts may hang what they like on it
        "_allowed",
        "_default",
        "_flags",
        "_help",
        "_name",
        "_range",
        "_set_hook",
        "_type",
        "_value",
    )

    def __init__(
        self,
        name: str,
        help: str,
        type: str = Types.String,
        flags: int | None = None,
        default: Any = None,
        allowed: Iterable[Any] | None = None,
        range: tuple[float, float] | None = None,
        set_hook: SetHook | None = None,
    ) -> None:
        self._name = name
        self._help = help
        self._type = Types(type)
        self._flags = Flags(flags or 0)
        self._default = default
        self._allowed = None if allowed is None else tuple(allowed)
        # The manual says (max, min), the code took (min, max): both are meant the same way.
        self._range = None if range is None else (min(range), max(range))
        self._set_hook = set_hook
        self._value = default

    @property
    def name(self) -> str:
        return self._name

    @property
    def help(self) -> str:
        return self._help

    @property
    def type(self) -> Types:
        return self._type

    @property
    def flags(self) -> Flags:
        return self._flags

    @property
    def default(self) -> Any:
        return self._default

    @property
    def allowed(self) -> tuple[Any, ...] | None:
        return self._allowed

    @property
    def range(self) -> tuple[float, float] | None:
        """The least and the greatest value allowed."""
        return self._range

    @property
    def has_changed(self) -> bool:
        """Whether the value is another than the default."""
        return bool(self._value != self._default)

    def has_flag(self, flag: int) -> bool:
        """Whether all bits of *flag* are set."""
        return (self._flags & flag) == flag

    def get_value(self) -> Any:
        return self._value

    def set_value(self, value: Any) -> None:
        """Set the value, checked and converted to the type; ValueError if it cannot be."""
        if value is not None or self._default is not None:
            value = self._checked(value)
        if self._set_hook is not None:
            hooked = self._set_hook(self._value, value)
            value = value if hooked is None else hooked
        self._value = value

    value = property(get_value, set_value)

    def is_valid_value(self, value: Any) -> bool:  # noqa: ARG002 - for subclasses to override
        """Whether *value* is acceptable; a subclass may know more about it."""
        return True

    def copy(self) -> Self:
        """Return an attribute of the same declaration and value, independent of this one."""
        return copy.copy(self)

    def _checked(self, value: Any) -> Any:
        if self._type is Types.Enumerate:
            allowed = self._allowed or ()
            if value not in allowed:
                raise self._refusal(value, f"one of {', '.join(map(str, allowed))}")
        elif value is not None:
            value = self._converted(value)
        if not self.is_valid_value(value):
            raise self._refusal(value, "a value its type accepts")
        return value

    def _converted(self, value: Any) -> Any:
        if self._type not in _CONVERT:
            return value
        convert, expected = _CONVERT[self._type]
        try:
            value = convert(value)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            raise self._refusal(value, expected) from None
        if self._range is not None and not self._range[0] <= value <= self._range[1]:
            low, high = self._range
            raise self._refusal(value, f"{expected} from {low} to {high}")
        return value

    def _refusal(self, value: Any, expected: str) -> ValueError:
        return ValueError(f"attribute {self._name!r} cannot be {value!r}; it takes {expected}")
