# SPDX-License-Identifier: BSD-3-Clause
"""What is known to everybody: written by the loop, read from any thread without waiting."""

from collections import defaultdict

from nepi.core.conditions import Guid
from nepi.core.lifecycle import State
from nepi.core.messages import Aborted, Failure, Reached


class Chronicle:
    """Which states each resource has reached, and whether the experiment was aborted."""

    def __init__(self) -> None:
        self.aborted: Aborted | None = None
        self._reached: defaultdict[Guid, list[Reached]] = defaultdict(list)

    def note(self, reached: Reached) -> None:
        """Take down one more state."""
        self._reached[reached.guid].append(reached)

    def history(self, guid: Guid) -> tuple[Reached, ...]:
        """Return what was reported of *guid*, in its order; states passed through are left out."""
        return tuple(self._reached.get(guid, ()))

    def state(self, guid: Guid) -> State:
        """Return where *guid* is."""
        known = self._reached.get(guid)
        return known[-1].state if known else State.NEW

    def outcome(self, guid: Guid) -> State:
        """Return where *guid* is or, once RELEASED, where it was before."""
        states = [r.state for r in self._reached.get(guid, ()) if r.state is not State.RELEASED]
        return states[-1] if states else State.NEW

    def failure(self, guid: Guid) -> Failure | None:
        """Return why *guid* failed, if it did; this survives RELEASED."""
        return next((r.failure for r in self._reached.get(guid, ()) if r.failure), None)

    def moment(self, guid: Guid, state: State) -> float | None:
        """Return when *guid* first was in *state* or a later one since its last start."""
        known = self.history(guid)
        if state >= State.STARTED:
            starts = [i for i, r in enumerate(known) if r.state is State.STARTED]
            known = known[starts[-1] :] if starts else known
        return next((r.at for r in known if r.state >= state), None)
