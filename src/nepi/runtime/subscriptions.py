# SPDX-License-Identifier: BSD-3-Clause
"""Those who are told what happens, as it happens: the same records as in the journal."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nepi.core.conditions import Guid
from nepi.core.messages import Add, Reached
from nepi.runtime.attempts import failure_of
from nepi.runtime.chronicle import Chronicle
from nepi.runtime.lines import COMMANDS, EVENTS, note

Records = Sequence[Mapping[str, Any]]
Told = Callable[[Records], object]

log = logging.getLogger(__name__)


class Subscription:
    """One who is told; after `close`, no more."""

    def __init__(self, told: Told, leave: Callable[["Subscription"], None]) -> None:
        self.told = told
        self.troubled = False
        self._leave = leave

    def close(self) -> None:
        """Be told nothing more."""
        self._leave(self)


class Subscriptions:
    """All who are told. What one of them raises hurts nobody else."""

    def __init__(self) -> None:
        self.members: list[Subscription] = []

    def add(self, subscription: Subscription, past: Sequence[str]) -> list[str]:
        """Tell *subscription* what was, and from now on what is; return notes of trouble."""
        self.members.append(subscription)
        return self._tell(subscription, records(past)) if past else []

    def remove(self, subscription: Subscription) -> None:
        """Tell it nothing more."""
        if subscription in self.members:
            self.members.remove(subscription)

    def publish(self, lines: Sequence[str]) -> list[str]:
        """Tell everybody what these lines say; return notes of those who could not hear it."""
        batch = records(lines)
        return [note for member in tuple(self.members) for note in self._tell(member, batch)]

    def _tell(self, member: Subscription, batch: Records) -> list[str]:
        try:
            member.told(batch)
        except Exception as error:
            if member.troubled:
                return []
            member.troubled = True
            name = getattr(member.told, "__qualname__", repr(member.told))
            log.exception("%s, which listens to the events, failed; the experiment goes on", name)
            text = f"the listener {name} failed: {error!r}"
            return [note(text, trace=failure_of(error).trace)]
        return []


def records(lines: Sequence[str]) -> list[dict[str, Any]]:
    """Return what whole lines say."""
    found: list[dict[str, Any]] = json.loads(f"[{','.join(lines)}]")
    return found


def past_lines(now: float, adds: Mapping[Guid, Add], chronicle: Chronicle) -> list[str]:
    """Return what somebody has missed: who is there, and which states were reached, in order."""
    reached = sorted((r for guid in adds for r in chronicle.history(guid)), key=lambda r: r.at)
    lines = [_timed(now, EVENTS[Add](add)) for add in tuple(adds.values())]
    return lines + [_timed(r.at, COMMANDS[Reached](r)) for r in reached]


def _timed(t: float, line: str) -> str:
    return f'{{"t":{t:.6f},{line}'
