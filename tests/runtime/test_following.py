# SPDX-License-Identifier: BSD-3-Clause
"""A growing file is followed as it grows, with the kernel's help and without it."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Queue

import pytest

from nepi.runtime import following, inotify
from nepi.runtime.following import Follower
from nepi.runtime.inotify import NoInotifyError

WAIT = 30.0

Follow = Callable[[Path], Follower]


@pytest.fixture(params=["native", "looking"])
def follow(request: pytest.FixtureRequest) -> Follow:
    if request.param == "native" and sys.platform != "linux":
        pytest.skip("inotify is Linux's")
    return lambda path: Follower(path, native=request.param == "native")


class Reader:
    """Somebody who follows in a thread of its own."""

    def __init__(self, follower: Follower) -> None:
        self.follower = follower
        self.blocks: Queue[bytes] = Queue()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        for block in self.follower:
            self.blocks.put(block)

    def got(self) -> bytes:
        return self.blocks.get(timeout=WAIT)

    def ended(self) -> bool:
        self.thread.join(timeout=WAIT)
        return not self.thread.is_alive() and self.blocks.empty()


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_what_is_there_comes_first_then_what_is_written(tmp_path: Path, follow: Follow) -> None:
    path = tmp_path / "stdout"
    append(path, b"one")
    reader = Reader(follow(path))
    assert reader.got() == b"one"
    append(path, b"two")
    assert reader.got() == b"two"
    append(path, b"three")
    reader.follower.finish()
    assert reader.got() == b"three"
    assert reader.ended()


def test_a_file_that_is_not_there_yet_is_waited_for(tmp_path: Path, follow: Follow) -> None:
    path = tmp_path / "stdout"
    reader = Reader(follow(path))
    append(tmp_path / "other", b"not mine")
    append(path, b"mine")
    assert reader.got() == b"mine"
    reader.follower.close()
    assert reader.ended()


def test_a_file_moved_into_place_is_noticed(tmp_path: Path, follow: Follow) -> None:
    path = tmp_path / "stdout"
    reader = Reader(follow(path))
    append(tmp_path / "draft", b"whole")
    (tmp_path / "draft").rename(path)
    assert reader.got() == b"whole"
    reader.follower.close()
    assert reader.ended()


def test_a_file_that_became_shorter_is_read_from_its_start(tmp_path: Path, follow: Follow) -> None:
    path = tmp_path / "stdout"
    append(path, b"a long line")
    reader = Reader(follow(path))
    assert reader.got() == b"a long line"
    path.write_bytes(b"new")
    assert reader.got() == b"new"
    reader.follower.close()
    assert reader.ended()


def test_nothing_more_ends_a_file_that_never_came(tmp_path: Path, follow: Follow) -> None:
    follower = follow(tmp_path / "stdout")
    follower.finish()
    assert list(follower) == []
    assert list(follower) == []


def test_closing_ends_at_once(tmp_path: Path, follow: Follow) -> None:
    path = tmp_path / "stdout"
    append(path, b"never read")
    with follow(path) as follower:
        follower.close()
        follower.close()
        assert list(follower) == []
    follower.finish()


def test_a_folder_that_does_not_exist_is_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "later" / "stdout"
    reader = Reader(Follower(path))
    path.parent.mkdir()
    append(path, b"there")
    assert reader.got() == b"there"
    reader.follower.close()
    assert reader.ended()


def test_large_content_comes_in_blocks(tmp_path: Path, follow: Follow) -> None:
    path = tmp_path / "stdout"
    append(path, b"x" * (following.BLOCK + 1))
    follower = follow(path)
    follower.finish()
    assert [len(block) for block in follower] == [following.BLOCK, 1]


def test_too_many_who_ask_the_kernel_leaves_the_other_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inotify, "_libc", NoLibrary)
    with pytest.raises(NoInotifyError):
        inotify.Inotify()
    append(tmp_path / "stdout", b"x")
    follower = Follower(tmp_path / "stdout")
    follower.finish()
    assert list(follower) == [b"x"]


def test_another_system_has_no_inotify(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(NoInotifyError):
        inotify.Inotify()


class NoLibrary:
    """A kernel that refuses."""

    def inotify_init1(self, flags: int) -> int:
        del flags
        return -1


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_inotify_tells_and_is_drained(tmp_path: Path) -> None:
    with inotify.Inotify() as queue:
        queue.add(tmp_path, inotify.CREATE)
        (tmp_path / "x").touch()
        queue.drain()
        queue.drain()
        with pytest.raises(NoInotifyError, match="No such file"):
            queue.add(tmp_path / "nowhere", inotify.CREATE)
