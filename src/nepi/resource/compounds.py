# SPDX-License-Identifier: BSD-3-Clause
"""Kinds of values that are made of other kinds: optional, several, by name, one of some."""

import json
import shlex
from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, cast

from attrs import frozen

from nepi.resource.kinds import Kind, Schema, refused


@frozen
class Optional(Kind):
    """A value, or none."""

    inner: Kind

    @property
    def name(self) -> str:
        return self.inner.name

    def parse(self, value: object) -> Any:
        return None if value is None else self.inner.parse(value)

    def holds(self, value: object) -> bool:
        return value is None or self.inner.holds(value)

    def plain(self, value: Any) -> Any:
        return None if value is None else self.inner.plain(value)

    def schema(self) -> Schema:
        return _any_of([self.inner.schema(), {"type": "null"}])

    def choices(self) -> tuple[str, ...]:
        return self.inner.choices()


@frozen
class Several(Kind):
    """Values of one kind in their order; as text: a JSON array, or separated by ``;``."""

    item: Kind
    make: Callable[[list[Any]], Collection[Any]] = tuple

    @property
    def name(self) -> str:
        return f"list of {self.item.name}"

    def parse(self, value: object) -> Any:
        if isinstance(value, str):
            value = self._read(value)
        if not isinstance(value, list | tuple):
            raise refused(value, f"a {self.name}")
        return self.make([self.item.parse(each) for each in cast("list[object]", value)])

    @staticmethod
    def _read(text: str) -> object:
        if text.lstrip().startswith("["):
            return _json(text)
        return [part.strip() for part in text.split(";") if part.strip()]

    def holds(self, value: object) -> bool:
        if type(value) is not self.make:
            return False
        return all(map(self.item.holds, cast("Collection[object]", value)))

    def plain(self, value: Collection[Any]) -> list[object]:
        return [self.item.plain(each) for each in value]

    def schema(self) -> Schema:
        return {"type": ["array", "string"], "items": self.item.schema()}

    def choices(self) -> tuple[str, ...]:
        return self.item.choices()


@frozen
class ByName(Kind):
    """Values of one kind by name; as text: a JSON object, or ``NAME=VALUE NAME=VALUE``."""

    key: Kind
    item: Kind
    make: Callable[[dict[Any, Any]], Mapping[Any, Any]] = MappingProxyType

    @property
    def name(self) -> str:
        return f"mapping of {self.key.name} to {self.item.name}"

    def parse(self, value: object) -> Any:
        if isinstance(value, str):
            value = self._read(value)
        if not isinstance(value, Mapping):
            raise refused(value, f"a {self.name}")
        pairs = cast("Mapping[object, object]", value).items()
        return self.make({self.key.parse(key): self._item(key, each) for key, each in pairs})

    def _item(self, key: object, value: object) -> Any:
        try:
            return self.item.parse(value)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None

    @staticmethod
    def _read(text: str) -> object:
        if text.lstrip().startswith("{"):
            return _json(text)
        pairs = [part.partition("=") for part in shlex.split(text)]
        for name, equals, _ in pairs:
            if not (name and equals):
                raise ValueError(f"{text!r} is not written like NAME=VALUE NAME=VALUE")
        return {name: value for name, _, value in pairs}

    def holds(self, value: object) -> bool:
        if type(value) is not self.make:
            return False
        pairs = cast("Mapping[object, object]", value).items()
        return all(self.key.holds(key) and self.item.holds(each) for key, each in pairs)

    def plain(self, value: Mapping[Any, Any]) -> dict[str, object]:
        return {str(self.key.plain(key)): self.item.plain(each) for key, each in value.items()}

    def schema(self) -> Schema:
        return {"type": ["object", "string"], "additionalProperties": self.item.schema()}


@frozen
class OneOf(Kind):
    """A value of any of some kinds: the first that holds it, else the first that takes it."""

    kinds: tuple[Kind, ...]

    @property
    def name(self) -> str:
        return " or ".join(kind.name for kind in self.kinds)

    def parse(self, value: object) -> Any:
        for kind in self.kinds:
            if kind.holds(value):
                return kind.parse(value)
        reasons: list[str] = []
        for kind in self.kinds:
            try:
                return kind.parse(value)
            except ValueError as error:
                reasons.append(str(error))
        raise ValueError("; ".join(dict.fromkeys(reasons)))

    def holds(self, value: object) -> bool:
        return any(kind.holds(value) for kind in self.kinds)

    def plain(self, value: Any) -> Any:
        kind = next(kind for kind in self.kinds if kind.holds(value))
        plain = kind.plain(value)
        again = self.parse(plain)
        return plain if kind.holds(again) and again == value else kind.tagged(value)

    def schema(self) -> Schema:
        return _any_of(kind.schema() for kind in self.kinds)


def _json(text: str) -> object:
    try:
        return cast("object", json.loads(text))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{text!r} is not JSON: {error}") from None


def _any_of(schemas: Iterable[Schema]) -> Schema:
    """Return the schema of what any of *schemas* takes, each said once."""
    found: list[object] = []
    for schema in schemas:
        inner = schema.get("anyOf", [schema])
        found += [each for each in cast("list[object]", inner) if each not in found]
    return {"anyOf": found}
