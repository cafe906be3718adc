# SPDX-License-Identifier: BSD-3-Clause
"""What a classic resource has to do with others: connections, and conditions on its steps."""

from collections.abc import Iterable

from nepi.core.conditions import Condition, Guid, Requirement
from nepi.core.lifecycle import State
from nepi.execution.controller import Line
from nepi.execution.states import STEP_OF_ACTION
from nepi.util.timefuncs import delay_seconds

Guids = Guid | Iterable[Guid]
Noted = tuple[list[Guid], State, str | float | None]


def guids_of(guids: Guids) -> list[Guid]:
    """Return guids given as one or as many."""
    return [guids] if isinstance(guids, int) else list(guids)


class Related:
    """Who this resource is connected with, and what its steps wait for."""

    _guid: Guid
    _line: Line | None
    _conditions: dict[int, list[Noted]] | None = None

    def __init__(self) -> None:
        self._connections: set[Guid] = set()

    @property
    def connections(self) -> set[Guid]:
        """The guids of the neighbours."""
        return self._connections

    @property
    def conditions(self) -> dict[int, list[Noted]]:
        """Action -> what it waits for: (group, state, time) each."""
        if self._conditions is None:
            self._conditions = {}
        return self._conditions

    def register_connection(self, guid: Guid) -> None:
        """Become a neighbour of *guid*, if valid_connection allows it."""
        if self.valid_connection(guid):
            self._connections.add(guid)
            self.do_connect(guid)

    def unregister_connection(self, guid: Guid) -> None:
        """Be a neighbour of *guid* no more."""
        if guid in self._connections:
            self._connections.discard(guid)
            self.do_disconnect(guid)

    def valid_connection(self, guid: Guid) -> bool:  # noqa: ARG002 - for authors to override
        """Whether *guid* may become a neighbour."""
        return True

    def do_connect(self, guid: Guid) -> None:
        """Act upon having got the neighbour *guid*; for authors to override."""

    def do_disconnect(self, guid: Guid) -> None:
        """Act upon having lost the neighbour *guid*; for authors to override."""

    def register_condition(
        self, action: int, group: Guids, state: int, time: str | float | None = None
    ) -> None:
        """Let *action* wait until all of *group* reached *state*, *time* ago or more."""
        noted = guids_of(group), State(state), time
        condition = condition_of(action, noted)
        self.conditions.setdefault(action, []).append(noted)
        if self._line is not None:
            self._line.hold(self._guid, condition)

    def unregister_condition(self, group: Guids, action: int | None = None) -> None:
        """Forget *group* in the conditions of *action* (or of all); only before deployment."""
        if self._line is not None:
            raise RuntimeError(
                f"the conditions of resource {self._guid} are being obeyed already; "
                "unregister_condition has to come before deploy"
            )
        gone = set(guids_of(group))
        for key in list(self.conditions) if action is None else [action]:
            left = [
                ([guid for guid in guids if guid not in gone], state, time)
                for guids, state, time in self.conditions.get(key, [])
            ]
            self.conditions[key] = [noted for noted in left if noted[0]]


def condition_of(action: int, noted: Noted) -> Condition:
    """Return the condition as the engine knows it; ValueError if there is no such action."""
    group, state, time = noted
    if action not in STEP_OF_ACTION:
        raise ValueError(
            f"{action!r} is not an action; use ResourceAction.DEPLOY, START or STOP (0, 1, 2)"
        )
    return Condition(
        STEP_OF_ACTION[action], Requirement(frozenset(group), state, delay_seconds(time))
    )
