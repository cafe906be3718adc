# SPDX-License-Identifier: BSD-3-Clause
"""JSON text into plain data and back. Where something stands is looked up only when asked for."""

import json
import re
from collections.abc import Iterable, Sequence
from typing import cast

from nepi.formats.errors import DescriptionError
from nepi.formats.tree import Lines, Tree

_SURROGATES = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
"""Halves of characters, which YAML does not write so."""


class _TwiceError(ValueError):
    """A key stands twice in one object."""


def read_json(text: str, source: str = "") -> Tree:
    """Return the value that *text* holds."""
    try:
        data = json.loads(text, object_pairs_hook=_object)
    except json.JSONDecodeError as error:
        problem = f"is not JSON: {error.msg} (column {error.colno})"
        raise DescriptionError(problem, source=source, line=error.lineno) from error
    except _TwiceError as error:
        _lines(text, source)  # finds the same, and the line
        raise DescriptionError(str(error), source=source) from error
    except RecursionError as error:
        raise DescriptionError("is nested too deeply", source=source) from error
    except ValueError as error:  # the only one left: an integer too long to be converted
        raise DescriptionError(f"is not JSON: {error}", source=source) from error
    return Tree(data, source, lambda: _lines(text, source))


Member = tuple[str, object]


def write_json(data: Iterable[Member], *, inside: str | None = None) -> str:
    """Return the object of these members as JSON: a line for each, and for each that is *inside*.

    Members may come one after another, and are forgotten as soon as they are written: of thousands
    that are kept, most of the time would be spent on looking after the memory.
    """
    lines = (
        f"{json.dumps(key)}: {_block(cast('Iterable[Member]', value), '  ')}"
        if key == inside
        else _line((key, value))
        for key, value in data
    )
    return _joined(lines, "") + "\n"


def _block(members: Iterable[Member], indent: str) -> str:
    return _joined(map(_line, members), indent)


def _line(member: Member) -> str:
    return f"{json.dumps(member[0])}: {json.dumps(member[1])}"


def _joined(lines: Iterable[str], indent: str) -> str:
    text = ",\n".join(f"{indent}  {line}" for line in lines)
    return f"{{\n{text}\n{indent}}}" if text else "{}"


def _object(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise _TwiceError(f"the key {key!r} stands twice in one object")
        found[key] = value
    return found


def _lines(text: str, source: str) -> Lines:
    """Return the line of everything: JSON is YAML but for tabs, and there lines are counted."""
    from nepi.formats.yamltext import read_yaml

    as_yaml = _SURROGATES.sub(r"\\uFFFD", text.replace("\t", " "))
    return read_yaml(as_yaml, source).find_lines()
