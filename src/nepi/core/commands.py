# SPDX-License-Identifier: BSD-3-Clause
"""What the orchestrator asks for; a driver carries it out."""

from typing import Literal

from nepi.core.conditions import Guid
from nepi.core.events import Done, Ended, Failed, Observed
from nepi.core.lifecycle import State, Step
from nepi.core.plain import Attempt, Failure, Token, message


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
