# SPDX-License-Identifier: BSD-3-Clause
"""The files of a machine, wherever it is. How they travel is each machine's own business."""

import os
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator
from pathlib import Path, PurePath
from typing import BinaryIO, Literal

import attrs

from nepi.hosts.errors import FileError, MissingFileError

BLOCK = 256 << 10
Kind = Literal["file", "directory", "link", "other"]


@attrs.frozen
class FileInfo:
    """One name in a folder; links are not followed."""

    name: str
    kind: Kind
    size: int
    mode: int
    modified: float


class Files(ABC):
    """Absolute paths of the machine in, errors that name the path out."""

    @abstractmethod
    async def stat(self, path: PurePath) -> FileInfo:
        """What is there, or MissingFileError."""

    @abstractmethod
    async def list(self, path: PurePath) -> list[FileInfo]:
        """What a folder holds, by name."""

    @abstractmethod
    async def mkdir(self, path: PurePath, *, mode: int = 0o777) -> None:
        """A folder and those above it; one that is there already is no error."""

    @abstractmethod
    async def remove(self, path: PurePath) -> None:
        """A file, or a folder with all that is in it; nothing there is no error."""

    @abstractmethod
    async def put(self, source: Path | bytes, path: PurePath, *, mode: int | None = None) -> None:
        """A file of this machine, or bytes; it takes its name when it is whole."""

    @abstractmethod
    def blocks(self, path: PurePath, *, offset: int = 0) -> AsyncIterator[bytes]:
        """The content of a file from an offset on, in large pieces."""

    async def get(self, path: PurePath, target: Path) -> None:
        """A file of the machine, to this one; it takes its name when it is whole."""
        temporary = target.with_name(f"{target.name}.part")
        target.parent.mkdir(parents=True, exist_ok=True)
        sink = _open_new(temporary)
        try:
            with sink:
                async for block in self.blocks(path):
                    sink.write(block)
            temporary.replace(target)
        except OSError as error:
            raise FileError(f"cannot write {target}: {os.strerror(error.errno or 0)}") from error
        finally:
            temporary.unlink(missing_ok=True)

    async def read(self, path: PurePath, *, limit: int = 64 << 20) -> bytes:
        """A whole file that is not larger than `limit`."""
        taken: list[bytes] = []
        size = 0
        async for block in self.blocks(path):
            size += len(block)
            if size > limit:
                raise FileError(f"{path} is larger than {limit} bytes; read it in blocks")
            taken.append(block)
        return b"".join(taken)

    async def exists(self, path: PurePath) -> bool:
        """Whether there is anything of this name."""
        try:
            await self.stat(path)
        except MissingFileError:
            return False
        return True


def _open_new(path: Path) -> BinaryIO:
    return path.open("wb")


def pieces(source: Path | bytes) -> Iterator[tuple[bytes, bool]]:
    """A file or bytes in blocks, each with whether it is the last; never an empty answer."""
    if isinstance(source, bytes):
        for at in range(0, len(source) or 1, BLOCK):
            yield source[at : at + BLOCK], at + BLOCK >= len(source)
        return
    try:
        with source.open("rb") as file:
            block = file.read(BLOCK)
            while True:
                after = file.read(BLOCK)
                yield block, not after
                if not after:
                    return
                block = after
    except OSError as error:
        raise FileError(f"cannot read {source}: {os.strerror(error.errno or 0)}") from error


def mode_of(source: Path | bytes) -> int:
    """What a file's users may do with it, before their umask; what they may with a new one."""
    if isinstance(source, bytes):
        return 0o666
    try:
        return source.stat().st_mode & 0o777
    except OSError as error:
        raise FileError(f"cannot read {source}: {os.strerror(error.errno or 0)}") from error
