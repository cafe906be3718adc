# SPDX-License-Identifier: BSD-3-Clause
"""What a controller asks of one agent; which way leads there is not said here.

One client a run and machine, shared by all who are on that machine.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import cast

from nepi.agent.codec import Header
from nepi.hosts import messages
from nepi.hosts.agentprocess import AgentProcess
from nepi.hosts.channel import Channel, Connector, Reply, unix_socket
from nepi.hosts.errors import HostError
from nepi.hosts.follow import Following
from nepi.hosts.host import Process
from nepi.hosts.job import Completed, Job, Stopped

__all__ = ["AgentClient", "Connector", "unix_socket"]


class AgentClient:
    """Processes, short commands, the end; files and facts by `request`."""

    def __init__(self, connect: Connector, run_id: str) -> None:
        self._channel = Channel(connect, run_id)
        self._channel.pushed = self._pushed
        self._channel.returned = self._returned
        self._channel.failed = self._failed
        self._steps = 0
        self._last_follow = 0
        self._follows: dict[int, Following] = {}
        self.processes: dict[str, AgentProcess] = {}
        # What the rest of this package asks with.
        self.request = self._channel.request
        self.send = self._channel.send
        self.tell = self._channel.tell

    @property
    def epoch(self) -> int:
        """Which controller of the run this is: given by the agent; an older one is refused."""
        return self._channel.epoch

    def process(self, step: str) -> AgentProcess | None:
        """The process that was started under this step, also by an earlier controller."""
        return next((one for one in self.processes.values() if one.step == step), None)

    async def connect(self) -> Header:
        """Takes the run over; all its processes are known when this returns."""
        return await self._channel.connect()

    def disconnect(self) -> None:
        """Lets go; the agent and its jobs go on."""
        self._channel.close()

    def next_step(self) -> str:
        """A step of this controller's own."""
        self._steps += 1
        return f"{self.epoch}.{self._steps}"

    def _pushed(self, header: Header, blob: bytes) -> None:
        push = header["push"]
        if push == "job":
            self._learn(header)
        elif push in ("output", "output-end"):
            following = self._follows.get(cast(int, header["follow"]))
            if following is not None:
                following.take(header, blob)

    def _learn(self, header: Header) -> AgentProcess:
        """What is known of a job, new or more."""
        name = str(header["job"])
        process = self.processes.get(name)
        if process is None:
            process = self.processes[name] = AgentProcess(self, header)
        exit_record = header.get("exit")
        if isinstance(exit_record, dict):
            process.ended(messages.exit_of(cast(Header, exit_record)))
        return process

    def _returned(self) -> None:
        for following in self._follows.values():
            following.begin()

    def _failed(self, error: HostError) -> None:
        for following in list(self._follows.values()):
            following.fail(error)
        for process in self.processes.values():
            process.fail(error)

    async def spawn_many(self, jobs: Sequence[Job]) -> list[Process | Exception]:
        """Starts them in one go; what nobody waits for any more is stopped again."""
        answers: list[asyncio.Future[Reply]] = []
        steps: list[str] = []
        for job in jobs:
            fields, blob = messages.of_job(job)
            fields.setdefault("step", self.next_step())
            steps.append(cast(str, fields["step"]))
            answers.append(self.send("spawn", blob, **fields))
        try:
            replies = await asyncio.gather(*answers, return_exceptions=True)
        except asyncio.CancelledError:
            for step in steps:
                self.tell("abandon", spawned=step)
            raise
        return [self._started(reply) for reply in replies]

    def _started(self, reply: Reply | BaseException) -> Process | Exception:
        if isinstance(reply, Exception):
            return reply
        if isinstance(reply, BaseException):
            raise reply
        return self._learn(reply[0])

    async def run(
        self,
        argv: Sequence[str | PurePath],
        *,
        timeout: float | None = None,
        input: bytes = b"",  # noqa: A002 - as subprocess calls it
        env: Mapping[str, str] | None = None,
        cwd: PurePath | None = None,
    ) -> Completed:
        """A short command, with what it printed; it is ended if the caller gives up."""
        fields = messages.of_command(argv, timeout=timeout, env=env, cwd=cwd)
        step = self.next_step()
        try:
            header, blob = await self.request("run", input, step=step, **fields)
        except asyncio.CancelledError:
            self.tell("give_up", command=step)
            raise
        return messages.completed_of(header, blob)

    def begin_follow(self, following: Following) -> int:
        """Pushes for a follow come to it from now on."""
        self._last_follow += 1
        self._follows[self._last_follow] = following
        return self._last_follow

    def end_follow(self, number: int) -> None:
        """They come no more."""
        if self._follows.pop(number, None) is not None:
            self.tell("unfollow", follow=number)

    async def shutdown(self, grace: float | None = None) -> Stopped:
        """Ends all jobs, the agent and its keeper; its directory is removed."""
        header, _ = await self.request("shutdown", grace=grace)
        self._channel.close()
        return messages.stopped_of(header)
