# SPDX-License-Identifier: BSD-3-Clause
"""What an author of experiments can be told, one class per thing to act upon."""

from collections.abc import Generator
from contextlib import contextmanager

from nepi.core.lifecycle import Step
from nepi.core.messages import Failure
from nepi.formats.overriding import OverrideError
from nepi.runtime.errors import EngineThreadError, WaitTimeoutError

__all__ = [
    "AbortedError",
    "DuplicateNameError",
    "ExperimentError",
    "ForeignResourceError",
    "OverrideError",
    "UnknownOverrideError",
    "WaitTimeoutError",
]


class ExperimentError(Exception):
    """Something about an experiment is wrong; the message says what to do."""


class DuplicateNameError(ExperimentError):
    """Two resources would have the same name."""


class UnknownResourceNameError(ExperimentError, KeyError):
    """The experiment has no resource of this name."""

    __str__ = Exception.__str__  # a KeyError would show the message in quotes


class ForeignResourceError(ExperimentError):
    """The resource is not part of this experiment."""


class OverError(ExperimentError):
    """The experiment was released: it cannot be gone on with."""


class UnknownOverrideError(OverrideError):
    """`--set` names something that the experiment does not have."""


class ResourceFailedError(ExperimentError):
    """Why a resource failed, with the trace that its step left."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(f"{failure.type}: {failure.message}")
        self.failure = failure
        if failure.trace:
            self.add_note(failure.trace)


class AbortedError(ExperimentError):
    """A critical resource failed and the experiment was aborted; the cause is attached."""

    def __init__(self, message: str, *, resource: str, step: Step | None, failure: Failure) -> None:
        super().__init__(message)
        self.resource = resource
        self.step = step
        self.failure = failure


@contextmanager
def blocking(call: str) -> Generator[None]:
    """Name the twin that an author has to use where *call* would wait for itself."""
    try:
        yield
    except EngineThreadError:
        raise EngineThreadError(f"exp.{call}()", f"await exp.{call}_aio(...)") from None
