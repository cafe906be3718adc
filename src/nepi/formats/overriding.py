# SPDX-License-Identifier: BSD-3-Clause
"""`--set client.count=20`: changes to a description, made before it is read.

port=9123                              a parameter of the file, or name, seed, on_failure
client.command=true                    an attribute of that resource
client.count=20                        that many copies, where the type has no such attribute
resources.client.start.delay=2s        anything, by its path in the file
"""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any, cast

from attrs import frozen

from nepi.formats.errors import DescriptionError, Path
from nepi.formats.reading import ENTRY, TOP
from nepi.formats.tree import Tree

Parse = Callable[[object], object]
"""Returns the value that something means; ValueError if none."""

AttributesOf = Callable[[str], Mapping[str, Parse]]
"""Tells the attributes of a resource type, and how their values are parsed."""


class OverrideError(Exception):
    """An override is not written as one, or names nothing; the message says what there is."""


@frozen
class Override:
    """`target=text`, as it was given."""

    target: str
    text: str

    def __str__(self) -> str:
        return f"{self.target}={self.text}"

    @classmethod
    def parse(cls, given: str) -> "Override":
        """Read `name.attribute=value`."""
        target, equals, text = given.partition("=")
        if not equals or not target.strip():
            raise OverrideError(f"{given!r} is no override; write it like client.count=20")
        return cls(target.strip(), text)

    def value(self, parse: Parse | None = None) -> object:
        """Return what the text means: itself where *parse* takes it, else as in a file."""
        if parse is not None:
            try:
                parse(self.text)
            except ValueError:
                pass
            else:
                return self.text
        return _as_in_a_file(self.text)


def override(
    tree: Tree, overrides: Sequence[Override], attributes_of: AttributesOf
) -> tuple[Tree, list[Override]]:
    """Return *tree* with *overrides* applied, and those that it has nothing for."""
    data = tree.data
    if not overrides or not isinstance(data, dict):
        return tree, list(overrides)
    changed = _Changed(deepcopy(cast("dict[str, Any]", data)), attributes_of)
    left = [one for one in overrides if not changed.apply(one)]
    return Tree(changed.data, tree.source, tree.find_lines), left


def _as_in_a_file(text: str) -> object:
    """Return what *text* would mean there: 20, true, [a, b], or words."""
    from nepi.formats.yamltext import read_yaml

    try:
        return read_yaml(text).data
    except DescriptionError:
        return text


@frozen
class _Changed:
    """The data of a description, being changed."""

    data: dict[str, Any]
    attributes_of: AttributesOf

    def apply(self, one: Override) -> bool:
        path, parse = self.target(one.target)
        if not path:
            return False
        place: dict[str | int, object] = cast("dict[str | int, object]", self.data)
        for key in path[:-1]:
            inner = place.setdefault(key, {})
            if not isinstance(inner, dict):
                raise OverrideError(f"{one}: {key} holds no others, so none can be set in it")
            place = cast("dict[str | int, object]", inner)
        place[path[-1]] = one.value(parse)
        return True

    def target(self, target: str) -> tuple[Path, Parse | None]:
        """Return where *target* is, and how its text is parsed; an empty path is nowhere."""
        if target in self.section("parameters"):
            return ("parameters", target), None
        if "." not in target:
            return ((target,) if target in ("name", "seed", "on_failure") else ()), None
        section, _, rest = target.partition(".")
        name, inner = self.resource(target)
        if name:
            return self.of_resource(name, inner)
        if section != "resources":
            return ((section, *rest.split(".")) if section in TOP else ()), None
        name, inner = self.resource(rest)
        return (("resources", name, *inner.split(".")) if name else ()), None

    def of_resource(self, name: str, rest: str) -> tuple[Path, Parse | None]:
        entry: object = self.section("resources")[name]
        rtype = cast("dict[str, object]", entry).get("type") if isinstance(entry, dict) else None
        known: Mapping[str, Parse] = self.attributes_of(rtype) if isinstance(rtype, str) else {}
        attribute, _, _ = rest.partition(".")
        if attribute in known:
            parse = known[rest] if attribute == rest else None
            return ("resources", name, "attributes", *rest.split(".")), parse
        return (("resources", name, *rest.split(".")) if attribute in ENTRY else ()), None

    def section(self, key: str) -> dict[str, Any]:
        value = self.data.get(key)
        return cast("dict[str, Any]", value) if isinstance(value, dict) else {}

    def resource(self, target: str) -> tuple[str, str]:
        """Split off the longest name of a resource that *target* begins with."""
        for name in sorted(self.section("resources"), key=len, reverse=True):
            if target.startswith(f"{name}."):
                return name, target[len(name) + 1 :]
        return "", ""
