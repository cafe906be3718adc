# SPDX-License-Identifier: BSD-3-Clause
"""What can be wrong with a description, one class per thing that its author can act upon."""

from collections.abc import Iterable


class ResourceError(Exception):
    """Something about a resource or its type is wrong; the message says what would be right."""

    __str__ = Exception.__str__  # a KeyError would show the message in quotes


class DeclarationError(ResourceError):
    """A resource type is declared in a way that cannot work; its author must change the class."""


class UnknownTypeError(ResourceError, KeyError):
    """No installed backend provides this resource type."""


class RetiredTypeError(UnknownTypeError):
    """The platform of this resource type no longer exists."""


class UnavailableBackendError(ResourceError):
    """The backend that provides this resource type cannot be loaded here."""


class UnknownAttributeError(ResourceError, AttributeError):
    """The resource type has no attribute of this name."""


class UnknownTraceError(ResourceError, KeyError):
    """The resource type leaves no trace of this name."""


class InvalidValueError(ResourceError, ValueError):
    """The attribute cannot have this value."""


class MissingValueError(ResourceError, AttributeError):
    """An attribute that must be given was not."""


class FrozenAttributeError(ResourceError, AttributeError):
    """The attribute can only be changed before the resource is deployed."""


class ImpossibleConnectionError(ResourceError):
    """These two resources cannot be connected."""


class MissingConnectionError(ResourceError):
    """The resource lacks a neighbour that it needs."""


class NotDeployedError(ResourceError):
    """This can only be asked of a resource that is part of an experiment."""


class AlreadyAddedError(ResourceError):
    """The resource is part of an experiment already."""


def one_of(known: Iterable[str]) -> str:
    """Name what there is, for the end of a message."""
    return ", ".join(sorted(known)) or "nothing"


def nearest(name: str, known: Iterable[str]) -> str:
    """Suggest the known name that *name* may have been meant as, else list what there is."""
    import difflib

    names = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return f"did you mean {names[found[0]]!r}?" if found else f"there is {one_of(names.values())}"
