# SPDX-License-Identifier: BSD-3-Clause
"""Description files: which format one has, reading it, writing it."""

from collections.abc import Sequence
from pathlib import Path

from nepi.formats.description import Description
from nepi.formats.errors import DescriptionError
from nepi.formats.overriding import Override, Parse, override
from nepi.formats.tree import Tree, text_of
from nepi.resource import Registry, ResourceError
from nepi.runtime.atomic import replace_text

YAML_SUFFIXES = (".yaml", ".yml")
SUFFIXES = (*YAML_SUFFIXES, ".json")


def read(
    text: str, *, json: bool = False, source: str = "", overrides: Sequence[Override] = ()
) -> tuple[Description, list[Override]]:
    """Return what *text* describes, checked, and the overrides that it has nothing for."""
    from nepi.formats.making import check
    from nepi.formats.reading import understand

    registry = Registry.installed()
    tree, left = override(_tree(text, json=json, source=source), overrides, _AttributesOf(registry))
    description = understand(tree)
    check(description, registry)
    return description, left


def load(
    path: str | Path, *, overrides: Sequence[Override] = ()
) -> tuple[Description, list[Override]]:
    """Return what the file *path* describes, like `read`."""
    file = Path(path)
    json = _is_json(file)
    return read(text_of(file), json=json, source=str(file), overrides=overrides)


def written(description: Description, *, json: bool = False) -> str:
    """Return the text that reads as *description* again."""
    from nepi.formats.writing import as_data, as_json

    if json:
        return as_json(description, description.resources)
    from nepi.formats.yamltext import write_yaml

    return write_yaml(as_data(description))


def save(description: Description, path: str | Path) -> Path:
    """Write *description* into the file *path*, whole or not at all."""
    file = Path(path)
    try:
        text = written(description, json=_is_json(file))
    except UnicodeEncodeError as error:
        problem = f"cannot be YAML: {error.reason}; use JSON"
        raise DescriptionError(problem, source=str(file)) from error
    replace_text(file, text)
    return file


def _is_json(file: Path) -> bool:
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise DescriptionError(
            f"has no suffix of a description: {', '.join(SUFFIXES)}", source=str(file)
        )
    return suffix not in YAML_SUFFIXES


def _tree(text: str, *, json: bool, source: str) -> Tree:
    if json:
        from nepi.formats.jsontext import read_json

        return read_json(text, source)
    from nepi.formats.yamltext import read_yaml

    return read_yaml(text, source)


class _AttributesOf:
    """The attributes of a type, for overrides; of one that is not there, none."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def __call__(self, rtype: str) -> dict[str, Parse]:
        try:
            fields = self._registry[rtype].blueprint().fields
        except ResourceError:  # told with its place when the description is checked
            return {}
        return {name: field.kind.parse for name, field in fields.items()}
