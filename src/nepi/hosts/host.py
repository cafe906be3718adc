# SPDX-License-Identifier: BSD-3-Clause
"""What every machine can do for what runs on it; which machine it is must not matter here."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path, PurePath, PurePosixPath
from typing import Literal, Protocol

import attrs

from nepi.hosts.files import Files
from nepi.hosts.job import Completed, Exit, Job, Stopped

Stream = Literal["stdout", "stderr"]


@attrs.frozen(kw_only=True)
class Facts:
    """What kind of machine it is."""

    hostname: str
    system: str
    kernel: str
    architecture: str
    distribution: str
    cores: int
    memory: int
    """Bytes."""
    python: str
    user: int
    boot: str


@attrs.frozen
class Address:
    """One address of one interface."""

    interface: str
    address: IPv4Interface | IPv6Interface


class HasDirectory(Protocol):
    """What has a folder in the run directory: a resource."""

    @property
    def directory(self) -> Path: ...


class Process(ABC):
    """A process that was started on a machine, and what descends from it."""

    @property
    @abstractmethod
    def pid(self) -> int:
        """Its number on its machine."""

    @property
    @abstractmethod
    def exit(self) -> Exit | None:
        """How it ended, once it has."""

    @abstractmethod
    async def wait(self) -> Exit:
        """How it ended, as soon as it has."""

    @abstractmethod
    async def stop(self, grace: float | None = None) -> Stopped:
        """Ends it and all its descendants, daemons too: by TERM, after `grace` by KILL."""

    @abstractmethod
    async def signal(self, number: int) -> None:
        """Sends a signal to it and to all its descendants."""

    @abstractmethod
    async def write(self, data: bytes) -> None:
        """To its standard input, which must be PIPE; returns when the pipe has taken it all."""

    @abstractmethod
    async def close_stdin(self) -> None:
        """The end of its input."""

    @abstractmethod
    def follow(self, stream: Stream = "stdout", offset: int = 0) -> AsyncIterator[bytes]:
        """What it prints, from an offset of the file on, until it has ended."""


class Host(ABC):
    """A machine: a mixin for the resources that are one. Paths are absolute, and the machine's."""

    @abstractmethod
    async def spawn_many(self, jobs: Sequence[Job]) -> list[Process | Exception]:
        """Starts them in one go; what cannot be started fails alone."""

    @abstractmethod
    async def run(
        self,
        argv: Sequence[str | PurePath],
        *,
        timeout: float | None = None,
        input: bytes = b"",  # noqa: A002 - as subprocess calls it
        env: Mapping[str, str] | None = None,
        cwd: PurePath | None = None,
    ) -> Completed:
        """A short command, with what it printed. A failure code is a result, not an exception."""

    @property
    @abstractmethod
    def files(self) -> Files:
        """Its files."""

    @abstractmethod
    async def facts(self) -> Facts:
        """What kind of machine it is."""

    @abstractmethod
    async def addresses(self) -> list[Address]:
        """The addresses of its interfaces."""

    @abstractmethod
    async def which(self, names: Iterable[str]) -> dict[str, PurePosixPath | None]:
        """Where commands are; None where they are not."""

    @abstractmethod
    def workspace(self, resource: HasDirectory) -> PurePosixPath:
        """The folder of a resource on this machine."""

    async def spawn(self, job: Job) -> Process:
        """Starts a process, or raises at once why it cannot be."""
        (started,) = await self.spawn_many([job])
        if isinstance(started, Exception):
            raise started
        return started
