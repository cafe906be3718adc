# SPDX-License-Identifier: BSD-3-Clause
"""A few resource types and an experiment that only notes what it is asked; for the tests here."""

import abc
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from attrs import define, field, frozen

from nepi.core.conditions import Guid, Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Failure
from nepi.resource import (
    Binding,
    Connects,
    MaybeQuantity,
    Phase,
    Quantity,
    Resource,
    Trace,
    TraceFile,
    WholeQuantity,
    attribute,
    column,
    internal,
    record,
    resource,
)

S = TypeVar("S")


class Machine(abc.ABC):
    """Something that applications run on."""

    @abc.abstractmethod
    def address(self) -> str: ...


@resource("sample::Node", aliases=("SampleNode",))
class Node(Resource, Machine):
    """A machine that does nothing."""

    name: str = attribute(default="", kw_only=False, help="Name, unique in the experiment")
    secret_key: str = attribute(default="", secret=True, help="What nobody may see")

    def address(self) -> str:
        return "10.0.0.1"


@record("sample.reply")
@frozen
class Reply:
    """One answer."""

    seq: int = field(metadata=column(help="Number of the request"))
    rtt: float = field(metadata=column(unit="s", help="Time until the answer came"))


@resource("sample::Application")
class Application(Resource):
    """Run a command.

    On a machine it is connected to.
    """

    command: str | list[str] = attribute(kw_only=False, help="What to run")
    stdin: Path | str | bytes | None = attribute(default=None, help="What it reads")
    env: dict[str, str] = attribute(default={}, help="Its environment", pattern="[^=]*")
    files: list[str] = attribute(factory=list, help="What it needs")
    deadline: MaybeQuantity = attribute(default=None, unit="s", gt=0, help="How long it may run")
    rate: Quantity = attribute(default="1 Mbit/s", unit="bit/s", phase=Phase.LIVE, help="Its rate")
    packet_size: WholeQuantity = attribute(default=56, unit="B", help="Its packets", ge=0, le=65507)
    old_name: int = attribute(
        default=1, classic="odd", from_classic=int, help="Known by another name"
    )

    stdout: Trace = Trace("What it writes")
    pcap = Trace("What it sends", enabled=False, file="capture.pcap")

    host = Connects(Machine, step=Step.PROVISION, state=State.READY, help="Where it runs")
    peers = Connects(Node, step=None, at_least=0, at_most=None)

    _pid: int | None = internal(default=None)
    log: list[str] = internal(factory=list)

    async def do_start(self) -> None:
        self.log.append("start")

    @classmethod
    async def do_start_many(cls, members: Sequence[Self]) -> Sequence[BaseException | None]:
        return [None for _ in members]

    async def finished(self) -> None:
        self._pid = None


@resource("sample::Ping")
class Ping(Application):
    """Ask whether somebody is there."""

    target: str = attribute(kw_only=False, help="Who is asked")
    command: str | list[str] = internal(default="ping")

    record_types = (Reply,)

    async def do_start(self) -> None:
        await super().do_start()


@resource("sample::Pair")
class Pair(Resource):
    """Something between two machines."""

    left = Connects(Node, at_least=0)
    right = Connects(Node, state=State.STARTED, step=Step.START)

    def do_release(self) -> None:
        """Sync steps are steps too."""


@define
class Noted:
    """An experiment that notes what it is asked, and knows the answers it was given."""

    now: State = State.NEW
    fixed: bool = False
    why: Failure | None = None
    asked: list[tuple[Any, ...]] = field(factory=list[tuple[Any, ...]])

    def deployed(self, guid: Guid) -> bool:  # noqa: ARG002 - part of the promise
        return self.fixed

    def state(self, guid: Guid) -> State:  # noqa: ARG002
        return self.now

    def failure(self, guid: Guid) -> Failure | None:  # noqa: ARG002
        return self.why

    def directory(self, guid: Guid) -> Path:
        return Path("run", str(guid))

    def trace(self, guid: Guid, name: str) -> TraceFile:
        self.asked.append(("trace", guid, name))
        return NoFile(self.directory(guid) / name)

    def hold(self, guid: Guid, step: Step, requirements: tuple[Requirement, ...]) -> None:
        self.asked.append(("hold", guid, step, requirements))

    def act(self, guid: Guid, step: Step) -> None:
        self.asked.append(("act", guid, step))

    async def act_aio(self, guid: Guid, step: Step) -> None:
        self.asked.append(("act_aio", guid, step))

    def set(self, guid: Guid, values: Mapping[str, object]) -> None:
        self.asked.append(("set", guid, dict(values)))

    async def set_aio(self, guid: Guid, values: Mapping[str, object]) -> None:
        self.asked.append(("set_aio", guid, dict(values)))

    async def service(self, kind: type[S]) -> S:
        self.asked.append(("service", kind))
        return kind()


@define
class NoFile:
    """A trace that nobody has written."""

    path: Path
    exists: bool = False
    size: int = 0

    def read(self, size: int = -1, *, offset: int = 0) -> bytes:
        raise FileNotFoundError(size, offset)

    def text(self) -> str:
        raise FileNotFoundError

    def lines(self) -> list[str]:
        raise FileNotFoundError

    def blocks(self, size: int = 65536, *, offset: int = 0) -> Iterator[bytes]:
        raise FileNotFoundError(size, offset)

    def follow(self, *, offset: int = 0) -> Iterator[bytes]:
        raise FileNotFoundError(offset)


BINDING: type[Binding] = Noted  # type checkers see here that it keeps the promise
