# SPDX-License-Identifier: BSD-3-Clause
"""What authors of experiments use: describe, deploy, wait, release."""

from nepi.experiment.errors import (
    AbortedError,
    DuplicateNameError,
    ExperimentError,
    ForeignResourceError,
    OverError,
    ResourceFailedError,
    UnknownOverrideError,
    UnknownResourceNameError,
    WaitTimeoutError,
)
from nepi.experiment.experiment import Experiment
from nepi.experiment.looking import Phase
from nepi.experiment.surroundings import Surroundings, surrounded, surroundings

__all__ = [
    "AbortedError",
    "DuplicateNameError",
    "Experiment",
    "ExperimentError",
    "ForeignResourceError",
    "OverError",
    "Phase",
    "ResourceFailedError",
    "Surroundings",
    "UnknownOverrideError",
    "UnknownResourceNameError",
    "WaitTimeoutError",
    "surrounded",
    "surroundings",
]
