# SPDX-License-Identifier: BSD-3-Clause
"""Attributes marked secret: what is written in their place, and the texts to be masked."""

import re
from collections.abc import Iterable

from nepi.formats.making import IN_ENVIRONMENT
from nepi.resource import Resource

References = dict[tuple[str, str], str]
"""Resource and attribute, and the reference (`env:NAME`) that the value came from."""


def reference(resource: Resource, attribute: str, known: References) -> str:
    """Return what a file says in the place of that secret."""
    made = re.sub(r"\W", "_", f"{resource.name}_{attribute}", flags=re.ASCII).upper()
    if not re.fullmatch("[a-z][a-z0-9_]*", resource.name):  # two names might become the same
        made = f"R{resource.guid}_{made}"
    return known.get((resource.name, attribute), f"{IN_ENVIRONMENT}{made}")


def given(resource: Resource) -> dict[str, object]:
    """Return the secrets that *resource* was given, as JSON has them."""
    hidden = _secret(type(resource))
    if not hidden:
        return {}
    values = resource.plain_values(secrets=True)
    return {name: values[name] for name in hidden if name in values}


_found: dict[type[Resource], tuple[str, ...]] = {}


def _secret(cls: type[Resource]) -> tuple[str, ...]:
    known = _found.get(cls)
    if known is None:
        fields = cls.blueprint().fields.items()
        known = _found[cls] = tuple(name for name, field in fields if field.said.secret)
    return known


def texts(resources: Iterable[Resource]) -> tuple[str, ...]:
    """Return the texts that must not be written anywhere."""
    values = (value for resource in resources for value in given(resource).values())
    return tuple(str(value) for value in values if value)
