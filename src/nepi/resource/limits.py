# SPDX-License-Identifier: BSD-3-Clause
"""Bounds of values: checked when a value is set, and told by the JSON schema."""

import re
from collections.abc import Collection, Mapping
from typing import cast

from attrs import asdict, frozen

Schema = dict[str, object]

_WORDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
_KEYWORDS = {
    "ge": "minimum",
    "gt": "exclusiveMinimum",
    "le": "maximum",
    "lt": "exclusiveMaximum",
    "pattern": "pattern",
    "min_len": "minLength",
}


@frozen
class Limits:
    """What a value has to keep to; what is in a list or a mapping, too."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    pattern: str | None = None
    min_len: int | None = None

    def check(self, value: object) -> None:
        """Raise ValueError if *value* is out of bounds."""
        match value:
            case bool():
                pass
            case int() | float():
                self._check_number(value)
            case str():
                self._check_text(value)
            case Mapping():
                self._check_all(cast("Mapping[object, object]", value).values())
            case list() | tuple():
                self._check_all(cast("Collection[object]", value))
            case _:
                pass

    def _check_number(self, value: float) -> None:
        within = (
            self.ge is None or value >= self.ge,
            self.gt is None or value > self.gt,
            self.le is None or value <= self.le,
            self.lt is None or value < self.lt,
        )
        if not all(within):
            raise ValueError(f"{value!r} is out of range, it has to be {self}")

    def _check_text(self, value: str) -> None:
        if self.pattern is not None and not re.fullmatch(self.pattern, value):
            raise ValueError(f"{value!r} does not look like {self.pattern}")
        self._check_length(value)

    def _check_all(self, values: Collection[object]) -> None:
        self._check_length(values)
        inner = Limits(self.ge, self.gt, self.le, self.lt, self.pattern)
        for value in values:
            inner.check(value)

    def _check_length(self, value: Collection[object]) -> None:
        if self.min_len is not None and len(value) < self.min_len:
            raise ValueError(f"{value!r} is too short, it has to have at least {self.min_len}")

    def schema(self, of: Schema) -> Schema:
        """Return schema *of* with these bounds, put where the numbers, texts and lengths are."""
        found = dict(of)
        if "anyOf" in of:
            found["anyOf"] = [self.schema(each) for each in cast("list[Schema]", of["anyOf"])]
            return found
        inner = Limits(self.ge, self.gt, self.le, self.lt, self.pattern)
        for place in ("items", "additionalProperties"):
            if isinstance(of.get(place), dict):
                found[place] = inner.schema(cast("Schema", of[place]))
                shortest = {"items": "minItems", "additionalProperties": "minProperties"}[place]
                return found | ({} if self.min_len is None else {shortest: self.min_len})
        return found | self._keywords()

    def _keywords(self) -> Schema:
        said = {name: bound for name, bound in asdict(self).items() if bound is not None}
        return {
            _KEYWORDS[name]: f"^(?:{bound})$" if name == "pattern" else bound
            for name, bound in said.items()
        }

    def __str__(self) -> str:
        said = ((words, getattr(self, name)) for name, words in _WORDS.items())
        return " and ".join(f"{words} {bound:g}" for words, bound in said if bound is not None)
