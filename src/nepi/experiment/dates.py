# SPDX-License-Identifier: BSD-3-Clause
"""`exp.at`: what may be given a date, as plain data."""

from nepi.experiment.roster import Dated
from nepi.resource import FrozenAttributeError, Resource, Setter, Verb
from nepi.resource.units import seconds


def dated(when: float | str, what: Verb | Setter, values: dict[str, object]) -> Dated:
    """Return the entry of the timeline for `at(when, what, **values)`."""
    time = seconds(when)
    if time < 0:
        raise ValueError(f"at({when!r}, ...): t = 0 is when the first group is READY, not later")
    match what:
        case Verb():
            if values:
                raise TypeError(f"at({when!r}, {what}) takes no values")
            return Dated(time, what.resource.guid, step=what.step)
        case Setter():
            return Dated(time, what.resource.guid, values=_live(what, values))
        case _:
            raise TypeError(
                f"at({when!r}, ...) takes a verb such as link.stop, or link.set with values, "
                f"not {what!r}; call_at takes any function"
            )


def _live(setter: Setter, values: dict[str, object]) -> tuple[tuple[str, object], ...]:
    resource = setter.resource
    checked = resource.checked(values)
    for name in checked:
        if isinstance(resource, Resource) and not resource.field(name).live:
            raise FrozenAttributeError(
                f"{resource.label}: {name} can only be changed before deploy(), so not at a date"
            )
    return tuple(checked.items())
