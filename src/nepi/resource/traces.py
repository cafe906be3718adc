# SPDX-License-Identifier: BSD-3-Clause
"""Traces: the files that a resource leaves behind, as its type declares them.

Reading them is up to the runtime; what it gives out is described here, by `TraceFile`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, Self, overload


class TraceFile(Protocol):
    """One trace of one resource, readable while it is being written."""

    @property
    def path(self) -> Path: ...
    @property
    def exists(self) -> bool: ...
    @property
    def size(self) -> int: ...
    def read(self, size: int = -1, *, offset: int = 0) -> bytes: ...
    def text(self) -> str: ...
    def lines(self) -> list[str]: ...
    def blocks(self, size: int = 65536, *, offset: int = 0) -> Iterator[bytes]: ...
    def follow(self, *, offset: int = 0) -> Iterator[bytes]: ...


class Traced(Protocol):
    """What a trace asks of the resource it belongs to."""

    def trace(self, name: str) -> TraceFile: ...
    def set_trace(self, name: str, *, to: object) -> None: ...


class Trace:
    """A file that a resource leaves behind, named *file* or else like the trace.

    Annotated (``stdout: Trace = Trace("...")``) it is an argument of the constructor for type
    checkers too: True or False switches it, a text renames the file and switches it on.
    """

    def __init__(self, help: str, *, enabled: bool = True, file: str = "") -> None:  # noqa: A002
        self.help = help
        self.enabled = enabled
        self.file = file
        self.name = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name
        self.file = self.file or name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: Traced, owner: type) -> TraceFile: ...
    def __get__(self, instance: Traced | None, owner: type) -> Self | TraceFile:
        return self if instance is None else instance.trace(self.name)

    def __set__(self, instance: Traced, value: bool | str) -> None:  # noqa: FBT001 - as Python has it
        instance.set_trace(self.name, to=value)

    def __repr__(self) -> str:
        return f"Trace({self.name!r})"

    def chosen(self, value: object) -> str | None:
        """Return the name of the file that *value* asks for; None: not to be kept."""
        match value:
            case True:
                return self.file
            case False | None:
                return None
            case str():
                return plain_name(value)
            case _:
                raise ValueError(f"{value!r} is neither true, false, nor the name of a file")


def plain_name(name: str) -> str:
    """Return *name* if it is that of a file and not a path: traces stay in their folder."""
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is not a plain file name; a trace stays in its folder")
    return name
