# SPDX-License-Identifier: BSD-3-Clause
"""Files of this machine without an agent, below a folder if wanted: for hosts that are not real."""

import os
import shutil
import stat
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from pathlib import Path, PurePath

from nepi.agent.errors import of_file
from nepi.hosts.errors import of_code
from nepi.hosts.files import BLOCK, FileInfo, Files, Kind, mode_of, pieces

_KINDS: dict[int, Kind] = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}


@contextmanager
def _named(path: PurePath, what: str) -> Generator[None]:
    try:
        yield
    except OSError as error:
        refusal = of_file(error, str(path), what)
        raise of_code(refusal.code, refusal.message) from error


class DirectFiles(Files):
    """The same promises as an agent's; blocking, for tests."""

    def __init__(self, root: Path | None = None) -> None:
        self._root = root

    def at(self, path: PurePath) -> Path:
        """Where a path of the host is on this machine."""
        return Path(path) if self._root is None else self._root / str(path).lstrip("/")

    def _info(self, path: PurePath) -> FileInfo:
        found = self.at(path).lstat()
        return FileInfo(
            name=path.name,
            kind=_KINDS.get(stat.S_IFMT(found.st_mode), "other"),
            size=found.st_size,
            mode=stat.S_IMODE(found.st_mode),
            modified=found.st_mtime,
        )

    async def stat(self, path: PurePath) -> FileInfo:
        with _named(path, "look at"):
            return self._info(path)

    async def list(self, path: PurePath) -> list[FileInfo]:
        with _named(path, "list"):
            return [self._info(path / one.name) for one in sorted(self.at(path).iterdir())]

    async def mkdir(self, path: PurePath, *, mode: int = 0o777) -> None:
        with _named(path, "make the directory"):
            self.at(path).mkdir(mode, parents=True, exist_ok=True)

    async def remove(self, path: PurePath) -> None:
        with _named(path, "remove"):
            _remove(self.at(path))

    async def put(self, source: Path | bytes, path: PurePath, *, mode: int | None = None) -> None:
        target = self.at(path)
        with _named(path, "write"):
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary = target.with_name(f"{target.name}.part")
            temporary.write_bytes(b"".join(block for block, _ in pieces(source)))
            wanted = mode_of(source) if mode is None else mode
            # As an agent makes it: what the user's umask allows.
            temporary.chmod(wanted & ~_umask())
            temporary.replace(target)

    async def blocks(self, path: PurePath, *, offset: int = 0) -> AsyncIterator[bytes]:
        with _named(path, "read"):
            descriptor = os.open(self.at(path), os.O_RDONLY | os.O_CLOEXEC)
        try:
            while block := os.pread(descriptor, BLOCK, offset):
                offset += len(block)
                yield block
        finally:
            os.close(descriptor)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
