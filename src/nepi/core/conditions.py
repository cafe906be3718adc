# SPDX-License-Identifier: BSD-3-Clause
"""When may a step run? User conditions and connections are described here, as plain data."""

from collections.abc import Iterable

from attrs import field, frozen

from nepi.core.lifecycle import State, Step

Guid = int

RUN_START: Guid = 0
"""Stands for the experiment itself: it is STARTED (t = 0) when the first barrier opens."""


def _guids(group: Iterable[Guid]) -> frozenset[Guid]:
    return frozenset(group)


@frozen
class Requirement:
    """All of *group* reached *state* (or a later one), *delay* seconds ago or more."""

    group: frozenset[Guid] = field(converter=_guids)
    state: State
    delay: float = 0.0


@frozen
class Condition:
    """Hold *step* of a resource back until *requirement* is met."""

    step: Step
    requirement: Requirement
