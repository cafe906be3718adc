# SPDX-License-Identifier: BSD-3-Clause
"""This machine's agent at peace: where it lives, what it gives its jobs, what it ends."""

import asyncio
import os
import signal
import stat
import subprocess
from pathlib import Path

import pytest

from nepi.hosts import (
    PIPE,
    AgentStartError,
    ConnectionLostError,
    DiskFullError,
    FilePermissionError,
    Job,
    Limits,
    MissingFileError,
    OutputTooLargeError,
    StartFailedError,
    StdinClosedError,
)
from nepi.hosts.local import LocalMachine
from tests.hosts.machines import a_machine, agent_of, gone, line, lives, new_run, on_a_machine


def test_it_lives_in_a_directory_that_is_ours_alone() -> None:
    async def body(machine: LocalMachine) -> None:
        folder = machine.record.directory
        assert folder.parent == Path("/") / "tmp" / f"nepi-{os.geteuid()}"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert stat.S_IMODE(machine.record.socket.stat().st_mode) == 0o600
        assert stat.S_IMODE((folder / "log").stat().st_mode) == 0o600
        assert len(str(machine.record.socket)) <= 100

    on_a_machine(body)


def test_it_has_left_our_session_and_terminal() -> None:
    async def body(machine: LocalMachine) -> None:
        keeper, agent = machine.record.keeper, agent_of(machine.record)
        assert os.getsid(keeper) != os.getsid(0)
        assert os.getsid(agent) != os.getsid(0)
        assert os.getpgid(keeper) != os.getpgrp()
        for pid in (keeper, agent):
            assert os.readlink(f"/proc/{pid}/fd/0") == "/dev/null"  # noqa: PTH115
            assert os.readlink(f"/proc/{pid}/cwd") == "/"  # noqa: PTH115

    on_a_machine(body)


def test_closing_leaves_nothing() -> None:
    async def body() -> None:
        machine = LocalMachine(new_run())
        record = await machine.start()
        agent = agent_of(record)
        process = await machine.spawn(Job(["sleep", "1000"]))
        stopped = await machine.close()
        assert stopped.ended == (process.pid,)
        assert not any(lives(pid) for pid in (record.keeper, agent, process.pid))
        assert not record.directory.exists()
        with pytest.raises(ConnectionLostError):
            await machine.run(["true"])

    asyncio.run(body())


def test_many_may_start_it_at_once() -> None:
    async def body() -> None:
        machine = LocalMachine(new_run())
        before = machine.record
        first, second = await asyncio.gather(machine.start(), machine.start())
        assert first == second == machine.record
        assert (before.run, before.directory) == (first.run, first.directory)
        await machine.close()

    asyncio.run(body())


def test_it_is_not_used_before_it_is_started() -> None:
    machine = LocalMachine(new_run())
    with pytest.raises(ConnectionLostError, match=r"start\(\) it first"):
        _ = machine.client


@pytest.mark.parametrize("python", ["/no/such/python", "/bin/false", "/bin/echo"])
def test_a_python_that_cannot_begin_it_is_named(python: str) -> None:
    async def body() -> None:
        with pytest.raises(AgentStartError, match=python):
            await LocalMachine(new_run(), python=python).start()

    asyncio.run(body())


def test_a_directory_that_is_there_is_not_taken() -> None:
    async def body(machine: LocalMachine) -> None:
        second = LocalMachine(new_run())
        second.record = machine.record
        with pytest.raises(AgentStartError, match="File exists"):
            await second.start()
        assert (await machine.run(["true"])).ok

    on_a_machine(body)


def test_a_job_carries_its_marks_and_nothing_of_the_agent() -> None:
    async def body(machine: LocalMachine) -> None:
        env = {"NEPI_RUN": "forged", "NEPI_JOB": "forged", "OWN": "1"}
        done = await machine.run(["env"], env=env)
        told = dict(one.split("=", 1) for one in done.text.splitlines() if "=" in one)
        assert told["NEPI_RUN"] == machine.record.run
        assert told["NEPI_JOB"].startswith(machine.record.directory.name)
        assert told["OWN"] == "1"
        # The fourth is that of ls itself.
        assert (await machine.run(["ls", "/proc/self/fd"])).text.split() == ["0", "1", "2", "3"]

    on_a_machine(body)


