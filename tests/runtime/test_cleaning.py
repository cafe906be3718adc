# SPDX-License-Identifier: BSD-3-Clause
"""What a dead run left is removed, exactly that, and nothing of a living run."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from nepi.hosts import leftovers
from nepi.hosts.leftovers import Removed
from nepi.hosts.record import AgentRecord
from nepi.runtime.cleaning import NotAnOrphanError, orphan_of, orphans, remove
from nepi.runtime.directory import RunDirectory
from nepi.runtime.machine import ProcessMark
from nepi.runtime.provenance import Provenance
from nepi.runtime.runs import RunStatus, register, runs

CONTROLLER = """
import asyncio, sys
from nepi.hosts import Job
from nepi.hosts.local import LocalMachine
from nepi.runtime.directory import RunDirectory
from nepi.runtime.provenance import Provenance
from nepi.runtime.runs import register

async def control():
    run = RunDirectory.create(sys.argv[1], "handover")
    registration = register(run)
    Provenance.begin(run)
    machine = LocalMachine(run.run_id)
    registration.record_agent(machine.record.to_json())
    registration.record_agent((await machine.start()).to_json())
    process = await machine.spawn(Job(["sleep", "1000"]))
    print(run.run_id, process.pid, flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await machine.close()

asyncio.run(control())
"""


class Controlled:
    """A run of a process of its own, with one job that would last."""

    def __init__(self, local: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CONTROLLER, str(local)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.run_id, job = self.process.stdout.readline().split()
        self.job = ProcessMark.of(int(job))

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=30)


@contextmanager
def controlled(local: Path) -> Generator[Controlled]:
    with ExitStack() as stack:
        run = Controlled(local)
        stack.enter_context(run.process)
        yield run
        if run.process.poll() is None:
            run.process.communicate(timeout=60)


@pytest.fixture
def local(registry: Path, tmp_path: Path) -> Path:
    assert not registry.exists()
    return tmp_path / "local"


def orphaned(local: Path, **changes: object) -> RunDirectory:
    run = RunDirectory.create(local, "x")
    file = register(run).file
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))
    run.close()
    return run


@pytest.mark.skipif(sys.platform != "linux", reason="the agent is Linux's")
def test_what_a_killed_controller_left_is_removed_and_nothing_of_a_living_run(local: Path) -> None:
    with controlled(local) as dead, controlled(local) as living:
        assert orphans() == []
        dead.kill()
        (orphan,) = orphans()
        assert orphan.entry.run_id == dead.run_id
        assert dead.job.pid in {
            process.pid for one in orphan.leftovers for process in one.processes
        }
        assert orphan.processes >= 1
        assert dead.job.alive

        cleaned = remove(orphan, grace=2.0)

        assert cleaned.ended >= 1
        assert cleaned.remaining == ()
        assert not dead.job.alive
        assert living.job.alive
        assert orphans() == []
        status = {entry.run_id: entry for entry in runs()}
        assert status[living.run_id].status is RunStatus.LIVING
        assert status[dead.run_id].outcome == "cleaned"
        said = RunDirectory.open(status[dead.run_id].directory).read_json("run.json")
        assert said["outcome"] == "cleaned"
        assert "processes removed" in said["reason"]
        with pytest.raises(NotAnOrphanError, match="over by now"):
            remove(orphan)


def test_an_orphan_that_left_nothing_is_concluded(local: Path) -> None:
    run = orphaned(local, agents=[{"platform": "of somebody's own"}, {"directory": 5}])
    (orphan,) = orphans()
    assert orphan.leftovers == ()
    assert orphan.processes == 0
    assert remove(orphan).removed == ()
    (entry,) = runs()
    assert entry.outcome == "cleaned"
    assert "left no run.json" in entry.reason
    assert run.path.is_dir()


def test_an_orphan_whose_directory_is_gone_is_concluded_too(local: Path) -> None:
    orphaned(local, directory="/nowhere", controller={"pid": 2**31 - 1, "start_time": 1})
    remove(orphans()[0])
    assert runs()[0].outcome == "cleaned"


def test_a_run_that_somebody_attached_to_meanwhile_is_left_alone(local: Path) -> None:
    run = orphaned(local)
    (orphan,) = orphans()
    run.hold()
    with pytest.raises(NotAnOrphanError, match="is controlled by process"):
        remove(orphan)
    run.close()
    assert remove(orphan)


def test_a_run_that_was_concluded_in_its_directory_is_over(local: Path) -> None:
    run = orphaned(local)
    (orphan,) = orphans()
    Provenance.begin(run).finish("completed")
    with pytest.raises(NotAnOrphanError, match="over by now"):
        remove(orphan)


def test_a_run_of_another_machine_is_left_to_it(local: Path) -> None:
    orphaned(local, host="elsewhere")
    (orphan,) = orphans()
    assert orphan.obstacle == "it was controlled from elsewhere: run nepi clean there"
    with pytest.raises(NotAnOrphanError, match="elsewhere"):
        remove(orphan)


def test_a_run_of_which_processes_remain_stays_an_orphan(
    local: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = AgentRecord(run="x", directory=Path("/tmp/nepi-0/none"))  # noqa: S108 - never made
    orphaned(local, agents=[agent.to_json()])

    def another_users(*_: object) -> Removed:
        return Removed(ended=(5,), killed=(6,), remaining=(7,))

    monkeypatch.setattr(leftovers, "remove", another_users)
    cleaned = remove(orphans()[0])
    assert (cleaned.ended, cleaned.remaining) == (2, (7,))
    assert len(orphans()) == 1


def test_the_latest_record_of_an_agent_is_the_one_that_counts(
    local: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path("/tmp/nepi-0/none")  # noqa: S108 - never made
    first = AgentRecord(run="x", directory=folder)
    later = AgentRecord(run="x", directory=folder, keeper=3, start=4, boot="b")
    orphaned(local, agents=[first.to_json(), later.to_json()])
    seen: list[AgentRecord] = []

    def look(record: AgentRecord) -> None:
        seen.append(record)

    monkeypatch.setattr(leftovers, "look", look)
    orphan_of(runs()[0])
    assert seen == [later]
