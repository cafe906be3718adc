# SPDX-License-Identifier: BSD-3-Clause
"""Files are the same on every host."""

import os
from pathlib import Path

import pytest

from nepi.hosts import FileError, Host, MissingFileError
from nepi.hosts.files import BLOCK
from tests.contract.conftest import Kit


@pytest.mark.parametrize("size", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 9 * BLOCK + 7])
def test_a_file_comes_back_as_it_went(kit: Kit, tmp_path: Path, size: int) -> None:
    data = os.urandom(size)
    source, there, back = tmp_path / "source", tmp_path / "deep" / "there", tmp_path / "back"
    source.write_bytes(data)

    async def body(host: Host) -> None:
        await host.files.put(source, there)
        assert there.read_bytes() == data
        await host.files.get(there, back)
        assert back.read_bytes() == data
        assert await host.files.read(there) == data
        assert (await host.files.stat(there)).size == size

    kit.run(body)
    assert sorted(one.name for one in there.parent.iterdir()) == ["there"]


def test_bytes_become_a_file(kit: Kit, tmp_path: Path) -> None:
    async def body(host: Host) -> None:
        await host.files.put(b"text", tmp_path / "file", mode=0o640)
        info = await host.files.stat(tmp_path / "file")
        assert (info.name, info.kind, info.size) == ("file", "file", 4)
        assert info.mode & 0o640 == info.mode

    kit.run(body)


def test_a_program_stays_one(kit: Kit, tmp_path: Path) -> None:
    source = tmp_path / "program"
    source.write_text("#!/bin/sh\n")
    source.chmod(0o700)

    async def body(host: Host) -> None:
        await host.files.put(source, tmp_path / "copy")
        assert (await host.files.stat(tmp_path / "copy")).mode == 0o700

    kit.run(body)


def test_a_file_is_replaced_whole(kit: Kit, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old and much longer")

    async def body(host: Host) -> None:
        await host.files.put(b"new", target)
        assert target.read_bytes() == b"new"

    kit.run(body)


def test_a_file_is_read_from_an_offset(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")

    async def body(host: Host) -> None:
        blocks = [block async for block in host.files.blocks(tmp_path / "file", offset=7)]
        assert b"".join(blocks) == b"789"

    kit.run(body)


def test_what_is_too_large_is_not_read_whole(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")

    async def body(host: Host) -> None:
        with pytest.raises(FileError, match="larger than 5"):
            await host.files.read(tmp_path / "file", limit=5)

    kit.run(body)


def test_a_missing_file_is_named(kit: Kit, tmp_path: Path) -> None:
    missing = tmp_path / "missing"

    async def body(host: Host) -> None:
        assert not await host.files.exists(missing)
        with pytest.raises(MissingFileError, match="missing"):
            await host.files.stat(missing)
        with pytest.raises(MissingFileError, match="missing"):
            await host.files.list(missing)
        with pytest.raises(MissingFileError, match="missing"):
            await host.files.read(missing)
        with pytest.raises(MissingFileError, match="missing"):
            await host.files.get(missing, tmp_path / "copy")
        with pytest.raises(FileError, match="missing"):
            await host.files.put(missing, tmp_path / "copy")

    kit.run(body)
    assert list(tmp_path.glob("copy*")) == []


def test_folders_are_made_listed_and_removed(kit: Kit, tmp_path: Path) -> None:
    async def body(host: Host) -> None:
        folder = tmp_path / "a" / "b"
        await host.files.mkdir(folder)
        await host.files.mkdir(folder)
        await host.files.put(b"x", folder / "file")
        (folder / "link").symlink_to(tmp_path)
        found = [(one.name, one.kind) for one in await host.files.list(folder)]
        assert found == [("file", "file"), ("link", "link")]
        await host.files.remove(tmp_path / "a")
        assert not (tmp_path / "a").exists()
        await host.files.remove(tmp_path / "a")

    kit.run(body)
    assert tmp_path.exists()


def test_a_file_is_no_folder(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")

    async def body(host: Host) -> None:
        with pytest.raises(FileError, match="file"):
            await host.files.mkdir(tmp_path / "file" / "below")
        with pytest.raises(FileError, match="file"):
            await host.files.put(b"x", tmp_path / "file" / "below")

    kit.run(body)
