# SPDX-License-Identifier: BSD-3-Clause
"""Small files are replaced whole or not at all."""

import errno
import os
import stat
from pathlib import Path
from typing import NoReturn

import pytest

from nepi.runtime import atomic
from nepi.runtime.atomic import DiskFullError, replace_text


def test_a_file_is_replaced_and_private(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    replace_text(path, "old")
    replace_text(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_the_old_content_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = tmp_path / "a.json"
    replace_text(path, "old")
    _fail(monkeypatch, code)
    with pytest.raises(DiskFullError, match="free some") as caught:
        replace_text(path, "new")
    assert caught.value.path == path
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_another_failure_is_raised_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fail(monkeypatch, errno.EIO)
    with pytest.raises(OSError, match="trouble") as caught:
        replace_text(tmp_path / "a.json", "new")
    assert not isinstance(caught.value, DiskFullError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.root
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_the_kernel_itself_saying_full_is_understood(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_open = os.open

    def open_full(*_: object) -> int:
        return real_open("/dev/full", os.O_WRONLY)

    monkeypatch.setattr(os, "open", open_full)
    with pytest.raises(DiskFullError):
        replace_text(tmp_path / "a.json", "new")


def _fail(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    def failing(path: Path, content: bytes, _: int) -> NoReturn:
        path.write_bytes(content[:1])
        raise OSError(code, "trouble")

    monkeypatch.setattr(atomic, "_write", failing)
