# SPDX-License-Identifier: BSD-3-Clause
"""Which of the optional methods an actor has. Asked thousands of times, so classes answer once."""

from collections.abc import Callable
from enum import Enum, auto
from functools import lru_cache
from typing import Any


class _Place(Enum):
    CLASS = auto()
    OBJECT = auto()
    NOWHERE = auto()


CLASS, OBJECT, NOWHERE = _Place  # found faster than as members


def hook(actor: object, name: str) -> Callable[..., Any] | None:
    """Return the method *name* of *actor*, None if it has none; its __getattr__ is left alone."""
    kind: Any = type(actor)
    place = _place(kind, name)
    if place is NOWHERE:
        return None
    method: Callable[..., Any] | None
    method = getattr(actor, name) if place is CLASS else vars(actor).get(name)
    return method


@lru_cache(maxsize=4096)
def _place(kind: type, name: str) -> _Place:
    """Say where objects of *kind* may have it: those that only have slots, in their class."""
    if hasattr(kind, name):
        return CLASS
    return OBJECT if kind.__dictoffset__ else NOWHERE
