# SPDX-License-Identifier: BSD-3-Clause
"""What the orchestrator is told (events) and what it asks for (commands): plain data, all of it.

Events are the only way in, and the journal is the list of them. A *token* is a number chosen by
whoever sends an event, by which the command that answers can be recognised. An *attempt* numbers
the steps that were begun, one after another over all resources: a report names the attempt it
reports on, so that one that comes late is known as late.
"""

from collections.abc import Mapping
from typing import Literal, TypeVar, dataclass_transform

from attrs import define, field, frozen

from nepi.core.conditions import RUN_START, Condition, Guid, Requirement
from nepi.core.lifecycle import State, Step

__all__ = ["RUN_START", "Condition", "Guid", "Requirement"]

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
        return min(self.backoff * self.factor ** (tries - 1), self.longest)


DEFAULT_POLICY = Policy()

# -- events -------------------------------------------------------------------------------------


@message
class Add:
    """There is a resource *guid*. Said again before anything is asked of it, it takes its place.

    *steps* are those that do something: the others succeed without being asked for. *ends*: it
    may become STOPPED by itself. *classic*: it keeps its own state and reports it (Observed).
    """

    guid: Guid
    rtype: str = ""
    name: str = ""
    critical: bool = True
    steps: frozenset[Step] = ALL_STEPS
    ends: bool = True
    classic: bool = False
    policy: Policy = DEFAULT_POLICY


@message
class Connect:
    """*guid* and *other* are neighbours (a parked classic step is retried when one changes)."""

    guid: Guid
    other: Guid


@message
class Hold:
    """*guid* obeys *condition*."""

    guid: Guid
    condition: Condition


@message
class Set:
    """Give attribute *name* of *guid* this value, once all of *after* holds."""

    guid: Guid
    name: str
    value: object
    token: Token = 0
    after: tuple[Requirement, ...] = ()


@message
class Call:
    """Call the function the sender knows by *token*, once all of *after* holds."""

    token: Token
    after: tuple[Requirement, ...] = ()


@message
class Aim:
    """The user wants *guids* brought to *goal*; with *barrier* none starts before all are READY."""

    guids: tuple[Guid, ...]
    goal: State
    barrier: bool = True


@message
class Force:
    """Perform *step* of *guid* whatever its conditions say, after its running step.

    *mine*: whoever sent this performs the step itself when Granted; else it is Run.
    """

    guid: Guid
    step: Step
    token: Token = 0
    mine: bool = False
    after: tuple[Requirement, ...] = ()


@message
class Observed:
    """A classic resource says that it is in *state* since *at* (engine time, seconds)."""

    guid: Guid
    state: State
    at: float
    failure: Failure | None = None


@message
class Cancel:
    """Give the running step of *guid* up."""

    guid: Guid
    reason: str = "cancelled"


@message
class Abort:
    """Something outside of the resources, such as a full disk, makes an end of the experiment."""

    failure: Failure


@message
class Done:
    """*step* of *guid* succeeded."""

    guid: Guid
    step: Step
    attempt: Attempt


@message
class Failed:
    """*step* of *guid* failed."""

    guid: Guid
    step: Step
    attempt: Attempt
    failure: Failure


@message
class Ended:
    """*guid* came to its end by itself, well or with a failure."""

    guid: Guid
    failure: Failure | None = None


@message
class Woke:
    """The moment asked for with WakeAt(token) has come."""

    token: Token


@message
class Watch:
    """Answer Opened(token) when all of *guids* are in *state* or later, or it cannot be any more.

    Not journaled: it decides nothing. *through_abort*: an abort does not end it.
    """

    token: Token
    guids: tuple[Guid, ...]
    state: State
    through_abort: bool = False


@message
class Unwatch:
    """Forget Watch(token): its caller has gone away. Not journaled."""

    token: Token


Event = (
    Add
    | Connect
    | Hold
    | Set
    | Call
    | Aim
    | Force
    | Observed
    | Cancel
    | Abort
    | Done
    | Failed
    | Ended
    | Woke
    | Watch
    | Unwatch
)

# -- commands -----------------------------------------------------------------------------------


@message
class Run:
    """Perform *step* of *guid*, then report Done or Failed with this *attempt*.

    *token* is that of the Force that asked for it, else 0.
    """

    guid: Guid
    step: Step
    attempt: Attempt
    token: Token = 0


@message
class Grant:
    """The sender of Force(mine=True) may now perform *step* itself, and reports like for Run."""

    guid: Guid
    step: Step
    attempt: Attempt
    token: Token


@message
class Refused:
    """Force(token) cannot be: the step does not fit the state, or nothing new may begin."""

    token: Token
    guid: Guid
    step: Step
    reason: str


@message
class Interrupt:
    """Ask the running attempt to end soon (cancel its task); it still reports."""

    guid: Guid
    step: Step
    attempt: Attempt


@message
class Abandon:
    """The attempt is given up: free its worker, whatever it reports later is late."""

    guid: Guid
    step: Step
    attempt: Attempt


@message
class Late:
    """This report came after its attempt was over and changed nothing: note it."""

    event: Done | Failed | Ended | Observed


@message
class Retried:
    """The step failed and is begun again at *at*."""

    guid: Guid
    step: Step
    failure: Failure
    at: float


@message
class Reached:
    """*guid* is in *state* since *at*: tell whoever listens. *failure* when FAILED."""

    guid: Guid
    state: State
    at: float
    failure: Failure | None = None


@message
class Apply:
    """Set attribute *name* of *guid* to *value* now (Set, its conditions met)."""

    guid: Guid
    name: str
    value: object
    token: Token


@message
class Invoke:
    """Call the function known by *token* now (Call, its conditions met)."""

    token: Token


@message
class WakeAt:
    """Report Woke(token) at engine time *at*."""

    token: Token
    at: float


@message
class Opened:
    """Watch(token) is over: all got there, or the experiment was aborted before."""

    token: Token
    reason: Literal["met", "aborted"]


@message
class Aborted:
    """A critical resource failed: nothing new begins from here on."""

    guid: Guid
    step: Step | None
    failure: Failure


Command = (
    Run
    | Grant
    | Refused
    | Interrupt
    | Abandon
    | Late
    | Retried
    | Reached
    | Apply
    | Invoke
    | WakeAt
    | Opened
    | Aborted
)
