# SPDX-License-Identifier: BSD-3-Clause
"""Kinds of single values: how what users write becomes the value inside, and is written again.

A kind knows neither the attribute nor the resource it serves; what is wrong with a value it says
by ValueError. Kinds made of other kinds are in `nepi.resource.compounds`.
"""

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path, PurePath
from typing import Any, ClassVar, cast

from attrs import frozen

from nepi.resource.errors import nearest
from nepi.resource.units import Unit

Schema = dict[str, object]

_NAMES = {"str": "text", "int": "a number", "float": "a number", "NoneType": "nothing"}


def refused(value: object, wanted: str) -> ValueError:
    """Say that *value* is not *wanted*."""
    name = type(value).__name__
    return ValueError(f"{value!r} is {_NAMES.get(name, f'a {name}')}, it takes {wanted}")


class Kind:
    """One kind of value; this one takes anything, and JSON has to be able to hold it."""

    _name: ClassVar[str] = "anything"

    @property
    def name(self) -> str:
        """How messages and the documentation call it."""
        return self._name

    def parse(self, value: object) -> Any:
        """Return the value inside that *value* means, or raise ValueError saying what would do."""
        return value

    def holds(self, value: object) -> bool:  # noqa: ARG002 - other kinds look at it
        """Say whether *value* is one already."""
        return True

    def plain(self, value: Any) -> Any:
        """Return *value* as JSON has it, such that parse(plain(value)) == value."""
        return value

    def tagged(self, value: Any) -> Any:
        """Return *value* as JSON has it, to be recognised among other kinds."""
        return self.plain(value)

    def schema(self) -> Schema:
        """Return the JSON schema of what parse takes."""
        return {}

    def choices(self) -> tuple[str, ...]:
        """Return the texts there are to choose from, if it is a choice."""
        return ()


class Text(Kind):
    """Text, for a person or for a command line: so it holds no NUL."""

    _name = "text"

    def parse(self, value: object) -> str:
        if not isinstance(value, str):
            quoted = str(value) if isinstance(value, int | float) else "text"
            raise refused(value, f'text, in quotes: "{quoted}"')
        if "\0" in value:
            raise ValueError(f"{value!r} has a NUL character in it")
        return value

    def holds(self, value: object) -> bool:
        return isinstance(value, str)

    def schema(self) -> Schema:
        return {"type": "string"}


