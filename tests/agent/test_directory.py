# SPDX-License-Identifier: BSD-3-Clause
"""What lies on the disk is safe from others, and can be read by whoever comes next."""

import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.agent import directory
from nepi.agent.directory import UnsafeDirectoryError


@pytest.fixture
def fresh() -> Iterator[str]:
    path = f"{directory.home(os.geteuid())}/t{secrets.token_hex(4)}"
    yield path
    directory.remove(path)


def test_it_is_ours_alone(fresh: str) -> None:
    lock = directory.make(fresh, "run-1")
    assert Path(fresh).stat().st_mode & 0o777 == 0o700
    assert Path(fresh).parent.stat().st_mode & 0o777 == 0o700
    assert directory.read(f"{fresh}/run") == "run-1"
    os.close(lock)


def test_who_lives_in_it_holds_its_lock(fresh: str) -> None:
    lock = directory.make(fresh, "run-1")
    assert directory.is_locked(fresh)
    os.close(lock)
    assert not directory.is_locked(fresh)
    assert not directory.is_locked(f"{fresh}-missing")


def test_it_is_made_once(fresh: str) -> None:
    os.close(directory.make(fresh, "run-1"))
    with pytest.raises(FileExistsError):
        directory.make(fresh, "run-2")


def test_it_is_not_made_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(UnsafeDirectoryError, match="lives below /tmp/nepi-"):
        directory.make(str(tmp_path / "x"), "run")


def test_a_path_too_long_for_a_socket_is_refused() -> None:
    with pytest.raises(UnsafeDirectoryError, match="too long"):
        directory.make(f"{directory.home(os.geteuid())}/{'x' * 90}", "run")


def test_a_home_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(0o700)
    (tmp_path / "home").symlink_to("real")
    with pytest.raises(UnsafeDirectoryError, match="not a directory"):
        directory.make_home(str(tmp_path / "home"))


def test_a_home_that_is_open_to_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home").chmod(0o755)
    with pytest.raises(UnsafeDirectoryError, match="chmod 700"):
        directory.make_home(str(tmp_path / "home"))


@pytest.mark.root
def test_a_home_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(0o700)
    os.chown(tmp_path / "home", 12345, 12345)
    with pytest.raises(UnsafeDirectoryError, match="belongs to user 12345"):
        directory.make_home(str(tmp_path / "home"))


def test_removing_does_not_follow_links(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "gone" / "below").mkdir(parents=True)
    (tmp_path / "gone" / "below" / "link").symlink_to(tmp_path / "kept")
    directory.remove(str(tmp_path / "gone"))
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept" / "file").exists()


@given(
    pid=st.integers(1, 2**22),
    start=st.integers(0, 2**40),
    wall=st.integers(0, 2**32).map(float),
)
def test_an_identity_is_read_as_it_was_written(pid: int, start: int, wall: float) -> None:
    text = directory.identity_text(pid, start, wall)
    parsed = directory.parse_identity(text)
    assert parsed is not None
    assert (parsed[0], parsed[1], parsed[3]) == (pid, start, wall)


@pytest.mark.parametrize("text", ["", "12", "a b c d", "1 2 boot", "1 2 boot x"])
def test_an_unfinished_identity_is_none(text: str) -> None:
    assert directory.parse_identity(text) is None


@pytest.mark.parametrize(
    ("record", "first"),
    [
        ({"code": 3, "signal": None, "reason": ""}, "3"),
        ({"code": None, "signal": 9, "reason": "killed"}, "-9"),
        ({"code": None, "signal": None, "reason": "lost"}, "?"),
    ],
)
def test_an_exit_is_read_as_it_was_written(
    tmp_path: Path, record: directory.Record, first: str
) -> None:
    directory.write_exit(str(tmp_path), record)
    lines = (tmp_path / "rc").read_text().splitlines()
    assert lines[0] == first
    assert json.loads(lines[1]) == record
    assert directory.read_exit(str(tmp_path)) == record
    assert [one.name for one in tmp_path.iterdir()] == ["rc"]


@pytest.mark.parametrize(
    ("text", "code", "number", "reason"),
    [
        ("0\n", 0, None, ""),
        ("137\n", 137, None, ""),
        ("-15\n", None, 15, ""),
        ("?\n", None, None, "lost"),
    ],
)
def test_a_shell_may_have_written_the_exit(
    tmp_path: Path, text: str, code: int | None, number: int | None, reason: str
) -> None:
    (tmp_path / "rc").write_text(text)
    assert directory.read_exit(str(tmp_path)) == {"code": code, "signal": number, "reason": reason}


def test_no_exit_yet(tmp_path: Path) -> None:
    assert directory.read_exit(str(tmp_path)) is None
