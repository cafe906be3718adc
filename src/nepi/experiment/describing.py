# SPDX-License-Identifier: BSD-3-Clause
"""From an experiment to its description: what is configured, and nothing of how it went."""

from collections.abc import Iterator, Mapping
from functools import cached_property

from nepi.core.conditions import Guid
from nepi.core.lifecycle import Step
from nepi.experiment.roster import Dated, Held, Roster
from nepi.experiment.run import Run
from nepi.experiment.secrecy import References, given, reference
from nepi.formats import Description
from nepi.formats.description import HELD, Entry, MomentOf, Rule, Timed
from nepi.formats.references import escaped, needs_escaping
from nepi.resource import Resource


class Describing:
    """Writes down one experiment; folders of the run are written as references."""

    def __init__(self, roster: Roster, run: Run, references: References) -> None:
        self._roster = roster
        self._references = references
        self._run = run

    @cached_property
    def _known(self) -> dict[str, str]:
        """The folders, and the words for them."""
        place = self._run.directory.resource_path
        return {str(self._run.path): "run_dir"} | {
            str(place(each.name, guid)): f"{each.name}.directory"
            for guid, each in self._roster.resources.items()
        }

    def entries(self) -> Iterator[Entry]:
        """Return an entry for every resource."""
        on: dict[Guid, list[str]] = {}
        for a, b in self._ordered():
            on.setdefault(a, []).append(self._name(b))
        rules = self._rules()
        for guid, resource in self._roster.resources.items():
            held = rules.get(guid, {})
            yield Entry(
                resource.name,
                resource.rtype,
                on=tuple(on.get(guid, ())),
                attributes=self._attributes(resource),
                traces=resource.plain_traces(),
                rules={step: tuple(held[step]) for step in HELD if step in held},
            )

    def _ordered(self) -> list[tuple[Guid, Guid]]:
        """Return all connections, each from the later resource to the earlier one."""
        return [(max(pair), min(pair)) for pair in self._roster.connections]

    def _name(self, guid: Guid) -> str:
        return self._roster.resources[guid].name

    def _attributes(self, resource: Resource) -> dict[str, object]:
        found = self._roster.configured(resource)
        if found:
            found = self._escaped(found)
        for name in given(resource):
            found[name] = reference(resource, name, self._references)
        return found

    def _escaped(self, values: Mapping[str, object]) -> dict[str, object]:
        found = dict(values)
        for name, value in values.items():
            if needs_escaping(value, str(self._run.path)):
                found[name] = escaped(value, self._known)
        return found

    def _rules(self) -> dict[Guid, dict[Step, list[Rule]]]:
        found: dict[Guid, dict[Step, list[Rule]]] = {}
        for held in self._roster.held:
            rules = found.setdefault(held.guid, {}).setdefault(held.step, [])
            rules += self._rules_of(held)
        return found

    def _rules_of(self, held: Held) -> Iterator[Rule]:
        delays: dict[float, list[MomentOf]] = {}
        for needed in held.requirements:
            moments = delays.setdefault(needed.delay, [])
            moments += [MomentOf(self._name(g), needed.state) for g in sorted(needed.group)]
        return (Rule(tuple(moments), delay) for delay, moments in delays.items())

    def timeline(self) -> Iterator[Timed]:
        """Return what has a date."""
        return (self._timed(dated) for dated in self._roster.dated)

    def _timed(self, dated: Dated) -> Timed:
        resource = self._roster.resources[dated.guid]
        fields = resource.blueprint().fields
        plain = {name: fields[name].kind.plain(value) for name, value in dated.values}
        hidden = {
            name: reference(resource, name, self._references)
            for name in plain
            if fields[name].said.secret
        }
        return Timed(dated.time, resource.name, dated.step, self._escaped(plain) | hidden)

    def description(self, name: str, on_failure: str | None, seed: int | None) -> Description:
        """Return all of it but the resources."""
        return Description(
            name=name,
            on_failure=on_failure,
            seed=seed,
            at=tuple(self.timeline()),
            unsaved=tuple(self._roster.unsaved),
        )
