# SPDX-License-Identifier: BSD-3-Clause
"""Linux machines and what runs on them. The types are imported when they are first used."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nepi.backends.linux.application import Application
    from nepi.backends.linux.node import Node
    from nepi.backends.linux.ping import Ping

__all__ = ["ALIASES", "TYPES", "Application", "Node", "Ping"]

TYPES: Mapping[str, str] = MappingProxyType(
    {
        "linux::Application": "nepi.backends.linux.application:Application",
        "linux::Node": "nepi.backends.linux.node:Node",
        "linux::Ping": "nepi.backends.linux.ping:Ping",
    }
)
ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "LinuxApplication": "linux::Application",
        "LinuxNode": "linux::Node",
        "LinuxPing": "linux::Ping",
    }
)


if not TYPE_CHECKING:  # checkers know the names from above, and that there are no others

    def __getattr__(name: str) -> type:
        place = TYPES.get(f"linux::{name}")
        if place is None:
            from nepi.resource.errors import nearest  # late, like all that costs time

            hint = nearest(name, __dir__())
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}; {hint}")
        module, _, cls = place.partition(":")
        found = globals()[name] = getattr(import_module(module), cls)
        return found


def __dir__() -> list[str]:
    return __all__
