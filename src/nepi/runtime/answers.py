# SPDX-License-Identifier: BSD-3-Clause
"""Answers that callers wait for, in their threads or on their loops; none is left unanswered."""

from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any

from nepi.runtime.attempts import Answer


def settle(answer: Answer, value: object = None, error: BaseException | None = None) -> None:
    """Give the answer, unless there is one; whoever asked may have gone away meanwhile."""
    with suppress(InvalidStateError):
        if error is None:
            answer.set_result(value)
        else:
            answer.set_exception(error)


class Answers:
    """Those that are still owed."""

    def __init__(self) -> None:
        self._open: set[Answer] = set()
        self._closed: Exception | None = None

    def new(self) -> Answer:
        """Return an answer to wait for."""
        answer: Future[Any] = Future()
        self._open.add(answer)
        answer.add_done_callback(self._open.discard)
        if self._closed:  # looked at last: whoever closes looks at the open ones last
            settle(answer, error=self._closed)
        return answer

    def close(self, error: Exception) -> None:
        """Answer all that are open, and all to come, with *error*."""
        self._closed = error
        for answer in tuple(self._open):
            settle(answer, error=error)
