# SPDX-License-Identifier: BSD-3-Clause
"""What a dead run left is found and removed, exactly that, whatever died of it."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from nepi.agent import directory
from nepi.hosts import leftovers
from nepi.hosts.record import AgentRecord
from tests.hosts.controller import Controller, a_controller
from tests.hosts.machines import agent_of, lives

SLEEP = ["sleep", "1000"]
DAEMON = ["sh", "-c", "setsid sleep 1000 & wait"]
STUBBORN = ["sh", "-c", "trap '' TERM; echo x; while :; do sleep 1000; done"]
# A process of the job's session that carries no mark.
UNMARKED = ["sh", "-c", "env -i sleep 1000 & wait"]


@pytest.fixture
def other() -> Iterator[Controller]:
    """A living run beside it."""
    with a_controller(DAEMON) as controller:
        yield controller


def kill_now(pid: int) -> None:
    descriptor = os.pidfd_open(pid)
    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    os.close(descriptor)


def untouched(other: Controller) -> bool:
    found = leftovers.look(other.record)
    return lives(other.pids[0]) and found.alive and len(found.processes) >= 4


def nothing_left(record: AgentRecord) -> bool:
    return not leftovers.look(record) and not record.directory.exists()


def test_a_living_agent_is_asked_to_end(other: Controller) -> None:
    with a_controller(SLEEP, DAEMON) as controller:
        controller.kill()
        found = leftovers.look(controller.record)
        assert found.alive
        assert found.directory == controller.record.directory
        commands = [one.command for one in found.processes]
        assert ("sleep", "1000") in commands
        removed = leftovers.remove(controller.record)
        assert set(controller.pids) <= set(removed.ended)
        assert (removed.killed, removed.remaining) == ((), ())
        assert removed.directory == controller.record.directory
        assert not any(lives(pid) for pid in controller.pids)
        assert nothing_left(controller.record)
    assert untouched(other)


def test_a_dead_agent_and_keeper_are_cleaned_up_after(other: Controller) -> None:
    with a_controller(SLEEP, DAEMON, UNMARKED) as controller:
        controller.kill()
        agent = agent_of(controller.record)
        kill_now(controller.record.keeper)
        kill_now(agent)
        removed = leftovers.remove(controller.record)
        assert set(controller.pids) <= set(removed.ended)
        # The three jobs, and what two of them had begun.
        assert len(removed.ended) == 5
        assert nothing_left(controller.record)
    assert untouched(other)


def test_a_dead_keeper_alone_is_no_hindrance(other: Controller) -> None:
    with a_controller(SLEEP) as controller:
        controller.kill()
        kill_now(controller.record.keeper)
        removed = leftovers.remove(controller.record)
        assert controller.pids[0] in removed.ended
        assert nothing_left(controller.record)
    assert untouched(other)


def test_an_agent_that_does_not_answer_is_ended_too(
    other: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "_ANSWER_WITHIN", 0.2)
    with a_controller(SLEEP) as controller:
        controller.kill()
        os.kill(agent_of(controller.record), signal.SIGSTOP)
        leftovers.remove(controller.record)
        assert nothing_left(controller.record)
    assert untouched(other)


def test_what_does_not_heed_term_is_killed() -> None:
    with a_controller(STUBBORN) as controller:
        controller.kill()
        agent = agent_of(controller.record)
        kill_now(controller.record.keeper)
        kill_now(agent)
        removed = leftovers.remove(controller.record, grace=0.1)
        assert controller.pids[0] in removed.killed
        assert nothing_left(controller.record)


def test_a_record_from_before_the_start_suffices() -> None:
    with a_controller(SLEEP) as controller:
        controller.kill()
        early = AgentRecord(run=controller.record.run, directory=controller.record.directory)
        assert leftovers.look(early).alive
        leftovers.remove(early)
        assert nothing_left(controller.record)


def test_a_run_that_nobody_recorded_is_found_by_its_directory() -> None:
    with a_controller(SLEEP) as controller:
        controller.kill()
        (found,) = leftovers.find(controller.record.run)
        assert found.directory == controller.record.directory
        leftovers.remove(found)
        assert leftovers.find(controller.record.run) == []


def test_looking_touches_nothing() -> None:
    with a_controller(SLEEP) as controller:
        first = leftovers.look(controller.record)
        assert leftovers.look(controller.record).processes == first.processes
        assert lives(controller.pids[0])


def test_removing_what_is_gone_changes_nothing() -> None:
    with a_controller(SLEEP) as controller:
        controller.kill()
        leftovers.remove(controller.record)
        assert leftovers.remove(controller.record) == leftovers.Removed()
        assert not leftovers.look(controller.record)


def test_a_directory_that_is_another_runs_by_now_is_left(other: Controller) -> None:
    stale = attrs.evolve(other.record, run="an-older-run", keeper=0)
    assert not leftovers.look(attrs.evolve(stale, keeper=1, start=1, boot="another boot"))
    leftovers.remove(attrs.evolve(stale, keeper=1, start=1, boot="another boot"))
    assert untouched(other)


def test_a_directory_elsewhere_is_never_removed(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("some-run")
    record = AgentRecord(run="some-run", directory=tmp_path)
    assert leftovers.look(record).directory is None
    leftovers.remove(record)
    assert tmp_path.exists()


def test_a_number_that_is_another_process_now_is_not_ended() -> None:
    with subprocess.Popen(SLEEP) as stranger:
        told = directory.parse_identity(directory.identity_text(stranger.pid, 1, 0.0))
        assert told is not None
        record = AgentRecord(
            run="old-run", directory=Path("/nowhere"), keeper=told[0], start=told[1], boot=told[2]
        )
        leftovers.remove(record)
        assert lives(stranger.pid)
        stranger.kill()


def test_a_record_is_read_as_it_was_written() -> None:
    record = AgentRecord(run="r", directory=Path("/tmp/x"), keeper=3, start=4, boot="b")  # noqa: S108
    assert AgentRecord.from_json(record.to_json()) == record
