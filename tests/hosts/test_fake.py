# SPDX-License-Identifier: BSD-3-Clause
"""The host of tests: its programs are scripted, its time is virtual, its failures are ordered."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from nepi.hosts import ConnectionLostError, HostError, Job, NotExecutableError
from nepi.hosts.fake import (
    FakeHost,
    FakeProcess,
    NothingLeftError,
    Running,
    run_virtual,
    scripted,
)


def on_a_fake(body: Callable[[FakeHost], Coroutine[None, None, None]]) -> None:
    async def whole() -> None:
        await body(FakeHost())

    run_virtual(whole())


def test_an_hour_takes_no_time() -> None:
    async def body(host: FakeHost) -> None:
        host.programs["ping"] = scripted(output=b"64 bytes\n", code=1, lasts=3600)
        ended = await (await host.spawn(Job(["ping", "there"]))).wait()
        assert (ended.code, ended.ended - ended.started) == (1, 3600)

    on_a_fake(body)


def test_what_was_started_can_be_asked_for() -> None:
    async def body(host: FakeHost) -> None:
        process = await host.spawn(Job(["sleep", "9"], nice=4))
        await process.stop()
        (started,) = host.started
        assert isinstance(started, FakeProcess)
        assert started.job.nice == 4
        assert started.signals == [15]

    on_a_fake(body)


def test_it_fails_when_told_to() -> None:
    async def body(host: FakeHost) -> None:
        host.failure = ConnectionLostError("cut")
        with pytest.raises(ConnectionLostError):
            await host.spawn(Job(["true"]))
        with pytest.raises(ConnectionLostError):
            await host.facts()
        host.failure = None
        assert (await host.run(["true"])).ok

    on_a_fake(body)


def test_a_program_may_be_forbidden() -> None:
    async def body(host: FakeHost) -> None:
        host.not_executable.add("true")
        with pytest.raises(NotExecutableError, match="true"):
            await host.run(["true"])

    on_a_fake(body)


def test_a_program_that_raises_is_told_of() -> None:
    async def broken(running: Running) -> int:
        raise ValueError(running.argv[0])

    async def body(host: FakeHost) -> None:
        host.programs["broken"] = broken
        process = await host.spawn(Job(["broken"]))
        with pytest.raises(HostError, match="broken failed") as caught:
            await process.wait()
        assert isinstance(caught.value.__cause__, ValueError)
        assert [block async for block in process.follow()] == []

    on_a_fake(body)


def test_its_files_may_be_below_a_folder(tmp_path: Path) -> None:
    async def body() -> None:
        host = FakeHost(tmp_path)
        await host.files.put(b"x", Path("/etc/thing"))
        assert (tmp_path / "etc" / "thing").read_bytes() == b"x"
        job = Job(["cat"], stdin=Path("/etc/thing"), stdout=Path("/out"))
        await (await host.spawn(job)).wait()
        assert (tmp_path / "out").read_bytes() == b"x"

    run_virtual(body())


def test_virtual_time_does_not_hang() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingLeftError):
        run_virtual(forever())


def test_virtual_time_is_in_order() -> None:
    async def body() -> list[float]:
        loop = asyncio.get_running_loop()
        came: list[float] = []

        async def after(seconds: float) -> None:
            await asyncio.sleep(seconds)
            came.append(loop.time())

        await asyncio.gather(after(30), after(10), after(20))
        return came

    assert run_virtual(body()) == [10, 20, 30]
