# SPDX-License-Identifier: BSD-3-Clause
"""Whatever arrives at the agent's socket, the agent lives and serves its controller."""

import asyncio
import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nepi.agent.codec import MAX_BLOB, MAX_HEADER, PROTOCOL, Decoder, Frame, Header, encode
from nepi.hosts import Job, leftovers
from nepi.hosts.client import AgentClient, unix_socket
from nepi.hosts.errors import (
    ConnectionLostError,
    NoSuchJobError,
    ProtocolMismatchError,
    RequestError,
)
from nepi.hosts.local import LocalMachine
from nepi.hosts.record import AgentRecord
from tests.hosts.machines import PATIENCE, agent_of, new_run, on_a_machine


async def raw(record: AgentRecord, data: bytes) -> bytes:
    """What the agent sends to who sends this and no more."""
    async with asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_unix_connection(record.socket)
        try:
            writer.write(data)
            writer.write_eof()
            return await reader.read()
        except (ConnectionResetError, BrokenPipeError):
            return b""
        finally:
            writer.close()


def frames(data: bytes) -> list[Frame]:
    return Decoder().feed(data)


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0" * 8,
        b"\xff" * 100_000,
        struct.pack(">II", MAX_HEADER + 1, 0),
        struct.pack(">II", 2, MAX_BLOB + 1),
        struct.pack(">II", 100_000, 0) + b"[" * 100_000,
        struct.pack(">II", 4, 0) + b"null",
        struct.pack(">II", 4, 0),
        b"",
    ],
)
def test_garbage_ends_its_connection_and_nothing_else(data: bytes) -> None:
    async def body(machine: LocalMachine) -> None:
        agent = agent_of(machine.record)
        for header, _ in frames(await raw(machine.record, data)):
            assert header["push"] == "error"
        assert (await machine.run(["true"])).ok
        assert agent_of(machine.record) == agent

    on_a_machine(body)


# Requests that look right, with values that do not.
NAMES = st.sampled_from([
    "op", "id", "job", "step", "argv", "env", "cwd", "stdin", "input", "stdout", "stderr", "merge",
    "limits", "affinity", "nice", "grace", "output_limit", "offset", "stream", "follow", "path",
    "token", "mode", "size", "signal", "names", "command", "timeout",
])  # fmt: skip
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)
OPERATIONS = st.sampled_from([
    "spawn", "run", "stop", "signal", "write", "close_stdin", "follow", "unfollow", "seen",
    "give_up", "forget", "facts", "which", "addresses", "stat", "list", "mkdir", "get", "put",
    "nonsense",
])  # fmt: skip


def request(operation: str, rest: dict[str, Any]) -> dict[str, Any]:
    return {**rest, "op": operation}


REQUESTS = st.builds(request, OPERATIONS, st.dictionaries(NAMES, VALUES))


def test_odd_requests_are_refused_one_by_one() -> None:
    """Nothing that is drawn here names a real path, so nothing outside is touched."""
    loop = asyncio.new_event_loop()
    machine = LocalMachine(new_run())
    loop.run_until_complete(machine.start())
    agent = agent_of(machine.record)
    epoch = machine.client.epoch

    @settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(REQUESTS, max_size=5), st.binary(max_size=20))
    def check(requests: list[dict[str, Any]], blob: bytes) -> None:
        known = {"run": machine.record.run, "epoch": epoch}
        data = b"".join(
            encode({**one, **known, "id": number}, blob) for number, one in enumerate(requests)
        )
        loop.run_until_complete(raw(machine.record, data))

    try:
        check()
        assert loop.run_until_complete(machine.run(["true"])).ok
        assert agent_of(machine.record) == agent
    finally:
        machine.disconnect()
        loop.run_until_complete(asyncio.sleep(0))
        leftovers.remove(machine.record, grace=0.1)
        loop.close()


def test_an_unknown_operation_is_named() -> None:
    async def body(machine: LocalMachine) -> None:
        with pytest.raises(RequestError, match="no operation fly"):
            await machine.client.request("fly")

    on_a_machine(body)


def test_a_relative_path_is_refused() -> None:
    async def body(machine: LocalMachine) -> None:
        with pytest.raises(RequestError, match="absolute"):
            await machine.client.request("stat", path="etc/passwd")
        with pytest.raises(RequestError, match="root of a machine"):
            await machine.client.request("remove", path="/tmp/..")  # noqa: S108
        with pytest.raises(RequestError, match="token"):
            await machine.client.request("put", path="/nowhere/x", token="/../../y", offset=0)  # noqa: S106

    on_a_machine(body)


def test_a_job_that_is_not_there_is_named() -> None:
    async def body(machine: LocalMachine) -> None:
        with pytest.raises(NoSuchJobError, match="no job 77"):
            await machine.client.request("stop", job="77")

    on_a_machine(body)


def test_a_job_that_is_over_may_be_forgotten() -> None:
    async def body(machine: LocalMachine) -> None:
        process = await machine.spawn(Job(["sleep", "1000"]))
        with pytest.raises(RequestError, match="still runs"):
            await machine.client.request("forget", job="1")
        await process.stop()
        await machine.client.request("forget", job="1")
        with pytest.raises(NoSuchJobError):
            await process.stop()
        assert list((machine.record.directory / "jobs").iterdir()) == []

    on_a_machine(body)


def test_another_protocol_is_refused() -> None:
    async def body(machine: LocalMachine) -> None:
        hello: Header = {
            "id": 1,
            "op": "hello",
            "run": machine.record.run,
            "protocol": PROTOCOL + 1,
        }
        ((answer, _),) = frames(await raw(machine.record, encode(hello)))
        assert answer["error"] == "protocol"

    on_a_machine(body)


def ask_a_server(answer: bytes, expected: type[Exception], words: str) -> None:
    """A client connects to a server that answers this to whatever it hears."""

    async def body(machine: LocalMachine) -> None:
        over = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(8)
            writer.write(answer)
            await reader.read()
            writer.close()
            await writer.wait_closed()
            over.set()

        path = machine.record.directory / "other"
        async with await asyncio.start_unix_server(serve, path):
            client = AgentClient(unix_socket(path), "run")
            with pytest.raises(expected, match=words):
                await client.connect()
            client.disconnect()
            await over.wait()

    on_a_machine(body)


def test_a_client_meets_an_agent_of_another_version() -> None:
    refusal = encode({"re": 0, "error": "protocol", "message": "speaks protocol 9"})
    ask_a_server(refusal, ProtocolMismatchError, "protocol 9")


def test_a_client_hangs_up_on_garbage() -> None:
    ask_a_server(struct.pack(">II", 4, 0) + b"[1] ", ConnectionLostError, "hung up")
