# SPDX-License-Identifier: BSD-3-Clause
"""Which of the optional methods an actor has. Asked thousands of times, so classes answer once."""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

_known: "WeakKeyDictionary[type, dict[str, bool]]" = WeakKeyDictionary()


def hook(actor: object, name: str) -> Callable[..., Any] | None:
    """Return the method *name* of *actor*, None if it has none; its __getattr__ is left alone."""
    if _has(type(actor), name):
        method: Callable[..., Any] | None = getattr(actor, name)
        return method
    try:
        own = vars(actor)
    except TypeError:  # it has slots
        return None
    return own.get(name)


def _has(kind: type, name: str) -> bool:
    known = _known.get(kind)
    if known is None:
        known = _known[kind] = {}
    if name not in known:
        known[name] = hasattr(kind, name)
    return known[name]
