# SPDX-License-Identifier: BSD-3-Clause
"""The controller's side of an output that is followed: in order, without gaps, never too much."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Protocol, cast

from nepi.agent.codec import Header

_STREAMS = {"stdout": "out", "stderr": "err"}
# The agent sends no more than its window beyond what was taken; we say so this often.
_TELL_EVERY = 256 << 10


class Client(Protocol):
    """What a follow needs of the client."""

    def begin_follow(self, following: "Following") -> int: ...

    def end_follow(self, number: int) -> None: ...

    def send(
        self, operation: str, blob: bytes = b"", **fields: object
    ) -> "asyncio.Future[tuple[Header, bytes]]": ...

    def tell(self, operation: str, **fields: object) -> None: ...


class Following:
    """One stream of one job, from an offset on; goes on where it was when the agent was away."""

    def __init__(self, client: Client, job: str, *, stream: str, offset: int) -> None:
        self._client = client
        self._job = job
        self._stream = _STREAMS[stream]
        self._number = 0
        self._came = offset
        self._taken = offset
        self._told = offset
        self._blocks: deque[bytes] = deque()
        self._over = False
        self._failure: Exception | None = None
        self._news: asyncio.Future[None] | None = None

    def begin(self) -> None:
        """Asks for what has not come yet."""
        asked = self._client.send(
            "follow", job=self._job, stream=self._stream, follow=self._number, offset=self._came
        )
        asked.add_done_callback(self._asked)

    def _asked(self, answer: "asyncio.Future[tuple[Header, bytes]]") -> None:
        if not answer.cancelled() and isinstance(error := answer.exception(), Exception):
            self.fail(error)

    def take(self, header: Header, blob: bytes) -> None:
        """A block came, or the word that it was the last."""
        offset = cast(int, header["offset"])
        if header["push"] == "output-end":
            self._over = offset <= self._came
        elif offset == self._came:
            self._came += len(blob)
            self._blocks.append(blob)
        self._wake()

    def fail(self, error: Exception) -> None:
        """Nothing more will come."""
        self._failure = error
        self._wake()

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)

    async def blocks(self) -> AsyncIterator[bytes]:
        """What comes, as it comes."""
        self._number = self._client.begin_follow(self)
        self.begin()
        try:
            while True:
                while self._blocks:
                    yield self._next()
                if self._over:
                    return
                if self._failure is not None:
                    raise self._failure
                self._news = asyncio.get_running_loop().create_future()
                await self._news
        finally:
            self._client.end_follow(self._number)

    def _next(self) -> bytes:
        block = self._blocks.popleft()
        self._taken += len(block)
        if self._taken - self._told >= _TELL_EVERY:
            self._told = self._taken
            self._client.tell("seen", follow=self._number, offset=self._taken)
        return block
