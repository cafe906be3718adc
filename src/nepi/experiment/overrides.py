# SPDX-License-Identifier: BSD-3-Clause
"""`--set client.count=20` for experiments made by scripts: applied as resources are added."""

from collections.abc import Iterable

from nepi.experiment.errors import UnknownOverrideError
from nepi.experiment.surroundings import Surroundings
from nepi.formats.overriding import Override
from nepi.resource import Resource
from nepi.resource.errors import nearest


def apply_to(resource: Resource, around: Surroundings) -> set[str]:
    """Change *resource* as the overrides that name it say; return those."""
    used: set[str] = set()
    for given in around.overrides:
        override = Override.parse(given)
        target, dot, name = override.target.rpartition(".")
        if dot and target == resource.name and _apply(resource, name, override):
            used.add(given)
    around.used.update(used)
    return used


def _apply(resource: Resource, name: str, override: Override) -> bool:
    if name in resource.blueprint().fields:
        field = resource.field(name)
        value = field.convert(override.value(field.kind.parse), f"--set {override}")
        setattr(resource, name, value)
        return True
    if name in resource.traces():
        resource.set_trace(name, to=override.value())
        return True
    return False


def check_used(resources: Iterable[Resource], around: Surroundings) -> None:
    """Raise UnknownOverrideError for the first override that named nothing so far."""
    for given in around.overrides:
        if given not in around.used:
            raise UnknownOverrideError(_unknown(Override.parse(given), list(resources)))


def _unknown(override: Override, resources: list[Resource]) -> str:
    target, _, name = override.target.rpartition(".")
    names = {resource.name: resource for resource in resources}
    if target not in names:
        known = {f"{one}.{name or 'attribute'}" for one in names}
        return f"--set {override} names nothing: {nearest(override.target, known)}"
    resource = names[target]
    arguments = sorted(resource.blueprint().arguments - {"name"})
    hint = nearest(name, arguments)
    if name == "count":
        hint = f"only description files make copies; {hint}"
    return f"--set {override}: {resource.label} has no {name!r}: {hint}"
