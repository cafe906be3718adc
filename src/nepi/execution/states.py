# SPDX-License-Identifier: BSD-3-Clause
"""The states and actions of a classic resource, under the names and numbers that scripts use."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from nepi.core.lifecycle import State, Step


class ResourceState:
    """Where a resource is in its life. The numbers are those of NEPI before 6.1: READY is 3."""

    NEW: Final = State.NEW
    DISCOVERED: Final = State.DISCOVERED
    PROVISIONED: Final = State.PROVISIONED
    READY: Final = State.READY
    STARTED: Final = State.STARTED
    STOPPED: Final = State.STOPPED
    FAILED: Final = State.FAILED
    RELEASED: Final = State.RELEASED


ResourceState2str: Mapping[int, str] = MappingProxyType({state: state.name for state in State})


class ResourceAction:
    """What a condition can hold back."""

    DEPLOY: Final = 0
    START: Final = 1
    STOP: Final = 2


STEP_OF_ACTION: Mapping[int, Step] = MappingProxyType(
    {
        ResourceAction.DEPLOY: Step.DEPLOY,
        ResourceAction.START: Step.START,
        ResourceAction.STOP: Step.STOP,
    }
)


class ECState:
    """Where an experiment is."""

    RUNNING: Final = 1
    FAILED: Final = 2
    RELEASED: Final = 3
    TERMINATED: Final = 4


class FailureLevel:
    """How bad it is: nothing failed, a critical resource did, the controller itself did."""

    OK: Final = 1
    RM_FAILURE: Final = 2
    EC_FAILURE: Final = 3
