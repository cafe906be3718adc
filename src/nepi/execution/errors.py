# SPDX-License-Identifier: BSD-3-Clause
"""What the classic interface refuses: KeyErrors and ValueErrors, as NEPI scripts catch them."""

from nepi.resource.errors import ResourceError, UnknownTraceError, UnknownTypeError

__all__ = [
    "FrozenAttributeError",
    "ReservedAttributeError",
    "UnknownAttributeError",
    "UnknownGuidError",
    "UnknownTraceError",
    "UnknownTypeError",
]


class UnknownGuidError(ResourceError, KeyError):
    """No resource of this experiment has this guid."""


class UnknownAttributeError(ResourceError, KeyError):
    """The resource type has no attribute of this name."""


class FrozenAttributeError(ResourceError, ValueError):
    """The attribute can only be changed before the resource is deployed."""


class ReservedAttributeError(ResourceError, ValueError):
    """The attribute is not for scripts to set, or not for them to read."""
