# SPDX-License-Identifier: BSD-3-Clause
"""What can go wrong between a caller and the engine; no failure of a resource is here."""

from nepi.core.conditions import Guid
from nepi.core.errors import Refusal
from nepi.core.lifecycle import Step


class EngineError(Exception):
    """The engine cannot do what it was asked to do."""


class EngineClosedError(EngineError):
    """The engine was closed: nothing happens in it any more."""


class EngineThreadError(EngineError):
    """A blocking call on the engine's own thread, which would wait for itself for ever."""

    def __init__(self, call: str, twin: str) -> None:
        super().__init__(
            f"{call} was called on the engine's own thread and would wait for itself for ever; "
            f"write `{twin}` there, or hand the work to a thread of its own with schedule()"
        )


class JournalError(EngineError):
    """The journal cannot be written, read or replayed."""


class WaitTimeoutError(EngineError):
    """What was waited for did not come in time."""


class StepRefusedError(Refusal):
    """The step does not fit the state of the resource, or nothing new may begin."""

    def __init__(self, guid: Guid, step: Step, reason: str) -> None:
        super().__init__(reason)
        self.guid = guid
        self.step = step


class StepAbandonedError(EngineError):
    """The step was given up (its time was over, or it was cancelled) before it ended."""

    def __init__(self, guid: Guid, step: Step) -> None:
        super().__init__(
            f"{step} of resource {guid} was given up before it ended: it was cancelled, "
            "or took longer than its timeout"
        )
        self.guid = guid
        self.step = step
