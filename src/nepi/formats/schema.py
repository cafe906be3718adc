# SPDX-License-Identifier: BSD-3-Clause
"""The JSON schema of description files, made from the declarations of the resource types.

`python -m nepi.formats.schema FILE` writes it; the documentation publishes it.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nepi.formats.description import FORMAT, HELD, MOMENTS
from nepi.resource import AttributeInfo, Registry, Resource, TypeInfo, describe

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_REFERENCE: Schema = {"type": "string", "pattern": r"\$\{\{.*\}\}"}
_TEXT: Schema = {"type": "string"}
_TEXTS: Schema = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_TIME: Schema = {"type": ["number", "string"], "minimum": 0, "examples": ["1 s", "200 ms"]}


def schema(registry: Mapping[str, type[Resource]] | None = None) -> Schema:
    """Return the schema, with every installed resource type in it."""
    known = Registry.installed() if registry is None else registry
    types = [describe(known[rtype]) for rtype in sorted(known)]
    return {
        "$schema": DIALECT,
        "title": "NEPI experiment",
        "description": "A network experiment: its resources, and what waits for what.",
        "type": "object",
        "required": ["resources"],
        "additionalProperties": False,
        "properties": {
            "nepi": {"const": FORMAT, "description": "Version of this format"},
            "name": _TEXT | {"description": "Name of the experiment, and of its directory"},
            "on_failure": {
                "enum": ["release", "abort"],
                "description": "After a critical failure: release everything, or leave it in place",
            },
            "seed": {"type": "integer", "description": "Seed of everything drawn at random"},
            "parameters": {
                "type": "object",
                "description": "Values used as ${{ name }} in the texts; --set name=value",
            },
            "resources": {"type": "object", "additionalProperties": {"$ref": "#/$defs/resource"}},
            "connections": {
                "type": "array",
                "items": {"type": "array", "items": _TEXT, "minItems": 2, "maxItems": 2},
                "description": "Neighbours, besides those named with `on`",
            },
            "at": {"type": "array", "items": {"$ref": "#/$defs/timed"}},
            "unsaved": _TEXTS | {"description": "What the file cannot hold; ignored when read"},
        },
        "$defs": {
            "resource": _resource(types),
            "rule": _rule(),
            "timed": _timed(),
            **{info.rtype: _of_type(info) for info in types},
        },
    }


def _resource(types: list[TypeInfo]) -> Schema:
    rules = {"$ref": "#/$defs/rule"}
    names = [name for info in types for name in (info.rtype, *info.aliases)]
    held: Schema = {
        str(step): {"anyOf": [rules, {"type": "array", "items": rules}]} for step in HELD
    }
    return {
        "type": "object",
        "required": ["type"],
        "additionalProperties": False,
        "properties": {
            "type": {"enum": names, "description": "`nepi types` explains them"},
            "on": _TEXTS | {"description": "Names of the resources that it is connected to"},
            "count": {
                "anyOf": [{"type": "integer", "minimum": 0}, _REFERENCE],
                "description": "So many copies: name-1, name-2, ...",
            },
            "attributes": {"type": "object"},
            "traces": {
                "type": "object",
                "additionalProperties": {"type": ["boolean", "string"]},
                "description": "Which traces are kept; a text is the name of the file",
            },
            **held,
        },
        "allOf": [_if_type(info) for info in types],
    }


def _if_type(info: TypeInfo) -> Schema:
    names = [info.rtype, *info.aliases]
    said: Schema = {"properties": {"type": {"enum": names}}, "required": ["type"]}
    return {"if": said, "then": {"$ref": f"#/$defs/{info.rtype}"}}


def _of_type(info: TypeInfo) -> Schema:
    attributes = {one.name: _attribute(one) for one in info.attributes if one.name != "name"}
    required = [one.name for one in info.attributes if one.required]
    return {
        "description": info.help,
        "required": ["type", *(["attributes"] if required else [])],
        "properties": {
            "attributes": {
                "type": "object",
                "properties": attributes,
                "required": required,
                "additionalProperties": False,
            },
            "traces": {"propertyNames": {"enum": [trace.name for trace in info.traces]}},
        },
    }


def _attribute(info: AttributeInfo) -> Schema:
    if info.secret:
        said: Schema = {"type": "string", "pattern": "^env:.", "examples": ["env:NAME"]}
        return said | {"description": f"{info.help} (secret: name the variable that holds it)"}
    found = dict(info.schema)
    text = found.pop("description", info.help)
    choices: Schema = {"anyOf": [found, _REFERENCE], "description": text}
    return choices if info.required or info.default is None else choices | {"default": info.default}


def _rule() -> Schema:
    moment = _TEXT | {"pattern": rf"\.({'|'.join(MOMENTS)})$", "examples": ["server.started"]}
    return {
        "type": "object",
        "required": ["after"],
        "additionalProperties": False,
        "properties": {
            "after": {"anyOf": [moment, {"type": "array", "items": moment, "minItems": 1}]},
            "delay": {"anyOf": [_TIME, _REFERENCE]},
        },
    }


def _timed() -> Schema:
    return {
        "type": "object",
        "required": ["time", "resource"],
        "additionalProperties": False,
        "properties": {
            "time": {"anyOf": [_TIME, _REFERENCE], "description": "After t = 0"},
            "resource": _TEXT,
            "do": {"enum": ["start", "stop"]},
            "set": {"type": "object"},
        },
        "oneOf": [{"required": ["do"]}, {"required": ["set"]}],
    }


def text() -> str:
    """Return the schema as it is published."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> None:
    """Write the schema into the named file, or print it."""
    if arguments:
        Path(arguments[0]).write_text(text(), encoding="utf-8")
    else:
        sys.stdout.write(text())


if __name__ == "__main__":
    main(sys.argv[1:])
