# SPDX-License-Identifier: BSD-3-Clause
"""Requests, and what was asked under which step: asked again, it is answered, not done again."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable

from nepi.agent import directory, fields
from nepi.agent.codec import Header, ProtocolError
from nepi.agent.connection import Connection
from nepi.agent.errors import AgentError, Code

# So many answers are remembered, of so many bytes in all.
_ANSWERS = 4096
_BYTES = 16 << 20


class Request:
    """One request, to be answered once: now or later; and all who asked the same."""

    def __init__(self, connection: Connection, header: Header, blob: bytes) -> None:
        self.connection = connection
        self.header = header
        self.blob = blob
        self.result: tuple[Header, bytes] | None = None
        self.on_answer: Callable[[int], None] = _ignore
        self._id = header.get("id")
        self._repeats: list[Request] = []

    def answer(self, header: Header, blob: bytes = b"") -> None:
        """It was done."""
        self.result = header, blob
        for one in (self, *self._repeats):
            one.tell(header, blob)
        self._repeats.clear()
        self.on_answer(len(blob))

    def refuse(self, error: AgentError) -> None:
        """It was not done."""
        self.answer({"error": error.code, "message": error.message})

    def repeat(self, request: Request) -> None:
        """Somebody asks the same: it is told what this one is told."""
        if self.result is None:
            self._repeats.append(request)
        else:
            request.tell(*self.result)

    def tell(self, header: Header, blob: bytes) -> None:
        """Sends an answer to this asker."""
        try:
            self.connection.send({**header, "re": self._id}, blob)
        except ProtocolError as error:
            self.connection.send(
                {"re": self._id, "error": Code.OUTPUT_TOO_LARGE, "message": f"the answer: {error}"}
            )


Operation = Callable[[Request], None]
Operations = dict[str, Operation]


class Steps:
    """Remembers the newest answers; and, over the agent's death, which steps were begun at all."""

    def __init__(self, path: str) -> None:
        self._known: OrderedDict[str, Request] = OrderedDict()
        self._size = 0
        self._before = set(directory.read(path).splitlines())
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._log = os.open(path, flags, 0o600)

    def once(self, request: Request, operation: Operation) -> None:
        """Carries the request out, unless its step was carried out, or begun, before."""
        step = fields.text(request.header, "step")
        known = self._known.get(step)
        if known is not None:
            known.repeat(request)
            return
        if step in self._before:
            raise AgentError(
                Code.INTERRUPTED,
                f"step {step} was interrupted by the end of the agent: whether it was done"
                " is not known",
            )
        os.write(self._log, f"{step}\n".encode("utf-8", "surrogateescape"))
        self._remember(step, request)
        try:
            operation(request)
        except AgentError as error:
            request.refuse(error)

    def _remember(self, step: str, request: Request) -> None:
        self._known[step] = request
        request.on_answer = self._weigh
        if len(self._known) > _ANSWERS:
            self._forget_oldest()

    def _weigh(self, size: int) -> None:
        self._size += size
        while self._size > _BYTES:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        _, oldest = self._known.popitem(last=False)
        # What is not answered yet weighs nothing, and is not weighed later.
        oldest.on_answer = _ignore
        self._size -= len(oldest.result[1]) if oldest.result else 0


def _ignore(_size: int) -> None:
    pass
