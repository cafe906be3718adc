# SPDX-License-Identifier: BSD-3-Clause
"""Reads the fields of a request, which come from outside: a wrong kind is refused, no crash."""

from __future__ import annotations

from typing import cast

from nepi.agent.codec import Header
from nepi.agent.errors import AgentError, Code

_FOREVER = 1e9


def _wrong(name: str, wanted: str) -> AgentError:
    return AgentError(Code.BAD_REQUEST, f"field {name} of the request must be {wanted}")


def text(header: Header, name: str, default: str | None = None) -> str:
    """A text without NUL; it must be there if there is no default."""
    value = header.get(name, default)
    if not isinstance(value, str) or "\0" in value:
        raise _wrong(name, "text")
    return value


def path(header: Header, name: str, default: str | None = None) -> str:
    """An absolute path."""
    value = text(header, name, default)
    if not value.startswith("/"):
        raise _wrong(name, f"an absolute path, not {value!r}")
    return value


def optional_path(header: Header, name: str) -> str | None:
    """An absolute path, or nothing."""
    return None if header.get(name) is None else path(header, name)


def _listed(header: Header, name: str, wanted: str) -> list[object]:
    value: object = header.get(name) or list[object]()
    if not isinstance(value, list):
        raise _wrong(name, wanted)
    return cast("list[object]", value)


def _named(header: Header, name: str, wanted: str) -> dict[str, object]:
    value: object = header.get(name) or dict[str, object]()
    if not isinstance(value, dict):
        raise _wrong(name, wanted)
    return cast("dict[str, object]", value)


def texts(header: Header, name: str) -> list[str]:
    """A list of texts."""
    values = _listed(header, name, "a list of texts")
    found = [one for one in values if isinstance(one, str)]
    if len(found) < len(values):
        raise _wrong(name, "a list of texts")
    return found


def mapping(header: Header, name: str) -> dict[str, str]:
    """Texts by name."""
    values = _named(header, name, "texts by name")
    found = {key: one for key, one in values.items() if isinstance(one, str)}
    if len(found) < len(values):
        raise _wrong(name, "texts by name")
    return found


def whole(header: Header, name: str, default: int | None = None) -> int:
    """A whole number, not below zero."""
    value = header.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _wrong(name, "a whole number, 0 or more")
    return value


def integer(header: Header, name: str, default: int) -> int:
    """A whole number of either sign."""
    value = header.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _wrong(name, "a whole number")
    return value


def seconds(header: Header, name: str, default: float) -> float:
    """A duration."""
    value = header.get(name, default)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= _FOREVER:
        raise _wrong(name, "seconds, 0 or more")
    return float(value)


def wholes(header: Header, name: str) -> list[int]:
    """A list of whole numbers, none below zero."""
    values = _listed(header, name, "a list of whole numbers")
    found = [one for one in values if isinstance(one, int) and one >= 0]
    if len(found) < len(values):
        raise _wrong(name, "a list of whole numbers")
    return found


def wholes_by_name(header: Header, name: str, names: frozenset[str]) -> dict[str, int]:
    """Whole numbers, none below zero, by some of these names."""
    wanted = f"whole numbers by name, of {', '.join(sorted(names))}"
    values = _named(header, name, wanted)
    found = {key: one for key, one in values.items() if isinstance(one, int) and one >= 0}
    if len(found) < len(values) or not set(values) <= names:
        raise _wrong(name, wanted)
    return found
