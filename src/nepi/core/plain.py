# SPDX-License-Identifier: BSD-3-Clause
"""What events and commands are made of: plain data, which survives the journal."""

from collections.abc import Mapping
from typing import TypeVar, dataclass_transform

from attrs import define, field, frozen

from nepi.core.lifecycle import Step

Token = int
Attempt = int

ALL_STEPS = frozenset(Step)

C = TypeVar("C", bound=type)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def message(cls: C) -> C:
    """Make *cls* plain data that type checkers see as frozen.

    It is not frozen when it runs: that would treble the price of making one, and a dozen are made
    for each resource.
    """
    return define(eq=True, unsafe_hash=True)(cls)


@frozen
class Failure:
    """Why something failed, as data: it must survive the journal."""

    type: str
    message: str
    trace: str = ""


def _timeouts() -> Mapping[Step, float]:
    return {Step.STOP: 30.0, Step.RELEASE: 60.0}


@frozen
class Policy:
    """How hard to try: seconds a step may last, how often a failing one is begun again."""

    timeouts: Mapping[Step, float] = field(factory=_timeouts)
    retries: int = 0
    backoff: float = 1.0
    factor: float = 2.0
    longest: float = 60.0
    grace: float = 5.0
    """Seconds that a step running at release is given to end before it is abandoned."""

    def pause(self, tries: int) -> float:
        """Return the seconds to wait after *tries* failures before the step is begun again."""
        try:
            return min(self.backoff * self.factor ** (tries - 1), self.longest)
        except OverflowError:  # after very many
            return self.longest


DEFAULT_POLICY = Policy()
