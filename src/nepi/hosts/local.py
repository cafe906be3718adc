# SPDX-License-Identifier: BSD-3-Clause
"""This machine: an agent of the run's own, in its own session, that outlives the controller."""

import asyncio
import json
import os
import secrets
import sys
from asyncio import subprocess
from pathlib import Path, PurePosixPath
from typing import Any, Self

from nepi.agent import directory, processes
from nepi.hosts import leftovers, package
from nepi.hosts.agenthost import AgentHost
from nepi.hosts.client import AgentClient, unix_socket
from nepi.hosts.errors import AgentStartError, ConnectionLostError
from nepi.hosts.host import HasDirectory
from nepi.hosts.job import Stopped
from nepi.hosts.record import AgentRecord


class LocalMachine(AgentHost):
    """Begun once a run, however many Nodes are this machine."""

    def __init__(self, run_id: str, *, python: str = sys.executable) -> None:
        self._python = python
        self._starting: asyncio.Task[AgentRecord] | None = None
        self._client: AgentClient | None = None
        home = Path(directory.home(os.geteuid()))
        # Chosen before anything is begun, so that it can be recorded before.
        self.record = AgentRecord(run=run_id, directory=home / secrets.token_hex(5))

    @classmethod
    async def attach(cls, record: AgentRecord) -> "LocalMachine":
        """Takes over what an earlier controller of the run began."""
        machine = cls(record.run)
        machine.record = record
        machine._client = await _connected(record)
        return machine

    @property
    def client(self) -> AgentClient:
        if self._client is None:
            raise ConnectionLostError("the agent of this machine was not begun; start() it first")
        return self._client

    def workspace(self, resource: HasDirectory) -> PurePosixPath:
        return PurePosixPath(resource.directory)

    async def start(self) -> AgentRecord:
        """Begins keeper and agent and connects; asked by many at once, it is done once."""
        if self._starting is None:
            self._starting = asyncio.get_running_loop().create_task(self._start())
        return await asyncio.shield(self._starting)

    async def _start(self) -> AgentRecord:
        told = await self._launch()
        if "error" in told:
            raise AgentStartError(f"no agent on this machine: {told['error']}")
        self.record = AgentRecord(
            run=self.record.run,
            directory=self.record.directory,
            keeper=told["keeper"],
            start=told["start"],
            boot=told["boot"],
        )
        self._client = await _connected(self.record)
        return self.record

    async def _launch(self) -> dict[str, Any]:
        home = self.record.directory.parent
        try:
            directory.make_home(str(home))
            archive = package.install(home)
        except (OSError, directory.UnsafeDirectoryError) as error:
            raise AgentStartError(f"no agent on this machine: {error}") from error
        environment = {**os.environ, processes.RUN_MARK: self.record.run}
        # A controller that is itself a job of another run begins no part of that job.
        environment.pop(processes.JOB_MARK, None)
        try:
            launcher = await asyncio.create_subprocess_exec(
                *(self._python, "-I", "-S", archive, self.record.run, self.record.directory),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment,
                start_new_session=True,
            )
        except OSError as error:
            raise AgentStartError(f"{self._python} cannot begin an agent: {error}") from error
        out, err = await launcher.communicate()
        try:
            told: dict[str, Any] = json.loads(out)
        except ValueError:
            words = err.decode("utf-8", "replace").strip() or "it said nothing"
            raise AgentStartError(f"{self._python} cannot begin an agent: {words}") from None
        return told

    async def close(self, grace: float | None = None) -> Stopped:
        """Ends jobs, agent and keeper; returns when they and their directory are gone."""
        with _End(self.record) as end:
            try:
                stopped = await self.client.shutdown(grace)
            except ConnectionLostError:
                # Agent and keeper were killed: what they left is found without them.
                removed = await asyncio.to_thread(leftovers.remove, self.record)
                return Stopped((*removed.ended, *removed.killed), removed.killed, removed.remaining)
            await end.wait()
        return stopped

    def disconnect(self) -> None:
        """Lets go: everything goes on, and can be attached to."""
        self.client.disconnect()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.close()


async def _connected(record: AgentRecord) -> AgentClient:
    client = AgentClient(unix_socket(record.socket), record.run)
    await client.connect()
    return client


class _End:
    """The end of a keeper, waited for by a descriptor that means this very process."""

    def __init__(self, record: AgentRecord) -> None:
        self._descriptor = -1
        identity = record.identity()
        if identity is None:
            return
        try:
            self._descriptor = os.pidfd_open(identity[0])
        except ProcessLookupError:
            return
        if processes.start_time(identity[0]) != identity[1]:
            self._close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    async def wait(self) -> None:
        if self._descriptor < 0:
            return
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_reader(self._descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._descriptor)
