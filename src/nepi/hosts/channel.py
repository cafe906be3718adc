# SPDX-License-Identifier: BSD-3-Clause
"""Requests and answers between a controller and an agent, over connections that may be lost.

Requests of one turn of the loop travel in one write. When the agent dies and is begun again, the
channel connects again and asks again what was not answered. What is asked is said in client.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import PurePath
from typing import cast

from nepi.agent.codec import PROTOCOL, Decoder, Frame, Header, ProtocolError, encode
from nepi.hosts import errors
from nepi.hosts.errors import ConnectionLostError, HostError

Connector = Callable[[Callable[[], asyncio.Protocol]], Awaitable[object]]
Reply = tuple[Header, bytes]
# So often an agent that hangs up at once is greeted again.
_GREETINGS = 10


def unix_socket(path: PurePath) -> Connector:
    """The way to an agent of this machine."""

    async def connect(factory: Callable[[], asyncio.Protocol]) -> object:
        return await asyncio.get_running_loop().create_unix_connection(factory, str(path))

    return connect


def _heard(answer: "asyncio.Future[Reply]") -> None:
    if not answer.cancelled():
        answer.exception()


class _Wire(asyncio.Protocol):
    """One connection; hands frames to the channel until it is lost."""

    def __init__(self, channel: "Channel") -> None:
        self._channel = channel
        self._decoder = Decoder()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            frames = self._decoder.feed(data)
        except ProtocolError:
            self.close()
            return
        for frame in frames:
            self._channel.take(frame)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._channel.lost(self)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


class Requests:
    """Those that were not answered yet, as they were sent, in order."""

    def __init__(self) -> None:
        self._last = 0
        self._pending: dict[int, tuple[bytes, asyncio.Future[Reply]]] = {}

    def add(self, fields: Header, blob: bytes) -> tuple[bytes, "asyncio.Future[Reply]"]:
        """One more: what travels, and what its answer comes by."""
        frame = encode({"id": self._last + 1, **fields}, blob)
        self._last += 1
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._pending[self._last] = frame, answer
        return frame, answer

    def take(self, number: int) -> "asyncio.Future[Reply] | None":
        """The one that is answered now."""
        _, answer = self._pending.pop(number, (b"", None))
        return answer

    def frames(self) -> list[bytes]:
        """All of them again."""
        return [frame for frame, _ in self._pending.values()]

    def fail(self, error: HostError) -> None:
        """None of them will be answered."""
        pending, self._pending = self._pending, {}
        for _, answer in pending.values():
            _settle(answer, error)


def _settle(future: "asyncio.Future[Reply] | None", result: Reply | Exception) -> None:
    """Who asked may have given up."""
    if future is None or future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)


def _refused(error: HostError) -> "asyncio.Future[Reply]":
    answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
    answer.set_exception(error)
    return answer


class Channel:
    """Asks and is answered, over as many connections as it takes; the ends are the client's."""

    def __init__(self, connect: Connector, run_id: str) -> None:
        self._connect = connect
        self._run = run_id
        self._wire: _Wire | None = None
        self._requests = Requests()
        self._outgoing: list[bytes] = []
        self._greeting: asyncio.Future[Reply] | None = None
        self._returning: asyncio.Task[None] | None = None
        self._failure: HostError | None = None
        self._closing = False
        # Told of frames that answer nothing, of a new connection, of the end of all of them.
        self.pushed: Callable[[Header, bytes], None] = lambda _header, _blob: None
        self.returned: Callable[[], None] = lambda: None
        self.failed: Callable[[HostError], None] = lambda _error: None
        # Which controller of the run this is: given by the agent; an older one is refused.
        self.epoch = 0

    @property
    def connected(self) -> bool:
        """Whether requests go out at once."""
        return self._wire is not None and self._greeting is None

    async def connect(self) -> Header:
        """Takes the run over; all its processes are known when this returns."""
        try:
            return await self._greet()
        except OSError as error:
            raise ConnectionLostError(f"no agent of run {self._run} answers: {error}") from error

    async def _greet(self) -> Header:
        wire = _Wire(self)
        await self._connect(lambda: wire)
        self._wire = wire
        self._greeting = asyncio.get_running_loop().create_future()
        hello: Header = {"id": 0, "op": "hello", "protocol": PROTOCOL, "run": self._run}
        self._write([encode({**hello, "epoch": self.epoch})])
        try:
            header, _ = await self._greeting
        finally:
            self._greeting = None
        self.epoch = cast(int, header["epoch"])
        return header

    def _write(self, frames: list[bytes]) -> None:
        if self._wire is not None and self._wire.transport is not None:
            self._wire.transport.write(b"".join(frames))

    def _flush(self) -> None:
        frames, self._outgoing = self._outgoing, []
        if frames and self.connected:
            self._write(frames)

    def send(self, operation: str, blob: bytes = b"", **fields: object) -> "asyncio.Future[Reply]":
        """A request; its answer comes by the future. Goes out at the end of this turn."""
        if self._failure is not None or (self._wire is None and self._returning is None):
            return _refused(self._failure or self._unconnected())
        known: Header = {"op": operation, "run": self._run, "epoch": self.epoch}
        try:
            frame, answer = self._requests.add({**known, **fields}, blob)
        except ProtocolError as error:
            return _refused(errors.RequestError(f"{operation} is too much to ask at once: {error}"))
        if not self._outgoing:
            asyncio.get_running_loop().call_soon(self._flush)
        self._outgoing.append(frame)
        return answer

    async def request(self, operation: str, blob: bytes = b"", **fields: object) -> Reply:
        """Asks, and gives the answer or raises the refusal."""
        return await self.send(operation, blob, **fields)

    def tell(self, operation: str, **fields: object) -> None:
        """A word that nobody waits for an answer to."""
        if self._failure is None and not self._closing:
            self.send(operation, b"", **fields).add_done_callback(_heard)

    def _unconnected(self) -> HostError:
        return ConnectionLostError(f"run {self._run} has no connection to its agent; connect first")

    def take(self, frame: Frame) -> None:
        """A frame came: an answer, or news."""
        header, blob = frame
        if "push" in header:
            self.pushed(header, blob)
        elif "re" in header:
            self._answered(header, blob)

    def _answered(self, header: Header, blob: bytes) -> None:
        number = cast(int, header["re"])
        future = self._greeting if number == 0 else self._requests.take(number)
        if "error" not in header:
            _settle(future, (header, blob))
            return
        error = errors.of_code(str(header["error"]), str(header.get("message")))
        _settle(future, error)
        if isinstance(error, errors.StaleControllerError):
            self._fail(error)

    def lost(self, wire: _Wire) -> None:
        """A connection is gone: another one is tried, for the keeper begins agents again."""
        if wire is not self._wire:
            return
        self._wire = None
        if self._greeting is not None:
            _settle(self._greeting, ConnectionResetError("the agent hung up"))
        elif self._closing or self._failure is not None:
            self._fail(self._failure or self._unconnected())
        elif self._returning is None:
            self._returning = asyncio.get_running_loop().create_task(self._return())

    async def _return(self) -> None:
        try:
            await self._greet_again()
        except HostError as error:
            self._fail(error)
        except OSError as error:
            self._fail(
                ConnectionLostError(
                    f"the agent of run {self._run} is gone: {error}; `nepi clean` removes"
                    " what it left"
                )
            )
        self._returning = None
        self._ask_again()

    async def _greet_again(self) -> None:
        """An agent may die again while it greets; one that always does is given up."""
        for _ in range(_GREETINGS):
            try:
                await self._greet()
            except ConnectionResetError:
                continue
            return
        raise ConnectionResetError("it hangs up at every greeting")

    def _ask_again(self) -> None:
        self._outgoing.clear()
        if self.connected:
            self._write(self._requests.frames())
            self.returned()

    def _fail(self, error: HostError) -> None:
        """Nothing will be answered any more."""
        self._failure = error
        self._requests.fail(error)
        self.failed(error)
        self.close()

    def close(self) -> None:
        """No other connection is tried after this one."""
        self._closing = True
        if self._wire is not None:
            self._wire.close()
