# SPDX-License-Identifier: BSD-3-Clause
"""Files of this machine, for who has no other way to them: whole or in blocks."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable

from nepi.agent import directory, errors, fields
from nepi.agent.codec import BLOCK, MAX_BLOB, Header
from nepi.agent.errors import AgentError, Code

Answer = tuple[Header, bytes]
Operation = Callable[[Header, bytes], Answer]
_KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
_MAX_NAMES = 20_000


def _facts(path: str, name: str) -> Header:
    found = os.lstat(path)
    return {
        "name": name,
        "kind": _KINDS.get(stat.S_IFMT(found.st_mode), "other"),
        "size": found.st_size,
        "mode": stat.S_IMODE(found.st_mode),
        "modified": found.st_mtime,
    }


def _stat(header: Header, _blob: bytes) -> Answer:
    path = fields.path(header, "path")
    try:
        return _facts(path, os.path.basename(path)), b""
    except OSError as error:
        raise errors.of_file(error, path, "look at") from error


def _list(header: Header, _blob: bytes) -> Answer:
    path = fields.path(header, "path")
    try:
        names = sorted(os.listdir(path))
        if len(names) > _MAX_NAMES:
            raise AgentError(Code.FILE, f"{path} holds {len(names)} names, too many to list")
        return {"entries": [_facts(os.path.join(path, name), name) for name in names]}, b""
    except OSError as error:
        raise errors.of_file(error, path, "list") from error


def _mkdir(header: Header, _blob: bytes) -> Answer:
    path = fields.path(header, "path")
    try:
        os.makedirs(path, mode=fields.whole(header, "mode", 0o777), exist_ok=True)
    except OSError as error:
        raise errors.of_file(error, path, "make the directory") from error
    return {}, b""


def _remove(header: Header, _blob: bytes) -> Answer:
    path = fields.path(header, "path")
    if os.path.normpath(path) in ("/", "//"):
        raise AgentError(Code.BAD_REQUEST, "the root of a machine is not removed")
    try:
        directory.remove(path)
    except OSError as error:
        raise errors.of_file(error, path, "remove") from error
    return {}, b""


def _get(header: Header, _blob: bytes) -> Answer:
    """One block; where it is the last one, `end` says so."""
    path = fields.path(header, "path")
    offset = fields.whole(header, "offset", 0)
    size = min(fields.whole(header, "size", BLOCK), MAX_BLOB)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise AgentError(Code.FILE, f"cannot read {path}: it is not a file")
            data = _read_fully(descriptor, offset, size)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise errors.of_file(error, path, "read") from error
    return {"end": len(data) < size}, data


def _read_fully(descriptor: int, offset: int, size: int) -> bytes:
    os.lseek(descriptor, offset, os.SEEK_SET)
    blocks: list[bytes] = []
    while size > 0 and (block := os.read(descriptor, size)):
        blocks.append(block)
        size -= len(block)
    return b"".join(blocks)


def _put(header: Header, blob: bytes) -> Answer:
    """One block of a file that takes its name when the last one came."""
    path = fields.path(header, "path")
    temporary = f"{path}.{fields.text(header, 'token')}"
    offset = fields.whole(header, "offset", 0)
    if os.path.dirname(temporary) != os.path.dirname(path):
        raise AgentError(Code.BAD_REQUEST, "a token is no path")
    try:
        _write(temporary, offset, blob, fields.whole(header, "mode", 0o666))
        if header.get("last"):
            os.rename(temporary, path)
    except OSError as error:
        directory.remove(temporary)
        raise errors.of_file(error, path, "write") from error
    return {}, b""


def _write(path: str, offset: int, blob: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW | (0 if offset else os.O_CREAT | os.O_TRUNC)
    if not offset:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    descriptor = os.open(path, flags, mode)
    try:
        os.lseek(descriptor, offset, os.SEEK_SET)
        view = memoryview(blob)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


OPERATIONS: dict[str, Operation] = {
    "stat": _stat,
    "list": _list,
    "mkdir": _mkdir,
    "remove": _remove,
    "get": _get,
    "put": _put,
}
