# SPDX-License-Identifier: BSD-3-Clause
"""From the entries of a Description to resources: types, references and values are checked.

What is wrong is told with its place in the file. No experiment is known here.
"""

import os
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import define, field

from nepi.formats.description import Description, Entry
from nepi.formats.errors import Path
from nepi.formats.references import Filled, ReferenceProblemError
from nepi.resource import (
    Registry,
    Resource,
    ResourceError,
    UnknownAttributeError,
    check_complete,
    connect,
)
from nepi.resource.errors import nearest

IN_ENVIRONMENT = "env:"
"""How a description refers to a secret: by the environment variable that holds it."""


class SecretMissingError(ResourceError):
    """The environment variable that should hold a secret is not set."""


def secret_of(reference: str, who: str) -> str:
    """Return what the environment holds for *reference*."""
    variable = reference.removeprefix(IN_ENVIRONMENT)
    if variable not in os.environ:
        raise SecretMissingError(
            f"{who} is a secret, taken from the environment: set {variable} and try again"
        )
    return os.environ[variable]


def is_secret_reference(value: object) -> bool:
    """Tell whether *value* says where a secret is."""
    return isinstance(value, str) and value.removeprefix(IN_ENVIRONMENT) not in {"", value}


@define
class Maker:
    """Makes the resources of one description. *directory* tells where a resource has its files."""

    description: Description
    registry: Registry
    run_dir: str
    directory: Callable[[str], str]
    secrets: dict[tuple[str, str], str] = field(factory=dict[tuple[str, str], str])
    """Which attributes of which resources came from secrets, and the reference."""
    _groups: dict[str, tuple[str, ...]] = field(init=False)
    _entries: dict[str, Entry] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._groups = self.description.groups()
        self._entries = dict(self.description.expanded())

    @contextmanager
    def placed(self, path: Path) -> Generator[None]:
        """Tell the place of whatever is wrong inside."""
        try:
            yield
        except (ResourceError, ReferenceProblemError) as error:
            self.description.tree.refuse(str(error), path)

    def type_of(self, entry: Entry) -> type[Resource]:
        with self.placed(("resources", entry.name, "type")):
            return self.registry[entry.rtype]

    def make(self, name: str, entry: Entry) -> Resource:
        """Return the resource called *name*, one of the copies of *entry*."""
        path: Path = ("resources", entry.name)
        cls = self.type_of(entry)
        with self.placed(path):
            made = cls.draft(name=name)
        for key, value in entry.attributes.items():
            with self.placed((*path, "attributes", key)):
                self.give(made, key, self.value(made, key, value, name, entry))
        for key, kept in entry.traces.items():
            with self.placed((*path, "traces", key)):
                made.set_trace(key, to=kept)
        return made

    def give(self, made: Resource, key: str, value: object) -> None:
        if key == "name":
            raise UnknownAttributeError(f"{made.label}: its name is the key it stands under")
        setattr(made, key, made.field(key).convert(value, made.label))

    def value(self, made: Resource, key: str, value: object, name: str, entry: Entry) -> object:
        """Return *value* with its references filled in, and a secret from where it is kept."""
        said = made.field(key).said
        if said.secret and is_secret_reference(value):
            self.secrets[name, key] = str(value)
            return secret_of(str(value), f"{made.label}: {key}")
        filled = Filled(lambda word: self.word(word, name, entry))(value)
        kind = made.field(key).kind
        # A parameter that is a number is text where text is wanted.
        if isinstance(filled, int | float) and isinstance(value, str) and not _takes(kind, filled):
            return str(filled)
        return filled

    def word(self, word: str, name: str, entry: Entry) -> object:
        """Return what a reference in the resource *name* stands for."""
        if word in self.description.parameters:
            return self.description.parameters[word]
        if word == "run_dir":
            return self.run_dir
        of, _, what = word.rpartition(".")
        if of == "self":
            of = name
        group = self._groups.get(of)
        if group is None:
            known = {*self.description.parameters, *(f"{one}.directory" for one in self._groups)}
            hint = nearest(word, known | {"run_dir"})
            raise ReferenceProblemError(f"${{{{ {word} }}}} stands for nothing: {hint}")
        return self._of_group(group, what, word, entry)

    def _of_group(self, group: tuple[str, ...], what: str, word: str, entry: Entry) -> object:
        if what == "count":
            return len(group)
        if not group:
            raise ReferenceProblemError(f"${{{{ {word} }}}}: there is none of them")
        if len(group) != 1:
            raise ReferenceProblemError(
                f"${{{{ {word} }}}}: there are {len(group)} of them; name one, as {group[0]}"
            )
        match what:
            case "directory":
                return self.directory(group[0])
            case "name":
                return group[0]
            case "number":
                return entry.copies().index(group[0]) + 1 if group[0] in entry.copies() else 1
            case _:
                known = ("directory", "count", "name", "number")
                hint = nearest(what, known)
                raise ReferenceProblemError(f"${{{{ {word} }}}} stands for nothing: {hint}")

    def join(self, made: Mapping[str, Resource], tie: Callable[[Resource, Resource], Any]) -> None:
        """Connect what the description says is connected, by *tie*."""
        for name, entry in self.description.expanded():
            with self.placed(("resources", entry.name, "on")):
                for other in self.names(entry.on):
                    tie(made[name], made[other])
        for index, (one, another) in enumerate(self.description.connections):
            with self.placed(("connections", index)):
                for a in self._groups[one]:
                    for b in self._groups[another]:
                        tie(made[a], made[b])

    def names(self, said: tuple[str, ...]) -> Iterator[str]:
        """Return the resources meant by these names."""
        return (one for name in said for one in self._groups[name])

    def timed_values(self, made: Resource, index: int) -> dict[str, object]:
        """Return the values that the entry *index* of `at` sets, checked."""
        found: dict[str, object] = {}
        for key, value in self.description.at[index].values.items():
            with self.placed(("at", index, "set", key)):
                given = self.value(made, key, value, made.name, self._entries[made.name])
                found[key] = made.field(key).convert(given, made.label)
                if not made.field(key).live:
                    raise UnknownAttributeError(f"{key} can only be changed before deploy()")
        return found


def _takes(kind: Any, value: object) -> bool:
    try:
        kind.parse(value)
    except ValueError:
        return False
    return True


def check(description: Description, registry: Registry | None = None) -> None:
    """Raise DescriptionError if no experiment can be made of *description*."""
    maker = Maker(
        description, registry or Registry.installed(), "/run", lambda name: f"/run/{name}"
    )
    made = {name: maker.make(name, entry) for name, entry in description.expanded()}
    maker.join(made, connect)
    for name, entry in description.expanded():
        with maker.placed(("resources", entry.name)):
            check_complete(made[name])
    groups = description.groups()
    for index, timed in enumerate(description.at):
        for name in groups[timed.resource]:
            maker.timed_values(made[name], index)
