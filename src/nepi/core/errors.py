# SPDX-License-Identifier: BSD-3-Clause
"""What the core refuses. A refusal changes nothing: it is raised before anything is touched."""


class Refusal(Exception):  # noqa: N818 - a category: the errors below it carry the suffix
    """The request makes no sense here; the message says what would."""


class UnknownResourceError(Refusal):
    """No resource has this guid."""


class AlreadyReleasedError(Refusal):
    """The resource has been released; its life is over."""


class AlreadyAbortedError(Refusal):
    """The experiment was aborted: nothing new begins in it."""


class DuplicateResourceError(Refusal):
    """Another resource has this guid already."""


class InvalidConditionError(Refusal):
    """A condition that could keep a release from ending."""
