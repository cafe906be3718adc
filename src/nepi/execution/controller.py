# SPDX-License-Identifier: BSD-3-Clause
"""What a classic resource needs of the experiment it is part of."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from nepi.core.conditions import Condition, Guid
from nepi.core.lifecycle import Step
from nepi.core.messages import Observed


class Line(Protocol):
    """The way from one resource to the engine that carries its experiment out."""

    def post(self, event: Observed, /) -> None:
        """Tell the engine; never waits."""
        ...

    def act(self, guid: Guid, step: Step, /) -> None:
        """Perform *step* in this thread when its turn comes; Refusal if it may not be."""
        ...

    def hold(self, guid: Guid, condition: Condition, /) -> None:
        """Let *guid* obey *condition*."""
        ...


class Controller(Protocol):
    """An experiment, as far as its resources know it (see nepi.execution.ec)."""

    def schedule(
        self, date: str | datetime | float | None, callback: Callable[[], Any], track: bool = False
    ) -> int: ...

    def get_resource(self, guid: Guid) -> Any: ...

    def inform_failure(self, guid: Guid) -> None: ...

    def line(self, guid: Guid) -> Line | None:
        """Return the way to the engine for *guid*; None while there is nothing to tell it to."""
        ...
