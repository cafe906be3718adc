# SPDX-License-Identifier: BSD-3-Clause
"""From plain data to a Description: the keys, their types, and that every name means something.

Whether a resource type has such attributes is checked in `checking`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, cast

from attrs import frozen

from nepi.core.lifecycle import Step
from nepi.formats.description import (
    FORMAT,
    HELD,
    MOMENTS,
    Description,
    Entry,
    MomentOf,
    Rule,
    Timed,
)
from nepi.formats.errors import Path
from nepi.formats.references import Filled, ReferenceProblemError
from nepi.formats.tree import Tree
from nepi.resource.errors import nearest
from nepi.resource.units import SECONDS, UnitError

TOP = (
    "nepi", "name", "on_failure", "seed", "parameters", "resources", "connections", "at", "unsaved",
)  # fmt: skip
ENTRY = ("type", "on", "count", "attributes", "traces", *(str(step) for step in HELD))
RULE = ("after", "delay")
TIMED = ("time", "resource", "do", "set")
DOABLE = ("start", "stop")
MOST_COPIES = 1_000_000

Kind = Literal["a mapping", "a list", "a text", "a whole number"]
_KINDS: Mapping[Kind, type] = {
    "a mapping": dict,
    "a list": list,
    "a text": str,
    "a whole number": int,
}


def understand(tree: Tree) -> Description:
    """Return what *tree* describes; DescriptionError says what does not fit, and on which line."""
    return _Reader(tree).description()


def _called(value: object) -> str:
    match value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "nothing"
        case _:
            return repr(value)


@frozen
class _Reader:
    """Reads one tree; every method takes the path of what it reads."""

    tree: Tree

    def description(self) -> Description:
        top = self.mapping(self.tree.data, (), TOP)
        self._check_format(top)
        on_failure = top.get("on_failure")
        if on_failure not in (None, "release", "abort"):
            self.tree.refuse(f"{on_failure!r} is neither release nor abort", ("on_failure",))
        found = Description(
            name=self.optional(top, "name", "a text", ()) or Description().name,
            on_failure=cast("str | None", on_failure),
            seed=self.optional(top, "seed", "a whole number", ()),
            parameters=self.section(top, "parameters", ()),
            resources=tuple(self.entries(top)),
            tree=self.tree,
        )
        names = _Names(self, found)
        names.check()
        return names.finished(top)

    def _check_format(self, top: Mapping[str, object]) -> None:
        if top.get("nepi", FORMAT) != FORMAT:
            problem = f"is format {top['nepi']!r}; this NEPI reads format {FORMAT}"
            self.tree.refuse(problem, ("nepi",))
        if "resources" not in top:
            self.tree.refuse("there is no `resources:`; a description lists its resources there")

    def entries(self, top: Mapping[str, object]) -> Iterator[Entry]:
        resources = self.mapping(top["resources"], ("resources",))
        for name, data in resources.items():
            path = ("resources", name)
            if not name.strip():
                self.tree.refuse("a resource needs a name", path)
            yield self.entry(name, self.mapping(data, path, ENTRY), path)

    def entry(self, name: str, data: Mapping[str, Any], path: Path) -> Entry:
        rtype = self.optional(data, "type", "a text", path)
        if not rtype:
            self.tree.refuse("has no `type:`; `nepi types` lists what there is", path)
        count = self.optional(data, "count", "a whole number", path)
        if count is not None and not 0 <= count <= MOST_COPIES:
            self.tree.refuse(f"is {count}; copies are 0 to {MOST_COPIES}", (*path, "count"))
        traces = self.section(data, "traces", path)
        return Entry(
            name=name,
            rtype=rtype,
            on=tuple(self.texts(data.get("on"), (*path, "on"))),
            count=count,
            attributes=self.section(data, "attributes", path),
            traces={key: self.kept(traces[key], (*path, "traces", key)) for key in traces},
            rules={s: tuple(self.rules(data[s], (*path, s))) for s in HELD if s in data},
        )

    def kept(self, value: object, path: Path) -> bool | str:
        if not isinstance(value, bool | str):
            self.tree.refuse(f"should be true, false or a file name, not {_called(value)}", path)
        return value

    def rules(self, value: object, path: Path) -> Iterator[Rule]:
        if not isinstance(value, list):
            yield self.rule(value, path)
            return
        for index, one in enumerate(cast("list[object]", value)):
            yield self.rule(one, (*path, index))

    def rule(self, value: object, path: Path) -> Rule:
        data = self.mapping(value, path, RULE)
        after = [self.moment(text, where) for text, where in self.placed(data, "after", path)]
        if not after:
            self.tree.refuse("has no `after:`, as in {after: server.started}", path)
        return Rule(tuple(after), self.seconds(data.get("delay", 0), (*path, "delay")))

    def moment(self, text: str, path: Path) -> MomentOf:
        name, dot, word = text.rpartition(".")
        if not dot:
            self.tree.refuse(f"{text!r} names no moment; write it like {text}.started", path)
        if word not in MOMENTS:
            self.tree.refuse(f"{word!r} is no moment: {nearest(word, MOMENTS)}", path)
        return MomentOf(name, MOMENTS[word])

    def pairs(self, top: Mapping[str, object]) -> Iterator[tuple[str, str]]:
        for index, one in enumerate(self.listed(top, "connections")):
            path = ("connections", index)
            pair = list(self.texts(one, path))
            if len(pair) != 2:  # noqa: PLR2004 - a pair is two
                self.tree.refuse("a connection is a list of two names", path)
            yield pair[0], pair[1]

    def timeline(self, top: Mapping[str, object]) -> Iterator[Timed]:
        for index, one in enumerate(self.listed(top, "at")):
            path = ("at", index)
            data = self.mapping(one, path, TIMED)
            for key in ("time", "resource"):
                if key not in data:
                    self.tree.refuse(f"has no `{key}:`", path)
            yield self.timed(data, path)

    def timed(self, data: Mapping[str, Any], path: Path) -> Timed:
        if ("do" in data) == ("set" in data):
            self.tree.refuse("has either `do: stop` (or start) or `set: {name: value}`", path)
        step = data.get("do")
        if "do" in data and step not in DOABLE:
            self.tree.refuse(f"{step!r} cannot be timed: it is start or stop", (*path, "do"))
        return Timed(
            time=self.seconds(data["time"], (*path, "time")),
            resource=str(self.optional(data, "resource", "a text", path)),
            step=None if step is None else Step(step),
            values=self.section(data, "set", path),
        )

    # -- small things -----------------------------------------------------------------------

    def of_kind(self, value: object, kind: Kind, path: Path) -> Any:
        if not isinstance(value, _KINDS[kind]) or isinstance(value, bool):
            self.tree.refuse(f"should be {kind}, not {_called(value)}", path)
        return value

    def optional(self, data: Mapping[str, object], key: str, kind: Kind, path: Path) -> Any:
        value = self.filled(data.get(key), (*path, key))
        return None if value is None else self.of_kind(value, kind, (*path, key))

    def filled(self, value: object, path: Path) -> object:
        """Fill parameters in where a value is needed to understand the file."""
        top = cast("dict[str, Any]", self.tree.data)
        parameters: dict[str, object] = top.get("parameters") or {}

        def lookup(word: str) -> object:
            if word not in parameters:
                raise ReferenceProblemError(f"only parameters are known here: {list(parameters)}")
            return parameters[word]

        try:
            return Filled(lookup)(value)
        except ReferenceProblemError as error:
            self.tree.refuse(str(error), path)

    def mapping(self, value: object, path: Path, keys: Iterable[str] = ()) -> dict[str, Any]:
        found: dict[str, Any] = self.of_kind(value, "a mapping", path)
        known = tuple(keys)
        for key in found:
            if known and key not in known:
                self.tree.refuse(f"there is no such key: {nearest(key, known)}", (*path, key))
        return found

    def listed(self, top: Mapping[str, object], key: str) -> list[object]:
        """Read a list that may be left out."""
        value = top.get(key)
        found: list[object] = [] if value is None else self.of_kind(value, "a list", (key,))
        return found

    def section(self, data: Mapping[str, object], key: str, path: Path) -> dict[str, Any]:
        """Read a mapping that may be left out."""
        value = data.get(key)
        return {} if value is None else self.mapping(value, (*path, key))

    def placed(self, data: Mapping[str, Any], key: str, path: Path) -> Iterator[tuple[str, Path]]:
        value, where = data.get(key), (*path, key)
        for index, text in enumerate(self.texts(value, where)):
            yield text, (*where, index) if isinstance(value, list) else where

    def texts(self, value: object, path: Path) -> Iterator[str]:
        """Read one text, or a list of them."""
        if value is None:
            return
        if not isinstance(value, list):
            yield self.of_kind(value, "a text", path)
            return
        for index, one in enumerate(cast("list[object]", value)):
            yield self.of_kind(one, "a text", (*path, index))

    def seconds(self, value: object, path: Path) -> float:
        value = self.filled(value, path)
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            self.tree.refuse(f"should be a time like 1.5 s, not {_called(value)}", path)
        try:
            number = SECONDS.parse(value)
        except UnitError as error:
            self.tree.refuse(str(error), path)
        if number < 0:
            self.tree.refuse(f"is {value}; it cannot be negative", path)
        return float(number)


class _Names:
    """Every name that the description refers to has to be that of one of its resources."""

    def __init__(self, reader: _Reader, found: Description) -> None:
        self.reader = reader
        self.tree = reader.tree
        self.found = found
        self.groups = found.groups()

    def check(self) -> None:
        taken: dict[str, str] = {}
        for name, entry in self.found.expanded():
            if name in taken:
                problem = f"makes a resource {name!r}, and so does {taken[name]!r}; rename one"
                self.tree.refuse(problem, ("resources", entry.name))
            taken[name] = entry.name
        for entry in self.found.resources:
            path = ("resources", entry.name)
            for name in entry.on:
                self.known(name, (*path, "on"))
            for step, rules in entry.rules.items():
                self.rules(rules, (*path, str(step)))

    def rules(self, rules: tuple[Rule, ...], path: Path) -> None:
        for rule in rules:
            for moment in rule.after:
                self.known(moment.name, (*path, "after"))

    def known(self, name: str, path: Path) -> None:
        if name not in self.groups:
            self.tree.refuse(f"there is no resource {name!r}: {nearest(name, self.groups)}", path)

    def finished(self, top: Mapping[str, object]) -> Description:
        """Return the description with what refers to resources, which are known by now."""
        from attrs import evolve

        connections = tuple(self.reader.pairs(top))
        timeline = tuple(self.reader.timeline(top))
        for index, pair in enumerate(connections):
            for name in pair:
                self.known(name, ("connections", index))
        for index, timed in enumerate(timeline):
            self.known(timed.resource, ("at", index, "resource"))
        notes = tuple(self.reader.texts(top.get("unsaved"), ("unsaved",)))
        return evolve(self.found, connections=connections, at=timeline, unsaved=notes)
