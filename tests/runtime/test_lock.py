# SPDX-License-Identifier: BSD-3-Clause
"""A run is living exactly as long as the process that controls it."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nepi.runtime.lock import NoLocksError, RunLivingError, RunLock, is_held

CONTROLLER = """
import sys
from pathlib import Path
from nepi.runtime.lock import RunLock
lock = RunLock.take(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""

FORKING = """
import os, sys
from pathlib import Path
from nepi.runtime.lock import RunLock
lock = RunLock.take(Path(sys.argv[1]))
child = os.fork()
if child == 0:
    print("child", os.getpid(), flush=True)
    sys.stdin.read()
    os._exit(0)
os.waitpid(child, 0)
"""


def controller(path: Path, script: str = CONTROLLER) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str], *, timeout: float = 30) -> None:
    process.communicate(timeout=timeout)


def test_the_lock_of_a_killed_controller_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with controller(path) as process:
        assert said(process) == "held"
        assert is_held(path)
        with pytest.raises(RunLivingError, match=f"process {process.pid}: end that one first"):
            RunLock.take(path)
        os.kill(process.pid, signal.SIGKILL)
        end(process)
    assert not is_held(path)
    RunLock.take(path).release()


def test_a_forked_child_does_not_keep_the_run_of_a_dead_parent_alive(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with controller(path, FORKING) as process:
        assert said(process).startswith("child")
        assert is_held(path)
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=30)
        assert not is_held(path)
        end(process)


def test_asking_and_taking_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    asking = threading.Event()
    asked = threading.Event()

    def ask() -> None:
        while not asked.is_set():
            is_held(path)
            asking.set()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert asking.wait(timeout=30)
    for _ in range(200):
        RunLock.take(path).release()
    asked.set()
    for thread in threads:
        thread.join(timeout=30)


def test_a_lock_that_is_not_there_is_not_held(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "lock")
    (tmp_path / "file").touch()
    assert not is_held(tmp_path / "file" / "lock")


def test_in_doubt_a_lock_is_held(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to("elsewhere")
    assert is_held(tmp_path / "lock")


def test_a_file_system_without_locks_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(NoLocksError, match=str(tmp_path)):
        RunLock.take(tmp_path / "lock")


def test_a_released_lock_is_held_no_more(tmp_path: Path) -> None:
    lock = RunLock.take(tmp_path / "lock")
    assert lock.held
    lock.release()
    lock.release()
    assert not lock.held


def test_a_new_lock_is_held_before_anybody_can_see_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    rename = Path.rename

    def looking(draft: Path, target: Path) -> Path:
        seen.append(is_held(draft))
        return rename(draft, target)

    monkeypatch.setattr(Path, "rename", looking)
    lock = RunLock.take(tmp_path / "lock")
    assert seen == [True]
    assert is_held(tmp_path / "lock")
    lock.release()
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
