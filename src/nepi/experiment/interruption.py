# SPDX-License-Identifier: BSD-3-Clause
"""Ctrl-C: the first one releases everything in order, each further one makes it harder.

It may be pressed at any moment, also in the middle of this.
"""

from collections.abc import Callable
from contextlib import suppress

from attrs import define, field

from nepi.experiment.life import Life
from nepi.experiment.services import Services
from nepi.runtime.errors import EngineError

PATIENCE = 4
"""After so many Ctrl-C nothing is waited for any more; `nepi clean` finds what is left then."""


@define(eq=False)
class Interruption:
    """What the presses of Ctrl-C do to one experiment."""

    life: Life
    services: Services
    tell: Callable[[str], None]
    presses: int = field(default=0, init=False)

    def release(self) -> None:
        """Release everything, because Ctrl-C was pressed; return when that is done."""
        while self.presses < PATIENCE:
            self.presses += 1
            with suppress(KeyboardInterrupt):
                self._press()
                self._release()
                return

    def _press(self) -> None:
        if self.presses == 1:
            self.tell(
                "interrupted: releasing everything; press Ctrl-C again to kill what still runs"
            )
            return
        self.services.kill()
        self.life.engine.cancel(self.life.known(), reason="Ctrl-C")
        self.tell("interrupted again: killing what still runs")

    def _release(self) -> None:
        try:
            self.life.release()
        except EngineError as error:
            self.tell(f"not everything could be released: {error}")
