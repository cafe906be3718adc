# SPDX-License-Identifier: BSD-3-Clause
"""What a classic resource leaves behind: the declaration only, the data are in files."""

import copy
from enum import StrEnum
from typing import Self


class TraceAttr(StrEnum):
    """What to ask about a trace."""

    ALL = "all"
    STREAM = "stream"
    PATH = "path"
    SIZE = "size"


class Trace:
    """Something a resource may record, under a name; only what is enabled is recorded."""

    __slots__ = ("__dict__", "_enabled", "_help", "_name")

    def __init__(self, name: str, help: str, enabled: bool = False) -> None:
        self._name = name
        self._help = help
        self._enabled = enabled

    @property
    def name(self) -> str:
        return self._name

    @property
    def help(self) -> str:
        return self._help

    @property
    def enabled(self) -> bool:
        return self._enabled

    @enabled.setter
    def enabled(self, value: bool) -> None:
        self._enabled = value

    def copy(self) -> Self:
        """Return a trace of the same declaration, independent of this one."""
        return copy.copy(self)
