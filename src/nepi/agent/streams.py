# SPDX-License-Identifier: BSD-3-Clause
"""The files a process begins with: what it reads, and what it prints to. Opened here, used once."""

from __future__ import annotations

import os

from nepi.agent import errors, fields
from nepi.agent.codec import Header
from nepi.agent.errors import AgentError, Code

Files = tuple[int, int, int]


class Opened:
    """Descriptors that are ours until the process has its copies."""

    def __init__(self) -> None:
        self._descriptors: list[int] = []

    def add(self, descriptor: int) -> int:
        """This one too."""
        self._descriptors.append(descriptor)
        return descriptor

    def close(self) -> None:
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()


def stdin(header: Header, blob: bytes) -> int:
    """What a process reads, if it is no pipe."""
    kind = fields.text(header, "stdin", "none")
    if kind == "none":
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    if kind == "bytes":
        return memory(blob)
    if kind == "file":
        return _file(fields.path(header, "input"))
    raise AgentError(Code.BAD_REQUEST, f"stdin is none, bytes, file or pipe, not {kind}")


def memory(data: bytes) -> int:
    """A descriptor from which these bytes are read; they never lie on a disk (passwords)."""
    if not data:
        return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    descriptor = os.memfd_create("stdin", os.MFD_CLOEXEC)
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _file(path: str) -> int:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise errors.of_file(error, path, "read") from error


def output(path: str) -> int:
    """A file that is appended to; made, with the folders above it, where it is not there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY
    try:
        try:
            return os.open(path, flags, 0o666)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            return os.open(path, flags, 0o666)
    except OSError as error:
        raise errors.of_file(error, path, "write") from error
