# SPDX-License-Identifier: BSD-3-Clause
"""Controller, agent and keeper are killed, and what they ran goes on and ends as it would have."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from nepi.hosts import (
    PIPE,
    ConnectionLostError,
    InterruptedStepError,
    Job,
    StaleControllerError,
)
from nepi.hosts.client import AgentClient, unix_socket
from nepi.hosts.errors import WrongRunError
from nepi.hosts.local import LocalMachine
from tests.hosts.controller import a_controller
from tests.hosts.machines import PATIENCE, agent_of, gone, kill, line, lives, on_a_machine


def test_a_run_survives_its_controller() -> None:
    async def body() -> None:
        with a_controller(["sleep", "1000"], ["sh", "-c", "exit 7"]) as controller:
            controller.kill()
            async with asyncio.timeout(PATIENCE):
                machine = await LocalMachine.attach(controller.record)
                living, over = machine.client.process("0.start"), machine.client.process("1.start")
                assert living is not None
                assert over is not None
                assert [living.pid, over.pid] == controller.pids
                assert (await over.wait()).code == 7
                assert lives(living.pid)
                assert living.exit is None
                again = await machine.spawn(Job(["sleep", "1000"], step="0.start"))
                assert again is living
                await machine.close()
                assert not lives(living.pid)

    asyncio.run(body())


def test_ctrl_c_at_the_controller_does_not_reach_the_run() -> None:
    with a_controller(["sleep", "1000"]) as controller:
        os.killpg(controller.process.pid, signal.SIGINT)
        os.killpg(controller.process.pid, signal.SIGHUP)
        controller.process.wait()
        assert lives(controller.pids[0])
        assert lives(controller.record.keeper)


def test_a_job_outlives_its_agent() -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(Job(["sh", "-c", "read x; exit 9"], stdin=PIPE))
        for _ in range(2):
            await kill(agent_of(machine.record))
            assert (await machine.run(["true"])).ok
        assert lives(process.pid)
        await process.write(b"go\n")
        ended = await process.wait()
        assert (ended.code, ended.reason) == (9, "")
        assert ended.started <= ended.ended
        assert (machine.record.directory / "jobs" / "1" / "rc").read_text().startswith("9\n")

    on_a_machine(body)


def test_an_exit_while_there_is_no_agent_is_not_lost() -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(Job(["sleep", "1000"]))
        agent = agent_of(machine.record)
        os.kill(agent, signal.SIGSTOP)
        os.kill(process.pid, signal.SIGUSR1)
        await kill(agent)
        assert (await process.wait()).signal == signal.SIGUSR1

    on_a_machine(body)


def test_output_is_followed_without_a_gap_over_the_agents_death() -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(Job(["cat"], stdin=PIPE))
        came = process.follow()
        await process.write(b"before ")
        assert await anext(came) == b"before "
        await kill(agent_of(machine.record))
        await process.write(b"after")
        await process.close_stdin()
        assert b"".join([block async for block in came]) == b"after"

    on_a_machine(body)


def test_a_job_is_stopped_by_the_next_agent() -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(Job(["sh", "-c", "sleep 1000 & wait"]))
        await kill(agent_of(machine.record))
        stopped = await process.stop()
        assert process.pid in stopped.ended
        assert len(stopped.ended) == 2
        assert (await process.wait()).reason == "stopped"

    on_a_machine(body)


def test_a_step_is_done_once_over_the_agents_death() -> None:
    async def body(machine: LocalMachine) -> None:
        job = Job(["sleep", "1000"], step="3.start")
        process = await machine.spawn(job)
        await kill(agent_of(machine.record))
        again = await machine.spawn(job)
        assert again.pid == process.pid
        assert len(list((machine.record.directory / "jobs").iterdir())) == 1

    on_a_machine(body)


def test_a_command_that_the_agents_death_interrupted_is_not_done_again(tmp_path: Path) -> None:
    async def body(machine: LocalMachine) -> None:
        os.mkfifo(tmp_path / "fifo")
        script = f"echo x >> {tmp_path}/done; echo started > {tmp_path}/fifo; exec sleep 1000"
        task = asyncio.create_task(machine.run(["sh", "-c", script]))
        await machine.run(["cat", str(tmp_path / "fifo")])
        await kill(agent_of(machine.record))
        with pytest.raises(InterruptedStepError, match="not known"):
            await task
        assert (tmp_path / "done").read_text() == "x\n"

    on_a_machine(body)


def test_a_job_whose_agent_died_while_it_began_is_found() -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(Job(["sleep", "1000"], step="5.start"))
        # As if it had died between the start of the process and its note.
        (machine.record.directory / "jobs" / "1" / "pid").unlink()
        await kill(agent_of(machine.record))
        assert (await machine.spawn(Job(["sleep", "1000"], step="5.start"))).pid == process.pid
        os.kill(process.pid, signal.SIGUSR1)
        assert (await process.wait()).signal == signal.SIGUSR1

    on_a_machine(body)


def test_wherever_the_agent_dies_each_job_runs_once_and_its_exit_is_known(tmp_path: Path) -> None:
    """Where exactly it dies is chance; whatever it was doing, the outcome is the same."""

    async def body(machine: LocalMachine) -> None:
        for batch in range(3):
            script = f"echo x >> {tmp_path}/{batch}-$0; exit $0"
            jobs = [Job(["sh", "-c", script, str(code)]) for code in range(20)]
            starting = asyncio.create_task(machine.spawn_many(jobs))
            # The agent has come some way with them by the time it answers this.
            await machine.client.request("ping")
            await kill(agent_of(machine.record))
            started = [one for one in await starting if not isinstance(one, Exception)]
            ends = await asyncio.gather(*(one.wait() for one in started))
            assert [one.code for one in ends] == list(range(20))

    on_a_machine(body)
    assert [one.read_text() for one in tmp_path.iterdir()] == ["x\n"] * 60


def test_the_agent_goes_on_without_its_keeper() -> None:
    async def body(machine: LocalMachine) -> None:
        before = await machine.spawn(Job(["sleep", "1000"]))
        await kill(machine.record.keeper)
        after = await machine.spawn(Job(["sh", "-c", "exit 2"]))
        assert (await after.wait()).code == 2
        assert (await before.stop()).ended == (before.pid,)
        last = await machine.spawn(Job(["sleep", "1000"]))
        agent = agent_of(machine.record)
        await machine.client.shutdown()
        await gone(agent)
        assert not lives(last.pid)
        assert not machine.record.directory.exists()

    on_a_machine(body)


def test_the_end_of_an_adopted_job_is_seen_without_a_keeper() -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(Job(["sleep", "1000"]))
        await kill(agent_of(machine.record))
        await machine.client.request("ping")
        await kill(machine.record.keeper)
        await machine.client.request("ping")
        os.kill(process.pid, signal.SIGKILL)
        ended = await process.wait()
        assert (ended.code, ended.signal, ended.reason) == (None, None, "lost")

    on_a_machine(body)


def test_without_agent_and_keeper_waits_end_and_say_what_to_do() -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(Job(["sleep", "1000"]))
        waiting = asyncio.create_task(process.wait())
        follow = asyncio.create_task(line(process))
        os.kill(machine.record.keeper, signal.SIGKILL)
        await kill(agent_of(machine.record))
        for task in (waiting, follow, asyncio.create_task(machine.run(["true"]))):
            with pytest.raises(ConnectionLostError, match="nepi clean"):
                await task

    on_a_machine(body)


def test_term_to_the_keeper_ends_the_run() -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(Job(["sleep", "1000"]))
        os.kill(machine.record.keeper, signal.SIGTERM)
        await gone(machine.record.keeper)
        assert not lives(process.pid)
        assert not machine.record.directory.exists()

    on_a_machine(body)


def test_the_newest_controller_has_the_word() -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(Job(["sleep", "1000"]))
        second = await LocalMachine.attach(machine.record)
        assert (await second.run(["true"])).ok
        with pytest.raises(StaleControllerError, match="replaced by controller 2"):
            await machine.run(["true"])
        with pytest.raises(StaleControllerError):
            await process.wait()
        assert lives(process.pid)
        await kill(agent_of(second.record))
        assert (await second.run(["true"])).ok
        await second.close()

    on_a_machine(body)


def test_an_older_controller_does_not_come_back() -> None:
    async def body(machine: LocalMachine) -> None:
        second = await LocalMachine.attach(machine.record)
        # Both connect again; the epochs outlive the agent.
        await kill(agent_of(machine.record))
        assert (await second.run(["true"])).ok
        with pytest.raises(StaleControllerError):
            await machine.run(["true"])
        await second.close()

    on_a_machine(body)


def test_another_runs_controller_is_refused() -> None:
    async def body(machine: LocalMachine) -> None:
        stranger = AgentClient(unix_socket(machine.record.socket), "another-run")
        with pytest.raises(WrongRunError, match=machine.record.run):
            await stranger.connect()
        stranger.disconnect()
        assert (await machine.run(["true"])).ok

    on_a_machine(body)
