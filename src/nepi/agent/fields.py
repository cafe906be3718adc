# SPDX-License-Identifier: BSD-3-Clause
"""Reads the fields of a request, which come from outside: a wrong kind is a refusal, not a crash."""

from __future__ import annotations

from nepi.agent.codec import Header
from nepi.agent.errors import AgentError, Code


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


def texts(header: Header, name: str) -> list[str]:
    """A list of texts."""
    value = header.get(name, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise _wrong(name, "a list of texts")
    return value


def mapping(header: Header, name: str) -> dict[str, str]:
    """Texts by name."""
    value = header.get(name) or {}
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise _wrong(name, "texts by name")
    return value


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
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value < 1e9:
        raise _wrong(name, "seconds, 0 or more")
    return float(value)


def wholes(header: Header, name: str) -> list[int]:
    """A list of whole numbers."""
    value = header.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, int) and one >= 0 for one in value):
        raise _wrong(name, "a list of whole numbers")
    return value


def wholes_by_name(header: Header, name: str, names: frozenset[str]) -> dict[str, int]:
    """Whole numbers by some of these names."""
    value = header.get(name) or {}
    if not isinstance(value, dict) or not set(value) <= names:
        raise _wrong(name, f"numbers by name, of {', '.join(sorted(names))}")
    if not all(isinstance(one, int) and one >= 0 for one in value.values()):
        raise _wrong(name, "whole numbers by name")
    return value
