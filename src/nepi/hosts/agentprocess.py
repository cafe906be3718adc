# SPDX-License-Identifier: BSD-3-Clause
"""A job of an agent, as its controller knows it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol, cast

from nepi.agent.codec import Header
from nepi.hosts import follow, messages
from nepi.hosts.errors import HostError
from nepi.hosts.host import Process, Stream
from nepi.hosts.job import Exit, Stopped


class Client(follow.Client, Protocol):
    """What a process needs of the client."""

    def next_step(self) -> str: ...

    async def request(
        self, operation: str, blob: bytes = b"", **fields: object
    ) -> tuple[Header, bytes]: ...


class AgentProcess(Process):
    """Its news come from the client; what it is asked goes to the agent."""

    def __init__(self, client: Client, header: Header) -> None:
        self._client = client
        self._pid = cast(int, header["pid"])
        self._exit: Exit | None = None
        self._failure: HostError | None = None
        self._waiters: list[asyncio.Future[Exit]] = []
        self._written = 0
        self.job = str(header["job"])
        self.step = str(header.get("step", ""))
        self.start = cast(int, header["start"])

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def exit(self) -> Exit | None:
        return self._exit

    def ended(self, how: Exit) -> None:
        """The agent says that it is over."""
        if self._exit is None:
            self._exit = how
            waiters, self._waiters = self._waiters, []
            for one in waiters:
                if not one.done():
                    one.set_result(how)

    def fail(self, error: HostError) -> None:
        """Nobody will tell its end any more."""
        self._failure = error
        waiters, self._waiters = self._waiters, []
        for one in waiters:
            if not one.done():
                one.set_exception(error)

    async def wait(self) -> Exit:
        if self._exit is not None:
            return self._exit
        if self._failure is not None:
            raise self._failure
        waiter: asyncio.Future[Exit] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        return await waiter

    async def stop(self, grace: float | None = None) -> Stopped:
        header, _ = await self._client.request("stop", job=self.job, grace=grace)
        return messages.stopped_of(header)

    async def signal(self, number: int) -> None:
        step = self._client.next_step()
        await self._client.request("signal", job=self.job, signal=int(number), step=step)

    async def write(self, data: bytes) -> None:
        offset, self._written = self._written, self._written + len(data)
        for at in range(0, len(data), messages.BLOCK):
            block = data[at : at + messages.BLOCK]
            await self._client.request("write", block, job=self.job, offset=offset + at)

    async def close_stdin(self) -> None:
        await self._client.request("close_stdin", job=self.job)

    def follow(self, stream: Stream = "stdout", offset: int = 0) -> AsyncIterator[bytes]:
        return follow.Following(self._client, self.job, stream=stream, offset=offset).blocks()
