# SPDX-License-Identifier: BSD-3-Clause
"""What the orchestrator is told: the only way in, and the journal is the list of them."""

from nepi.core.conditions import Condition, Guid, Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.plain import ALL_STEPS, DEFAULT_POLICY, Attempt, Failure, Policy, Token, message


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
