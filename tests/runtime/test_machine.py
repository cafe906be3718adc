# SPDX-License-Identifier: BSD-3-Clause
"""What is told about this machine and its processes is true."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from nepi.runtime import machine
from nepi.runtime.machine import ProcessMark


def test_a_process_is_alive_until_it_ended_even_before_anybody_waited() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        mark = ProcessMark.of(process.pid)
        assert mark.alive
        assert process.stdin is not None
        process.stdin.close()
        # Ended, and not yet waited for: WNOWAIT leaves it a zombie.
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not mark.alive
        process.wait(timeout=30)
    assert not mark.alive


def test_a_later_process_of_the_same_number_is_another() -> None:
    mine = ProcessMark.of(os.getpid())
    assert mine.alive
    assert not ProcessMark(mine.pid, 1, mine.boot_id).alive
    assert not ProcessMark(mine.pid, mine.start_time, "another boot").alive


def test_a_process_that_never_was_is_not_alive() -> None:
    assert machine.start_time(2**31 - 1) is None
    assert not ProcessMark.of(2**31 - 1).alive


def test_the_machine_is_described() -> None:
    assert machine.hostname()
    assert machine.system()
    assert machine.cpus() >= 1
    assert (machine.memory() or 0) > 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_linux_tells_more() -> None:
    assert machine.boot_id()
    assert "net.core.rmem_max" in machine.sysctls()


def test_where_the_system_does_not_tell_nothing_is_invented(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def silent(*_: object, **__: object) -> str:
        raise OSError(2, "no such file")

    monkeypatch.setattr(Path, "read_text", silent)
    monkeypatch.setattr(Path, "open", silent)
    monkeypatch.setattr(platform, "freedesktop_os_release", silent)
    monkeypatch.setattr(os, "sysconf", silent)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert machine.cpu_model() == platform.processor()
    assert machine.system() == platform.platform()
    assert machine.memory() is None
    assert machine.sysctls() == {}
    assert machine.cpus() == os.cpu_count()
