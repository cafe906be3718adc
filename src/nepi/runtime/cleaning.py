# SPDX-License-Identifier: BSD-3-Clause
"""What runs whose controller died have left, and removing it - never anything of a living run.

Who may say yes, and how it is asked, is up to the faces. How a machine is searched and cleaned is
known by nepi.hosts.leftovers.
"""

from attrs import frozen

from nepi.hosts import leftovers
from nepi.hosts.leftovers import Leftovers, Removed
from nepi.hosts.record import AgentRecord
from nepi.runtime.directory import RunDirectory, RunDirectoryError
from nepi.runtime.lock import RunLivingError
from nepi.runtime.provenance import Provenance
from nepi.runtime.runs import Registration, RunEntry, RunStatus, again, runs

OUTCOME = "cleaned"


class NotAnOrphanError(Exception):
    """The run is not one to be cleaned up here; the message says why."""


@frozen
class Orphan:
    """A run without controller and without outcome, and what it left on this machine."""

    entry: RunEntry
    leftovers: tuple[Leftovers, ...]

    @property
    def processes(self) -> int:
        """Return how many processes of it live."""
        return sum(len(one.processes) for one in self.leftovers)

    @property
    def obstacle(self) -> str:
        """Return why it cannot be cleaned up from here; empty if it can."""
        if self.entry.here:
            return ""
        return f"it was controlled from {self.entry.host}: run nepi clean there"


@frozen
class Cleaned:
    """What was removed of one run."""

    entry: RunEntry
    removed: tuple[Removed, ...]

    @property
    def ended(self) -> int:
        """Return how many processes were ended, in whichever way."""
        return sum(len(one.ended) + len(one.killed) for one in self.removed)

    @property
    def remaining(self) -> tuple[int, ...]:
        """Return the processes that could not be ended: the run stays an orphan then."""
        return tuple(pid for one in self.removed for pid in one.remaining)


def orphans() -> list[Orphan]:
    """Return all orphaned runs, the oldest first; nothing is touched."""
    return [orphan_of(entry) for entry in runs() if entry.status is RunStatus.ORPHANED]


def orphan_of(entry: RunEntry) -> Orphan:
    """Look for what the run of *entry* left on this machine; nothing is touched."""
    if not entry.here:
        return Orphan(entry, ())
    looked = (leftovers.look(record) for record in _records(entry))
    return Orphan(entry, tuple(one for one in looked if one))


def remove(orphan: Orphan, *, grace: float = 5.0) -> Cleaned:
    """Remove what an orphaned run left on this machine, and give the run its outcome.

    Its directory, with the results, stays. NotAnOrphanError: it lives again, is over by now, or
    belongs to another machine.
    """
    if orphan.obstacle:
        raise NotAnOrphanError(f"run {orphan.entry.run_id} is not cleaned up: {orphan.obstacle}")
    directory = _held(orphan.entry)
    try:
        return _remove(orphan.entry, directory, grace)
    finally:
        if directory is not None:
            directory.close()


def _held(entry: RunEntry) -> RunDirectory | None:
    """Hold the run's lock while cleaning, so that nobody attaches; None when it has none left."""
    if not entry.exists:
        return None
    directory = RunDirectory.open(entry.directory)
    try:
        directory.hold()
    except RunLivingError as error:
        raise NotAnOrphanError(f"run {entry.run_id} is not cleaned up: {error}") from error
    return directory


def _remove(entry: RunEntry, directory: RunDirectory | None, grace: float) -> Cleaned:
    now = again(entry, held=directory is not None)
    if now.status is not RunStatus.ORPHANED:
        raise NotAnOrphanError(f"run {entry.run_id} is not cleaned up: it is {now.status} by now")
    cleaned = Cleaned(now, tuple(leftovers.remove(one, grace) for one in _records(now)))
    if not cleaned.remaining:
        reason = f"its controller ended without an outcome; {cleaned.ended} processes removed"
        _conclude(now, directory, reason)
    return cleaned


def _conclude(entry: RunEntry, directory: RunDirectory | None, reason: str) -> None:
    if directory is not None:
        try:
            Provenance.reopen(directory).finish(OUTCOME, reason=reason)
        except RunDirectoryError:
            # It died before it wrote one: then the register alone knows.
            reason = f"{reason}; it left no run.json"
    Registration.of(entry).outcome(OUTCOME, reason=reason)


def _records(entry: RunEntry) -> list[AgentRecord]:
    """Return the run's agents: the recorded ones (the latest of each) and those found by its id."""
    found = {one.directory: one for one in leftovers.find(entry.run_id)}
    recorded = [_record(dict(agent)) for agent in entry.agents]
    return list((found | {one.directory: one for one in recorded if one}).values())


def _record(agent: dict[str, object]) -> AgentRecord | None:
    try:
        return AgentRecord.from_json(agent)
    except (TypeError, KeyError):
        # Something else that was recorded, by a platform of its own.
        return None