def test_a_job_directory_tells_its_story(tmp_path: Path) -> None:
    async def body(machine: LocalMachine) -> None:
        job = Job(["sh", "-c", "exit 4"], env={"PASSWORD": "hunter2"}, stdout=tmp_path / "out")
        process = await machine.spawn(job)
        await process.wait()
        folder = machine.record.directory / "jobs" / "1"
        assert '"exit 4"' in (folder / "cmd").read_text()
        assert (folder / "pid").read_text().split()[0] == str(process.pid)
        assert (folder / "pid").read_text().split()[2] == (await machine.facts()).boot
        assert (folder / "rc").read_text().split()[0] == "4"
        assert sorted(one.name for one in folder.iterdir()) == ["cmd", "err", "pid", "rc"]
        assert not any("hunter2" in one.read_text() for one in folder.iterdir())

    on_a_machine(body)


def test_limits_are_kept(tmp_path: Path) -> None:
    async def body(machine: LocalMachine) -> None:
        out = tmp_path / "out"
        job = Job(
            ["sh", "-c", "ulimit -n; ulimit -v; nice; grep Cpus_allowed_list /proc/self/status"],
            stdout=out,
            limits=Limits(open_files=77, memory=1 << 30),
            nice=5,
            affinity=frozenset({0}),
        )
        assert (await (await machine.spawn(job)).wait()).ok
        assert out.read_text().split() == ["77", str(1 << 20), "5", "Cpus_allowed_list:", "0"]
        with pytest.raises(StartFailedError, match="affinity"):
            await machine.spawn(Job(["true"], affinity=frozenset({999})))

    on_a_machine(body)


def test_cpu_time_and_memory_are_told() -> None:
    async def body(machine: LocalMachine) -> None:
        use = "b = bytearray(60_000_000); sum(range(2_000_000))"
        ended = await (await machine.spawn(Job(["python3", "-c", use]))).wait()
        assert ended.cpu_seconds > 0
        assert ended.max_rss > 60_000_000

    on_a_machine(body)


# A daemon in a session of its own; its number is printed by the job itself.
DAEMON = "setsid sh -c 'echo $$ > fifo; exec sleep 1000' & read pid < fifo; echo $pid; "
HIDDEN = DAEMON.replace("setsid", "setsid env -i")


def with_daemon(folder: Path, script: str) -> Job:
    if not (folder / "fifo").exists():
        os.mkfifo(folder / "fifo")
    return Job(["sh", "-c", script], cwd=folder)


def test_a_daemon_of_a_job_is_stopped_with_it(tmp_path: Path) -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(with_daemon(tmp_path, DAEMON + "wait"))
        daemon = int(await line(process))
        assert os.getsid(daemon) != process.pid
        stopped = await process.stop()
        assert {process.pid, daemon} <= set(stopped.ended)
        assert not lives(daemon)

    on_a_machine(body)


def test_a_daemon_that_a_job_left_behind_is_stopped_too(tmp_path: Path) -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(with_daemon(tmp_path, DAEMON))
        daemon = int(await line(process))
        assert (await process.wait()).ok
        assert lives(daemon)
        assert (await process.stop()).ended == (daemon,)
        assert not lives(daemon)

    on_a_machine(body)


def test_a_daemon_that_hides_ends_with_the_run(tmp_path: Path) -> None:
    async def body() -> None:
        async with a_machine() as machine:
            process = await machine.spawn(with_daemon(tmp_path, HIDDEN))
            daemon = int(await line(process))
            await process.wait()
            await machine.close()
            assert not lives(daemon)

    asyncio.run(body())


def test_one_job_is_stopped_and_no_other(tmp_path: Path) -> None:
    async def body(machine: LocalMachine) -> None:
        first = await machine.spawn(with_daemon(tmp_path, DAEMON + "wait"))
        await line(first)
        second = await machine.spawn(with_daemon(tmp_path, DAEMON + "wait"))
        other = int(await line(second))
        await first.stop()
        assert lives(second.pid)
        assert lives(other)

    on_a_machine(body)


def test_many_are_stopped_together() -> None:
    async def body(machine: LocalMachine) -> None:
        jobs = [Job(["sleep", "1000"]) for _ in range(50)]
        started = [one for one in await machine.spawn_many(jobs) if not isinstance(one, Exception)]
        stopped = await asyncio.gather(*(one.stop() for one in started))
        assert [one.ended for one in stopped] == [(one.pid,) for one in started]
        ends = await asyncio.gather(*(one.wait() for one in started))
        assert {one.reason for one in ends} == {"stopped"}

    on_a_machine(body)


def test_a_paused_process_is_stopped() -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(Job(["sleep", "1000"]))
        await process.signal(signal.SIGSTOP)
        assert (await process.stop()).killed == ()
        assert (await process.wait()).signal == signal.SIGTERM

    on_a_machine(body)


