# SPDX-License-Identifier: BSD-3-Clause
"""From a description to the experiment that it describes."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from nepi.core.conditions import Guid
from nepi.experiment.secrecy import References
from nepi.experiment.surroundings import surroundings
from nepi.formats import Description, Override
from nepi.formats.files import load as load_file
from nepi.formats.making import Maker
from nepi.resource import Moment, Registry, Resource, Setter, Verb


class Site(Protocol):
    """What an experiment has to offer for one to be built."""

    references: References

    @property
    def run_dir(self) -> Path: ...
    def directory_of(self, name: str, guid: Guid) -> Path: ...
    def add(self, resource: Resource, /) -> Resource: ...
    def connect(self, a: Resource, b: Resource, /) -> None: ...
    def at(self, when: float, what: Verb | Setter, /, **values: object) -> None: ...
    def remember(self, unsaved: Iterable[str], /) -> None: ...


def read(path: str | Path, overrides: Sequence[str]) -> Description:
    """Return what the file describes, with these overrides and those from outside."""
    given = tuple(dict.fromkeys([*surroundings().overrides, *overrides]))
    description, left = load_file(path, overrides=[Override.parse(one) for one in given])
    surroundings().used.update(set(given) - {str(one) for one in left})
    return description


def build(site: Site, description: Description) -> None:
    """Fill an empty experiment with what *description* describes."""
    guids = {name: guid for guid, (name, _) in enumerate(description.expanded(), 1)}
    maker = Maker(
        description,
        Registry.installed(),
        str(site.run_dir),
        lambda name: str(site.directory_of(name, guids[name])),
    )
    made = {name: maker.make(name, entry) for name, entry in description.expanded()}
    site.references.update(maker.secrets)
    for resource in made.values():
        site.add(resource)
    maker.join(made, site.connect)
    _hold(description, made)
    _date(site, description, maker, made)
    site.remember(description.unsaved)


def _hold(description: Description, made: dict[str, Resource]) -> None:
    groups = description.groups()
    for name, entry in description.expanded():
        for step, rules in entry.rules.items():
            verb = Verb(made[name], step)
            for rule in rules:
                moments = [
                    Moment(made[one], moment.state)
                    for moment in rule.after
                    for one in groups[moment.name]
                ]
                verb.after(*moments, delay=rule.delay)


def _date(site: Site, description: Description, maker: Maker, made: dict[str, Resource]) -> None:
    groups = description.groups()
    for index, timed in enumerate(description.at):
        for name in groups[timed.resource]:
            resource = made[name]
            if timed.step is not None:
                site.at(timed.time, Verb(resource, timed.step))
            else:
                values = maker.timed_values(resource, index)
                site.at(timed.time, resource.set, **values)
