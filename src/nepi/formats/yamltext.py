# SPDX-License-Identifier: BSD-3-Clause
"""YAML text into plain data and back, by the core schema of YAML 1.2.

PyYAML reads the older YAML 1.1, to which `on` is a truth value and 12:30 a number: only its
scanner is used here. Aliases are limited, tags refused, and a key may stand once.
"""

import re
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml
from attrs import define, field
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from nepi.formats.errors import DescriptionError, Path
from nepi.formats.tree import Lines, Tree

DEEPEST = 100
MOST_ALIASED = 100_000
"""Values that aliases may add to a file: beyond that it is a bomb and no description."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_TRUTH = re.compile(r"(?:true|True|TRUE|false|False|FALSE)\Z")
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z")
_NOT_A_NUMBER = re.compile(r"\.(?:nan|NaN|NAN)\Z")

_TEXT_TAG = "tag:yaml.org,2002:str"
Event = Any


def read_yaml(text: str, source: str = "") -> Tree:
    """Return the one document of *text*."""
    try:
        return _Composer(text, source).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        line = 0 if mark is None else mark.line + 1
        raise DescriptionError(f"is not YAML: {problem}", source=source, line=line) from error


def write_yaml(data: object) -> str:
    """Return *data* as YAML that means the same to readers of YAML 1.1 and 1.2."""
    text: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, indent=2
    )
    return text


class _Dumper(_DUMPER):  # type: ignore[misc]
    """Quotes whatever either version of YAML would take for something else than text."""

    def ignore_aliases(self, data: object) -> bool:
        """Write things twice rather than as an alias: people read these files."""
        del data
        return True


for _pattern in (_OCTAL, _HEXADECIMAL, _FLOAT, _INTEGER):
    _Dumper.add_implicit_resolver("tag:nepi:number", _pattern, list("-+.0123456789"))


@define
class _Anchor:
    """What an alias stands for; *whole* once it has been read to its end."""

    value: object = None
    size: int = 0
    whole: bool = False


@define
class _Composer:
    """Builds plain data from the events of the scanner, without recursion into libyaml."""

    text: str
    source: str
    lines: Lines = field(factory=dict[Path, int])
    anchors: dict[str, _Anchor] = field(factory=dict[str, _Anchor])
    seen: int = 0
    aliased: int = 0
    events: Iterator[Event] = field(init=False)

    def document(self) -> Tree:
        self.events = iter(yaml.parse(self.text, Loader=_LOADER))
        data: object = None
        documents = 0
        for event in self.events:
            if not isinstance(event, DocumentStartEvent):
                continue
            documents += 1
            if documents > 1:
                self.refuse("a second document begins here; a file describes one experiment", event)
            data = self.value(next(self.events), ())
        lines = self.lines
        return Tree(data, self.source, lambda: lines)

    def refuse(self, problem: str, event: Event, path: Path = ()) -> NoReturn:
        line = _line(event)
        raise DescriptionError(problem, source=self.source, line=line, path=path)

    def value(self, event: Event, path: Path) -> object:
        self.seen += 1
        self.lines.setdefault(path, _line(event))
        if len(path) > DEEPEST:
            self.refuse(f"is nested deeper than {DEEPEST} levels", event, path[:3])
        if isinstance(event, AliasEvent):
            return self.alias(event, path)
        self.check_tag(event, path)
        anchor = _Anchor()
        if event.anchor is not None:
            self.anchors[event.anchor] = anchor
        before = self.seen + self.aliased
        anchor.value = self.content(event, path)
        anchor.size = self.seen + self.aliased - before + 1
        anchor.whole = True
        return anchor.value

    def content(self, event: Event, path: Path) -> object:
        if isinstance(event, MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, SequenceStartEvent):
            return self.sequence(path)
        return self.scalar(event, path)

    def check_tag(self, event: Event, path: Path) -> None:
        if event.tag is not None and event.tag not in {"!", _TEXT_TAG}:
            problem = f"has the tag {event.tag}; tags mean nothing here, leave it out"
            self.refuse(problem, event, path)

    def alias(self, event: Event, path: Path) -> object:
        anchor = self.anchors.get(event.anchor)
        if anchor is None:
            self.refuse(f"*{event.anchor} stands for nothing", event, path)
        if not anchor.whole:
            self.refuse(f"*{event.anchor} contains itself", event, path)
        self.aliased += anchor.size
        if self.aliased > MOST_ALIASED:
            problem = f"aliases add more than {MOST_ALIASED} values; write them out, or use count"
            self.refuse(problem, event, path)
        return anchor.value

    def mapping(self, path: Path) -> dict[str, object]:
        found: dict[str, object] = {}
        while not isinstance(event := next(self.events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                self.refuse("a key has to be a plain word", event, path)
            key = str(event.value)
            if key in found:
                self.refuse(f"the key {key!r} stands here twice", event, path)
            self.lines[*path, key] = _line(event)
            found[key] = self.value(next(self.events), (*path, key))
        return found

    def sequence(self, path: Path) -> list[object]:
        found: list[object] = []
        while not isinstance(event := next(self.events), SequenceEndEvent):
            found.append(self.value(event, (*path, len(found))))
        return found

    def scalar(self, event: Event, path: Path) -> object:
        text: str = event.value
        if not event.implicit[0] or event.style:
            return text
        try:
            return _plain(text)
        except ValueError:
            self.refuse("this number has too many digits", event, path)


def _line(event: Event) -> int:
    line: int = event.start_mark.line
    return line + 1


def _plain(text: str) -> object:  # noqa: PLR0911 - one line for each kind of value
    """Return what the unquoted word *text* means in YAML 1.2."""
    if _NULL.match(text):
        return None
    if _TRUTH.match(text):
        return text.lower() == "true"
    if _INTEGER.match(text):
        return int(text)
    if _OCTAL.match(text) or _HEXADECIMAL.match(text):
        return int(text, 0)
    if _FLOAT.match(text):
        return float(text)
    if _INFINITE.match(text):
        return float(text.replace(".", ""))
    if _NOT_A_NUMBER.match(text):
        return float("nan")
    return text