_TRUTHS = {"true": True, "yes": True, "on": True, "1": True} | {
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


class Truth(Kind):
    """True or false."""

    _name = "boolean"

    def parse(self, value: object) -> bool:
        if isinstance(value, bool):
            return value
        found = _TRUTHS.get(str(value).lower()) if isinstance(value, str | int) else None
        if found is None:
            raise refused(value, "true or false")
        return found

    def holds(self, value: object) -> bool:
        return isinstance(value, bool)

    def schema(self) -> Schema:
        return {"type": "boolean"}


@frozen
class Whole(Kind):
    """A whole number, perhaps of something."""

    unit: Unit | None = None
    _name = "integer"

    def parse(self, value: object) -> int:
        if type(value) is int:
            return value
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise refused(value, "a whole number")
        if self.unit:
            return self.unit.parse_whole(value)
        try:
            whole = int(value)
        except (ValueError, OverflowError):
            raise refused(value, "a whole number") from None
        if whole != value and not isinstance(value, str):
            raise refused(value, "a whole number")
        return whole

    def holds(self, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    def plain(self, value: int) -> int | str:
        return self.unit.format(value) if self.unit else value

    def schema(self) -> Schema:
        return {"type": ["integer", "string"] if self.unit else "integer"}


@frozen
class Number(Kind):
    """A finite number, perhaps with a unit."""

    unit: Unit | None = None
    _name = "number"

    def parse(self, value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise refused(value, self._wanted())
        if self.unit:
            return self.unit.parse(value)
        try:
            number = float(value)
        except (ValueError, OverflowError):
            raise refused(value, self._wanted()) from None
        if not math.isfinite(number):
            raise refused(value, self._wanted())
        return number

    def _wanted(self) -> str:
        return f"a {self.unit.quantity} like {self.unit.example!r}" if self.unit else "a number"

    def holds(self, value: object) -> bool:
        return isinstance(value, float) and math.isfinite(value)

    def plain(self, value: float) -> float | str:
        return self.unit.format(value) if self.unit else value

    def schema(self) -> Schema:
        return {"type": ["number", "string"] if self.unit else "number"}


def _untagged(value: object, tag: str) -> object:
    """Return what ``{tag: it}`` holds; anything else as it is."""
    if not isinstance(value, Mapping):
        return value
    pairs = cast("Mapping[object, object]", value)
    return pairs[tag] if set(pairs) == {tag} else pairs


def _tagged_schema(tag: str) -> Schema:
    return {
        "type": "object",
        "properties": {tag: {"type": "string"}},
        "required": [tag],
        "additionalProperties": False,
    }


class FilePath(Kind):
    """The path of a file or folder where the experiment is controlled from."""

    _name = "path"

    def parse(self, value: object) -> Path:
        value = _untagged(value, "path")
        if not isinstance(value, str | PurePath):
            raise refused(value, "a path")
        text = str(value)
        if not text or "\0" in text:
            raise ValueError(f"{text!r} is not the path of anything")
        return Path(text)

    def holds(self, value: object) -> bool:
        return isinstance(value, PurePath)

    def plain(self, value: Path) -> str:
        return str(value)

    def tagged(self, value: Path) -> dict[str, str]:
        return {"path": str(value)}

    def schema(self) -> Schema:
        return {"anyOf": [{"type": "string"}, _tagged_schema("path")]}


class Data(Kind):
    """Bytes as they are."""

    _name = "bytes"

    def parse(self, value: object) -> bytes:
        text = _untagged(value, "base64")
        if isinstance(value, bytes | bytearray):
            return bytes(value)
        if text is value or not isinstance(text, str):
            raise refused(value, 'bytes, or {"base64": "..."}')
        return self._decoded(text)

    @staticmethod
    def _decoded(text: str) -> bytes:
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"{text!r} is not base64") from None

    def holds(self, value: object) -> bool:
        return isinstance(value, bytes)

    def plain(self, value: bytes) -> dict[str, str]:
        return {"base64": base64.b64encode(value).decode("ascii")}

    def schema(self) -> Schema:
        return _tagged_schema("base64")


@frozen
class Choice(Kind):
    """One of a few values, each known by its text."""

    options: Mapping[str, Any]

    @property
    def name(self) -> str:
        return "one of " + ", ".join(self.options)

    def parse(self, value: object) -> Any:
        if self.holds(value):
            return value
        if isinstance(value, str) and value in self.options:
            return self.options[value]
        hint = nearest(value, self.options) if isinstance(value, str) else self.name
        raise ValueError(f"{value!r} is none of them: {hint}")

    def holds(self, value: object) -> bool:
        return any(_same(value, option) for option in self.options.values())

    def plain(self, value: object) -> str:
        return next(text for text, option in self.options.items() if _same(value, option))

    def schema(self) -> Schema:
        return {"enum": list(self.options)}

    def choices(self) -> tuple[str, ...]:
        return tuple(self.options)


def _same(value: object, option: object) -> bool:
    """Equal, and no True for a 1."""
    return type(value) is type(option) and value == option


def choice_of(members: type[Enum]) -> Choice:
    """Make the kind of an enumeration: a member is known by its text, or else by its name."""
    texts = {m.value if isinstance(m.value, str) else m.name: m for m in members}
    return Choice(texts)


@frozen
class Parsed(Kind):
    """An object of a class that is made from its text and gives it back, such as an address."""

    cls: Callable[[str], Any]

    @property
    def name(self) -> str:
        return self.cls.__name__

    def parse(self, value: object) -> Any:
        if type(value) is self.cls:
            return value
        if not isinstance(value, str):
            raise refused(value, f"an {self.name}")
        return self.cls(value)

    def holds(self, value: object) -> bool:
        return type(value) is self.cls

    def plain(self, value: object) -> str:
        return str(value)

    def schema(self) -> Schema:
        return {"type": "string"}
