# SPDX-License-Identifier: BSD-3-Clause
"""Processes are read from /proc, whatever they call themselves."""

import os
import subprocess
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.agent import processes
from nepi.agent.processes import Stat, View

REST = b" ".join(str(number).encode() for number in range(7, 55))


def line(pid: int, name: bytes, parent: int, state: bytes = b"S") -> bytes:
    return b"%d (%s) %s %d 5 6 %s" % (pid, name, state, parent, REST)


@given(st.binary(max_size=16).filter(lambda name: b")" not in name) | st.just(b"a) S 1 1 (b"))
def test_a_name_may_hold_anything(name: bytes) -> None:
    found = Stat(7, line(7, name, 3))
    assert (found.parent, found.group, found.session, found.living) == (3, 5, 6, True)


def test_a_zombie_does_not_live() -> None:
    assert not Stat(7, line(7, b"x", 3, b"Z")).living


def test_descendants_are_those_below() -> None:
    parents = {1: 0, 2: 1, 3: 2, 4: 3, 5: 1, 6: 9}
    view = View({pid: Stat(pid, line(pid, b"x", parent)) for pid, parent in parents.items()})
    assert view.descendants([2]) == {3, 4}
    assert view.descendants([1]) == {2, 3, 4, 5}
    assert view.descendants([4]) == set()
    assert list(view.ancestors(4)) == [4, 3, 2, 1]


def test_this_process_is_found_as_it_is() -> None:
    me = processes.table()[os.getpid()]
    assert (me.parent, me.group, me.session) == (os.getppid(), os.getpgrp(), os.getsid(0))
    assert processes.is_there(os.getpid(), me.start)
    assert not processes.is_there(os.getpid(), me.start + 1)
    assert abs(processes.ticks(time.time()) - processes.ticks(time.time())) < 1e6


@pytest.fixture
def sleeper() -> Iterator[int]:
    environment = {"PATH": os.environ["PATH"], "NEPI_RUN": "r=1", "XNEPI_RUN": "no"}
    with subprocess.Popen(["sleep", "1000"], env=environment) as process:
        yield process.pid
        process.kill()


def test_a_mark_is_read_from_the_environment(sleeper: int) -> None:
    assert processes.mark(sleeper, "NEPI_RUN") == "r=1"
    assert processes.mark(sleeper, "NEPI_JOB") is None
    assert processes.command_line(sleeper) == ["sleep", "1000"]
    view = View(processes.table())
    assert view.marked("NEPI_RUN", "r=1", view.descendants([os.getpid()])) == {sleeper}


def test_a_process_that_is_gone_is_nobody() -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    assert processes.stat(process.pid) is None
    assert processes.start_time(process.pid) == 0
    assert processes.mark(process.pid, "PATH") is None
    assert processes.command_line(process.pid) == []
