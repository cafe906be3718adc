# SPDX-License-Identifier: BSD-3-Clause
"""From a description to the experiment that it describes."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from nepi.core.stepping import OnFailure
from nepi.experiment.surroundings import surroundings
from nepi.formats import Description, Override
from nepi.formats.files import load as load_file
from nepi.formats.making import Maker
from nepi.resource import Moment, Registry, Resource, Verb

if TYPE_CHECKING:
    from nepi.experiment.experiment import Experiment


def load(cls: "type[Experiment]", path: str | Path, overrides: Sequence[str]) -> "Experiment":
    """Return the experiment that the file describes, overrides applied."""
    given = tuple(dict.fromkeys([*surroundings().overrides, *overrides]))
    description, left = load_file(path, overrides=[Override.parse(one) for one in given])
    surroundings().used.update(set(given) - {str(one) for one in left})
    return build(cls, description)


def build(cls: "type[Experiment]", description: Description) -> "Experiment":
    """Return the experiment that *description* describes."""
    on_failure: OnFailure = "abort" if description.on_failure == "abort" else "release"
    experiment = cls(description.name, on_failure=on_failure, seed=description.seed)
    guids = {name: guid for guid, (name, _) in enumerate(description.expanded(), 1)}
    maker = Maker(
        description,
        Registry.installed(),
        str(experiment.run_dir),
        lambda name: str(experiment.directory_of(name, guids[name])),
    )
    made = {name: maker.make(name, entry) for name, entry in description.expanded()}
    experiment.references.update(maker.secrets)
    for resource in made.values():
        experiment.add(resource)
    maker.join(made, experiment.connect)
    _hold(description, made)
    _date(experiment, description, maker, made)
    experiment.remember(description.unsaved)
    return experiment


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


def _date(
    experiment: "Experiment", description: Description, maker: Maker, made: dict[str, Resource]
) -> None:
    groups = description.groups()
    for index, timed in enumerate(description.at):
        for name in groups[timed.resource]:
            resource = made[name]
            if timed.step is not None:
                experiment.at(timed.time, Verb(resource, timed.step))
            else:
                values = maker.timed_values(resource, index)
                experiment.at(timed.time, resource.set, **values)
