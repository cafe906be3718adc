# SPDX-License-Identifier: BSD-3-Clause
"""What one can ask of the orchestrator; nothing here changes anything."""

from nepi.core.board import Board
from nepi.core.conditions import RUN_START, Guid
from nepi.core.explain import explain
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Failure


class Queries(Board):
    """Where every resource is, why, and what it waits for."""

    def guids(self) -> list[Guid]:
        """Return every resource, in the order in which they were added."""
        return [guid for guid in self._tracks if guid != RUN_START]

    def state(self, guid: Guid) -> State:
        """Return where *guid* is."""
        return self.track(guid).state

    def outcome(self, guid: Guid) -> State:
        """Return where *guid* is or, once RELEASED, where it was before."""
        return self.track(guid).outcome

    def failure(self, guid: Guid) -> Failure | None:
        """Return why *guid* failed, if it did; this survives RELEASED."""
        return self.track(guid).failure

    def busy(self, guid: Guid) -> Step | None:
        """Return the step of *guid* that is running."""
        return self.track(guid).busy

    def moment(self, guid: Guid, state: State) -> float | None:
        """Return when *guid* first was in *state* or a later one since its last start."""
        return self.track(guid).moment(state)

    def explain(self, guid: Guid) -> str:
        """Return what *guid* is doing or waiting for, as a sentence without its name."""
        self.track(guid)
        return explain(self._tracks, guid)
