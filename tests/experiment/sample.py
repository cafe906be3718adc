# SPDX-License-Identifier: BSD-3-Clause
"""Resource types that do nothing real, for the tests of experiments."""

import asyncio
import threading
from collections.abc import Iterable
from typing import Any

import attrs

from nepi.core.lifecycle import Step
from nepi.resource import (
    Connects,
    MaybeQuantity,
    Phase,
    Resource,
    Trace,
    attribute,
    column,
    internal,
    record,
    resource,
)


@resource("fake::Node")
class Node(Resource):
    """Something that applications run on."""

    name: str = attribute(default="", kw_only=False, help="Name")


@record("fake.sample")
@attrs.frozen
class Sample:
    """One number."""

    time: float = attrs.field(metadata=column(unit="s", help="When"))
    value: int = attrs.field(metadata=column(help="What"))


@resource("fake::App")
class App(Resource):
    """Runs until it is told to end, by `end` or `stop`; may fail where it is told to."""

    command: str = attribute(default="", kw_only=False, help="Nothing is done with it")
    failing: str = attribute(default="", help="The step that fails")
    hanging: str = attribute(default="", help="The step that never ends")
    lasts: MaybeQuantity = attribute(default=None, unit="s", help="Until it ends by itself")
    pace: float = attribute(default=1.0, phase=Phase.LIVE, help="Can be set at any time")
    token: str = attribute(default="", secret=True, help="Nobody may know")
    key: str = attribute(default="", secret=True, phase=Phase.LIVE, help="The same, at any time")
    stdout: Trace = Trace("What it says")
    stderr: Trace = Trace("What it complains about")
    host = Connects(Node, at_least=0)

    record_types = (Sample,)

    _ended: asyncio.Event | None = internal(default=None)
    _done: list[str] = internal(factory=list)
    _loop: Any = internal(default=None)

    @property
    def done(self) -> list[str]:
        """What was done to it."""
        return self._done

    async def do_provision(self) -> None:
        await self._do(Step.PROVISION)

    async def do_deploy(self) -> None:
        await self._do(Step.DEPLOY)

    async def do_start(self) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        await self._do(Step.START)

    async def do_stop(self) -> None:
        await self._do(Step.STOP)

    async def do_release(self) -> None:
        await self._do(Step.RELEASE)

    async def do_set(self, name: str, value: object) -> None:
        self._done.append(f"{name}={value}")

    async def finished(self) -> None:
        assert self._ended is not None
        if self.lasts is None:
            await self._ended.wait()
        else:
            await asyncio.sleep(self.lasts)
        if self.failing == "run":
            self._complain()

    def end(self) -> None:
        """Let it end by itself."""
        assert self._ended is not None
        self._loop.call_soon_threadsafe(self._ended.set)

    def estimate(self, step: Step) -> float:
        return 1.0 if step is Step.DEPLOY else 0.0

    def lifetime(self) -> float | None:
        return self.lasts

    def records(self) -> Iterable[Sample]:
        return [Sample(time=1.0, value=len(self._done))]

    async def _do(self, step: Step) -> None:
        self._done.append(str(step))
        if self.hanging == step:
            await asyncio.get_running_loop().create_future()
        if self.failing == step:
            self._complain()

    def _complain(self) -> None:
        self.directory.mkdir(exist_ok=True)
        self.trace("stderr").path.write_text("one\ntwo\nit hurts\n")
        raise RuntimeError("it does not work")


@resource("fake::Plain")
class Plain(Resource):
    """Its steps are plain functions."""

    size: int = attribute(default=1, ge=1, phase=Phase.LIVE, help="Its size")
    _threads: list[str] = internal(factory=list)

    def do_start(self) -> None:
        self._threads.append(threading.current_thread().name)

    def do_set(self, name: str, value: object) -> None:
        if value == 13:
            raise RuntimeError("not this one")
        self._threads.append(f"{name}={value}")


@resource("fake::Picky")
class Picky(Resource):
    """Needs a node."""

    host = Connects(Node)


__all__ = ["App", "Node", "Picky", "Plain", "Sample"]
