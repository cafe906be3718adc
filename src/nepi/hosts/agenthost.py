# SPDX-License-Identifier: BSD-3-Clause
"""A machine that has an agent: everything a Host can do, asked of the agent."""

import asyncio
import secrets
from abc import abstractmethod
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, cast

from nepi.agent.codec import Header
from nepi.hosts import messages
from nepi.hosts.client import AgentClient
from nepi.hosts.files import BLOCK, FileInfo, Files, mode_of, pieces
from nepi.hosts.host import Address, Facts, HasDirectory, Host, Process
from nepi.hosts.job import Completed, Job

# So many blocks are on their way at a time.
_WINDOW = 4


class AgentFiles(Files):
    """The files of a machine, by its agent."""

    def __init__(self, client: AgentClient) -> None:
        self._client = client

    async def stat(self, path: PurePath) -> FileInfo:
        header, _ = await self._client.request("stat", path=str(path))
        return messages.info_of(header)

    async def list(self, path: PurePath) -> list[FileInfo]:
        header, _ = await self._client.request("list", path=str(path))
        return [messages.info_of(one) for one in cast(list[Header], header["entries"])]

    async def mkdir(self, path: PurePath, *, mode: int = 0o777) -> None:
        await self._client.request("mkdir", path=str(path), mode=mode)

    async def remove(self, path: PurePath) -> None:
        await self._client.request("remove", path=str(path))

    async def put(self, source: Path | bytes, path: PurePath, *, mode: int | None = None) -> None:
        fields: dict[str, Any] = {
            "path": str(path),
            "token": f"{secrets.token_hex(4)}.part",
            "mode": mode_of(source) if mode is None else mode,
        }
        under_way: deque[asyncio.Future[tuple[Header, bytes]]] = deque()
        try:
            await self._send_blocks(source, fields, under_way)
        finally:
            for answer in under_way:
                if not answer.cancel() and not answer.cancelled():
                    # The first failure is raised; the others are known by that.
                    answer.exception()

    async def _send_blocks(
        self,
        source: Path | bytes,
        fields: dict[str, Any],
        under_way: deque[asyncio.Future[tuple[Header, bytes]]],
    ) -> None:
        offset = 0
        for block, last in pieces(source):
            # The last block gives the file its name: all others must have been written.
            while len(under_way) >= (1 if last else _WINDOW):
                await under_way.popleft()
            step = {"step": self._client.next_step()} if last else {}
            under_way.append(
                self._client.send("put", block, offset=offset, last=last, **fields, **step)
            )
            offset += len(block)
        await under_way.popleft()

    async def blocks(self, path: PurePath, *, offset: int = 0) -> AsyncIterator[bytes]:
        end = False
        while not end:
            header, block = await self._client.request(
                "get", path=str(path), offset=offset, size=BLOCK
            )
            end = bool(header["end"])
            offset += len(block)
            if block:
                yield block


class AgentHost(Host):
    """A mixin: who has an agent says which, and where a resource's folder is."""

    @property
    @abstractmethod
    def client(self) -> AgentClient:
        """The way to its agent."""

    @abstractmethod
    def workspace(self, resource: HasDirectory) -> PurePosixPath: ...

    async def spawn_many(self, jobs: Sequence[Job]) -> list[Process | Exception]:
        return await self.client.spawn_many(jobs)

    async def run(
        self,
        argv: Sequence[str | PurePath],
        *,
        timeout: float | None = None,
        input: bytes = b"",  # noqa: A002 - as subprocess calls it
        env: Mapping[str, str] | None = None,
        cwd: PurePath | None = None,
    ) -> Completed:
        return await self.client.run(argv, timeout=timeout, input=input, env=env, cwd=cwd)

    @property
    def files(self) -> Files:
        return AgentFiles(self.client)

    async def facts(self) -> Facts:
        header, _ = await self.client.request("facts")
        return messages.facts_of(header)

    async def addresses(self) -> list[Address]:
        header, _ = await self.client.request("addresses")
        return messages.addresses_of(header)

    async def which(self, names: Iterable[str]) -> dict[str, PurePosixPath | None]:
        header, _ = await self.client.request("which", names=list(names))
        found = cast(dict[str, str | None], header["found"])
        return {name: PurePosixPath(path) if path else None for name, path in found.items()}