def test_output_keeps_its_newest_part(tmp_path: Path) -> None:
    out = tmp_path / "out"

    async def body(machine: LocalMachine) -> None:
        script = "i=0; while [ $i -lt 40 ]; do head -c 100000 /dev/zero; i=$((i+1)); done; echo end"
        job = Job(["sh", "-c", script], stdout=out, output_limit=200_000)
        assert (await (await machine.spawn(job)).wait()).ok

    on_a_machine(body)
    found = out.stat()
    assert found.st_size == 4_000_004
    assert found.st_blocks * 512 < 1_000_000
    assert out.read_bytes().endswith(b"end\n")


def test_a_long_output_is_followed_whole_by_a_slow_reader(tmp_path: Path) -> None:
    async def body(machine: LocalMachine) -> None:
        job = Job(["head", "-c", "20000000", "/dev/zero"], stdout=tmp_path / "out")
        process = await machine.spawn(job)
        size = 0
        async for block in process.follow():
            size += len(block)
            # Others are served while one follows.
            await machine.client.request("ping")
        assert size == 20_000_000

    on_a_machine(body)


def test_a_short_command_may_not_print_without_end() -> None:
    async def body(machine: LocalMachine) -> None:
        with pytest.raises(OutputTooLargeError, match="make it a job"):
            await machine.run(["cat", "/dev/zero"])
        done = await machine.run(["head", "-c", "3000000", "/dev/zero"])
        assert len(done.stdout) == 3_000_000

    on_a_machine(body)


def test_a_short_command_whose_caller_gives_up_is_ended(tmp_path: Path) -> None:
    async def body(machine: LocalMachine) -> None:
        os.mkfifo(tmp_path / "fifo")
        script = f"echo $$ > {tmp_path}/fifo; exec sleep 1000"
        task = asyncio.create_task(machine.run(["sh", "-c", script]))
        pid = int((await machine.run(["cat", str(tmp_path / "fifo")])).text)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await gone(pid)

    on_a_machine(body)


def test_a_reader_that_closed_its_input_is_told_of() -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(
            Job(["sh", "-c", "exec <&-; echo closed; sleep 1000"], stdin=PIPE)
        )
        await line(process)
        with pytest.raises(StdinClosedError):
            await process.write(bytes(1_000_000))

    on_a_machine(body)


def test_input_that_waits_is_refused_when_the_process_ends() -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(Job(["sleep", "1000"], stdin=PIPE))
        waiting = asyncio.create_task(process.write(bytes(1_000_000)))
        await machine.client.request("ping")
        await process.stop()
        with pytest.raises(StdinClosedError):
            await waiting

    on_a_machine(body)


def test_an_input_file_that_is_missing_is_named(tmp_path: Path) -> None:
    async def body(machine: LocalMachine) -> None:
        with pytest.raises(MissingFileError, match="absent"):
            await machine.spawn(Job(["cat"], stdin=tmp_path / "absent"))
        assert list((machine.record.directory / "jobs").iterdir()) == []

    on_a_machine(body)


def test_an_output_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    async def body(machine: LocalMachine) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(MissingFileError, match="below"):
            await machine.spawn(Job(["true"], stdout=tmp_path / "file" / "below"))
        with pytest.raises(FilePermissionError, match="/sys/x"):
            await machine.spawn(Job(["true"], stdout=Path("/sys/x")))

    on_a_machine(body)


def test_a_process_whose_starter_gave_up_is_stopped(tmp_path: Path) -> None:
    async def body(machine: LocalMachine) -> None:
        job = Job(["sleep", "1000"], stdout=tmp_path / "out", step="1.start")
        starting = asyncio.create_task(machine.spawn(job))
        # It has asked; the answer is not there yet.
        await asyncio.sleep(0)
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        process = await machine.spawn(job)
        assert (await process.wait()).reason == "stopped"

    on_a_machine(body)


@pytest.mark.root
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    small = ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=3", "small", str(tmp_path)]
    if subprocess.run(small, check=False, capture_output=True).returncode:
        pytest.skip("no file system may be mounted here")

    async def body(machine: LocalMachine) -> None:
        with pytest.raises(DiskFullError, match="No space left"):
            await machine.files.put(bytes(1_000_000), tmp_path / "big")
        assert await machine.files.list(tmp_path) == []
        await machine.files.put(b"", tmp_path / "one")
        await machine.files.put(b"", tmp_path / "two")
        with pytest.raises(DiskFullError, match="out"):
            await machine.spawn(Job(["true"], stdout=tmp_path / "out"))
        assert (await machine.run(["true"])).ok

    try:
        on_a_machine(body)
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
