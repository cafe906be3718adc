# SPDX-License-Identifier: BSD-3-Clause
"""What the orchestrator is told (events) and what it asks for (commands): plain data, all of it.

Events are the only way in, and the journal is the list of them. A *token* is a number chosen by
whoever sends an event, by which the command that answers can be recognised. An *attempt* numbers
the steps that were begun, one after another over all resources: a report names the attempt it
reports on, so that one that comes late is known as late.
"""

from nepi.core.commands import (
    Abandon,
    Aborted,
    Apply,
    Command,
    Grant,
    Interrupt,
    Invoke,
    Late,
    Opened,
    Reached,
    Refused,
    Retried,
    Run,
    WakeAt,
)
from nepi.core.conditions import (
    RUN_START,
    Condition,
    Guid,
    Requirement,
)
from nepi.core.events import (
    Abort,
    Add,
    Aim,
    Call,
    Cancel,
    Connect,
    Done,
    Ended,
    Event,
    Failed,
    Force,
    Hold,
    Observed,
    Set,
    Unwatch,
    Watch,
    Woke,
)
from nepi.core.plain import (
    ALL_STEPS,
    DEFAULT_POLICY,
    Attempt,
    Failure,
    Policy,
    Token,
    message,
)

__all__ = [
    "ALL_STEPS",
    "DEFAULT_POLICY",
    "RUN_START",
    "Abandon",
    "Abort",
    "Aborted",
    "Add",
    "Aim",
    "Apply",
    "Attempt",
    "Call",
    "Cancel",
    "Command",
    "Condition",
    "Connect",
    "Done",
    "Ended",
    "Event",
    "Failed",
    "Failure",
    "Force",
    "Grant",
    "Guid",
    "Hold",
    "Interrupt",
    "Invoke",
    "Late",
    "Observed",
    "Opened",
    "Policy",
    "Reached",
    "Refused",
    "Requirement",
    "Retried",
    "Run",
    "Set",
    "Token",
    "Unwatch",
    "WakeAt",
    "Watch",
    "Woke",
    "message",
]
