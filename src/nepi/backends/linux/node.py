# SPDX-License-Identifier: BSD-3-Clause
"""`linux::Node`: a machine with Linux on it. In this release it is the one NEPI runs on."""

import socket
from pathlib import PurePosixPath

from nepi.core.lifecycle import Step
from nepi.hosts.agenthost import AgentHost
from nepi.hosts.client import AgentClient
from nepi.hosts.errors import HostError
from nepi.hosts.host import HasDirectory
from nepi.hosts.local import LocalMachine
from nepi.resource import NotDeployedError, Resource, attribute, internal, resource

LOOPBACK = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "::1"})


def is_here(hostname: str) -> bool:
    """Say whether *hostname* is a name of this machine; nobody is asked over the network."""
    name = hostname.lower().rstrip(".")
    own = socket.gethostname().lower()
    return name in LOOPBACK or name.startswith("127.") or name in {own, own.partition(".")[0]}


def _only_here(hostname: str) -> None:
    if not is_here(hostname):
        raise ValueError(
            f"{hostname!r} is not this machine: SSH hosts come with a later release; "
            'leave it away, or say "localhost"'
        )


class TearDownError(HostError):
    """The command that was to clean up failed."""


@resource("linux::Node", aliases=("LinuxNode",))
class Node(Resource, AgentHost):
    """A machine with Linux, that applications run on.

    In this release it is the machine that NEPI runs on, as the user who runs it. All nodes of a
    run that are this machine share one agent.
    """

    name: str = attribute(default="", kw_only=False, help="Name, unique in the experiment")
    hostname: str = attribute(
        default="localhost", min_len=1, validate=_only_here, help="Name or address of the machine"
    )
    clean_experiment: bool = attribute(
        default=False, help="For scripts of NEPI: nothing of another run is ever in the way"
    )
    clean_processes: bool = attribute(
        default=False, help="For scripts of NEPI: what dead runs left is ended by `nepi clean`"
    )
    tear_down: str = attribute(default="", help="Shell command run there when it is released")

    _machine: LocalMachine | None = internal(default=None)

    @property
    def client(self) -> AgentClient:
        """The way to the machine's agent."""
        return self._reached().client

    def workspace(self, resource: HasDirectory) -> PurePosixPath:
        return self._reached().workspace(resource)

    def _reached(self) -> LocalMachine:
        if self._machine is None:
            raise NotDeployedError(f"{self.label} is not there yet: it has to be PROVISIONED first")
        return self._machine

    def estimate(self, step: Step) -> float:
        # As long as it takes until an agent has been begun and answers.
        return 0.2 if step is Step.PROVISION else 0.0

    async def do_provision(self) -> None:
        self._machine = await self.binding.service(LocalMachine)

    async def do_release(self) -> None:
        if self._machine is None or not self.tear_down:
            return
        done = await self._machine.run(["/bin/sh", "-c", self.tear_down])
        if not done.ok:
            words = done.stderr.decode("utf-8", "replace").strip()
            raise TearDownError(f"{self.label}: tear_down: {done.exit}: {words}")
