# SPDX-License-Identifier: BSD-3-Clause
"""Describe a network experiment as a graph of resources and carry it out on any platform.

Everything here is loaded when it is first used: `import nepi` itself costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nepi.backends import linux
    from nepi.core.lifecycle import State, Step
    from nepi.experiment import (
        AbortedError,
        Experiment,
        ExperimentError,
        WaitTimeoutError,
    )
    from nepi.resource import Registry, Resource, ResourceError

    __version__: str

__all__ = [
    "AbortedError",
    "Experiment",
    "ExperimentError",
    "Registry",
    "Resource",
    "ResourceError",
    "State",
    "Step",
    "WaitTimeoutError",
    "linux",
]

_PLACES = {
    "State": "nepi.core.lifecycle",
    "Step": "nepi.core.lifecycle",
    "Registry": "nepi.resource",
    "Resource": "nepi.resource",
    "ResourceError": "nepi.resource",
    "AbortedError": "nepi.experiment",
    "Experiment": "nepi.experiment",
    "ExperimentError": "nepi.experiment",
    "WaitTimeoutError": "nepi.experiment",
}


if not TYPE_CHECKING:  # checkers know the names from above, and that there are no others

    def __getattr__(name: str) -> object:
        if name == "__version__":
            from importlib.metadata import version

            return version("nepi7")
        if name == "linux":
            found = import_module("nepi.backends.linux")
        elif name in _PLACES:
            found = getattr(import_module(_PLACES[name]), name)
        else:
            raise AttributeError(f"module 'nepi' has no attribute {name!r}")
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return __all__
