# SPDX-License-Identifier: BSD-3-Clause
"""JSON text into plain data and back. Where something stands is looked up only when asked for."""

import json
import re
from collections.abc import Mapping, Sequence
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


def write_json(data: Mapping[str, object]) -> str:
    """Return *data* as JSON: for people, a resource a line, and made quickly."""
    return _block(data, [_member(key, value) for key, value in data.items()]) + "\n"


def _member(key: str, value: object) -> str:
    if isinstance(value, dict) and key == "resources":
        resources = cast("dict[str, object]", value)
        lines = [f"{json.dumps(name)}: {json.dumps(one)}" for name, one in resources.items()]
        return f"{json.dumps(key)}: {_block(resources, lines, '  ')}"
    return f"{json.dumps(key)}: {json.dumps(value)}"


def _block(data: Mapping[str, object], lines: list[str], indent: str = "") -> str:
    if not data:
        return "{}"
    return "{\n" + ",\n".join(f"{indent}  {line}" for line in lines) + f"\n{indent}}}"


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
