# SPDX-License-Identifier: BSD-3-Clause
"""What a process does is the same on every host."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from nepi.hosts import (
    PIPE,
    STDOUT,
    CommandNotFoundError,
    CommandTimeoutError,
    Host,
    Job,
    MissingDirectoryError,
    Process,
    StdinClosedError,
    Stopped,
)
from tests.contract.conftest import Kit


def test_an_exit_code_is_told(kit: Kit) -> None:
    async def body(host: Host) -> None:
        process = await host.spawn(Job([kit.tool("say"), "", "", "3"]))
        ended = await process.wait()
        assert (ended.code, ended.signal, ended.reason, ended.ok) == (3, None, "", False)
        assert process.exit == ended
        assert await process.wait() == ended

    kit.run(body)


def test_many_may_wait_for_one_end(kit: Kit) -> None:
    async def body(host: Host) -> None:
        process = await host.spawn(Job(["cat"], stdin=PIPE))
        waits = [asyncio.create_task(process.wait()) for _ in range(3)]
        waits[0].cancel()
        await process.close_stdin()
        assert [(await one).code for one in waits[1:]] == [0, 0]

    kit.run(body)


def test_an_exit_has_its_times(kit: Kit) -> None:
    async def body(host: Host) -> None:
        ended = await (await host.spawn(Job(["true"]))).wait()
        assert ended.ok
        assert ended.started <= ended.ended
        assert ended.cpu_seconds >= 0

    kit.run(body)


def test_output_goes_to_the_files_it_was_given(kit: Kit, tmp_path: Path) -> None:
    out, err = tmp_path / "a" / "b" / "out", tmp_path / "c" / "err"

    async def body(host: Host) -> None:
        job = Job([kit.tool("say"), "to out", "to err", "0"], stdout=out, stderr=err)
        await (await host.spawn(job)).wait()
        assert out.read_text() == "to out"
        assert err.read_text() == "to err"

    kit.run(body)


def test_output_is_appended(kit: Kit, tmp_path: Path) -> None:
    out = tmp_path / "out"

    async def body(host: Host) -> None:
        for _ in range(2):
            await (await host.spawn(Job([kit.tool("say"), "x", "", "0"], stdout=out))).wait()
        assert out.read_text() == "xx"

    kit.run(body)


def test_both_outputs_may_go_to_one_file(kit: Kit, tmp_path: Path) -> None:
    out = tmp_path / "out"

    async def body(host: Host) -> None:
        job = Job([kit.tool("say"), "1", "2", "0"], stdout=out, stderr=STDOUT)
        await (await host.spawn(job)).wait()
        assert out.read_text() == "12"

    kit.run(body)


def test_input_is_nothing_unless_asked_for(kit: Kit) -> None:
    async def body(host: Host) -> None:
        process = await host.spawn(Job(["cat"]))
        assert (await process.wait()).ok
        with pytest.raises(StdinClosedError):
            await process.write(b"too late")

    kit.run(body)


@pytest.mark.parametrize("size", [0, 5, 300_000])
def test_input_may_be_bytes(kit: Kit, tmp_path: Path, size: int) -> None:
    data, out = os.urandom(size), tmp_path / "out"

    async def body(host: Host) -> None:
        await (await host.spawn(Job(["cat"], stdin=data, stdout=out))).wait()
        assert out.read_bytes() == data

    kit.run(body)


def test_input_may_be_a_file(kit: Kit, tmp_path: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.write_bytes(b"from a file")

    async def body(host: Host) -> None:
        await (await host.spawn(Job(["cat"], stdin=source, stdout=out))).wait()
        assert out.read_bytes() == b"from a file"

    kit.run(body)


def test_input_may_be_written_while_it_runs(kit: Kit) -> None:
    async def body(host: Host) -> None:
        process = await host.spawn(Job(["cat"], stdin=PIPE))
        came = process.follow()
        await process.write(b"one")
        assert await anext(came) == b"one"
        await process.write(b"two")
        assert await anext(came) == b"two"
        await process.close_stdin()
        assert [block async for block in came] == []
        assert (await process.wait()).ok

    kit.run(body)


def test_more_than_a_pipe_holds_may_be_written(kit: Kit, tmp_path: Path) -> None:
    data, out = os.urandom(1_000_000), tmp_path / "out"

    async def body(host: Host) -> None:
        process = await host.spawn(Job(["cat"], stdin=PIPE, stdout=out))
        await process.write(data)
        await process.close_stdin()
        await process.wait()
        assert out.read_bytes() == data

    kit.run(body)


def test_output_is_followed_from_an_offset_to_its_end(kit: Kit, tmp_path: Path) -> None:
    async def body(host: Host) -> None:
        job = Job([kit.tool("say"), "0123456789", "abc", "0"], stdout=tmp_path / "out")
        process = await host.spawn(job)
        assert b"".join([block async for block in process.follow(offset=4)]) == b"456789"
        assert b"".join([block async for block in process.follow("stderr")]) == b"abc"

    kit.run(body)


def test_the_environment_is_added_to(kit: Kit) -> None:
    async def body(host: Host) -> None:
        told = await host.run([kit.tool("show"), "COLOUR"], env={"COLOUR": "green"})
        assert told.text == "green\n"

    kit.run(body)


def test_a_process_runs_in_its_directory(kit: Kit, tmp_path: Path) -> None:
    async def body(host: Host) -> None:
        assert (await host.run([kit.tool("where")], cwd=tmp_path)).text == f"{tmp_path}\n"

    kit.run(body)


def test_a_command_that_is_not_there_is_named(kit: Kit) -> None:
    async def body(host: Host) -> None:
        with pytest.raises(CommandNotFoundError, match="no-such-thing"):
            await host.spawn(Job(["no-such-thing"]))
        with pytest.raises(CommandNotFoundError, match="no-such-thing"):
            await host.run(["no-such-thing"])

    kit.run(body)


def test_a_working_directory_that_is_not_there_is_named(kit: Kit, tmp_path: Path) -> None:
    async def body(host: Host) -> None:
        with pytest.raises(MissingDirectoryError, match="nowhere"):
            await host.spawn(Job(["true"], cwd=tmp_path / "nowhere"))

    kit.run(body)


def test_of_many_one_fails_alone(kit: Kit) -> None:
    async def body(host: Host) -> None:
        first, bad, last = await host.spawn_many([Job(["true"]), Job(["nope"]), Job(["false"])])
        assert isinstance(bad, CommandNotFoundError)
        assert isinstance(first, Process)
        assert isinstance(last, Process)
        assert [(await one.wait()).code for one in (first, last)] == [0, 1]

    kit.run(body)


def test_what_is_stopped_says_so(kit: Kit) -> None:
    async def body(host: Host) -> None:
        process = await host.spawn(Job(["sleep", "1000"]))
        stopped = await process.stop()
        assert stopped == Stopped(ended=(process.pid,))
        ended = await process.wait()
        assert (ended.code, ended.signal, ended.reason) == (None, signal.SIGTERM, "stopped")

    kit.run(body)


def test_what_does_not_heed_term_is_killed(kit: Kit) -> None:
    async def body(host: Host) -> None:
        process = await host.spawn(Job([kit.tool("stubborn")]))
        async for _ in process.follow():
            break
        stopped = await process.stop(grace=0.1)
        assert process.pid in stopped.killed
        ended = await process.wait()
        assert (ended.signal, ended.reason) == (signal.SIGKILL, "killed")

    kit.run(body)


def test_stopping_what_is_over_changes_nothing(kit: Kit) -> None:
    async def body(host: Host) -> None:
        process = await host.spawn(Job(["true"]))
        ended = await process.wait()
        assert await process.stop() == Stopped()
        assert await process.wait() == ended

    kit.run(body)


def test_a_signal_arrives(kit: Kit) -> None:
    async def body(host: Host) -> None:
        process = await host.spawn(Job(["sleep", "1000"]))
        await process.signal(signal.SIGINT)
        ended = await process.wait()
        assert (ended.signal, ended.reason) == (signal.SIGINT, "")

    kit.run(body)


def test_the_same_step_is_the_same_process(kit: Kit) -> None:
    async def body(host: Host) -> None:
        first = await host.spawn(Job(["sleep", "1000"], step="7.start"))
        second = await host.spawn(Job(["sleep", "1000"], step="7.start"))
        other = await host.spawn(Job(["sleep", "1000"], step="8.start"))
        assert second.pid == first.pid
        assert other.pid != first.pid

    kit.run(body)


def test_a_short_command_gives_what_it_printed(kit: Kit) -> None:
    async def body(host: Host) -> None:
        done = await host.run([kit.tool("say"), "out", "err", "2"])
        assert (done.stdout, done.stderr, done.exit.code, done.ok) == (b"out", b"err", 2, False)
        assert (await host.run(["cat"], input=b"given")).stdout == b"given"

    kit.run(body)


def test_a_short_command_that_takes_too_long_is_ended(kit: Kit) -> None:
    async def body(host: Host) -> None:
        with pytest.raises(CommandTimeoutError, match=r"0\.1 s"):
            await host.run(["sleep", "1000"], timeout=0.1)

    kit.run(body)


def test_a_command_is_no_text() -> None:
    with pytest.raises(TypeError, match="list of texts"):
        Job("sleep 1")
