# SPDX-License-Identifier: BSD-3-Clause
"""Where callers ask and get their answers, in their threads or on their own loops."""

from collections.abc import Callable
from itertools import count
from typing import Any

from attrs import define, field

from nepi.core.messages import Event
from nepi.runtime.answers import Answer, Answers
from nepi.runtime.attempts import Ask
from nepi.runtime.errors import EngineThreadError
from nepi.runtime.mailbox import Mailbox
from nepi.runtime.portal import Portal


@define(eq=False, kw_only=True)
class Desk:
    """The callers' side of an engine."""

    mailbox: Mailbox
    portal: Portal
    answers: Answers = field(factory=Answers, init=False)
    _tokens: "count[int]" = field(factory=lambda: count(1), init=False)

    def new_token(self) -> int:
        """Return a number that no other request has."""
        return next(self._tokens)

    def ask(self, event: Event, token: int = 0) -> Answer:
        """Send *event*; the answer comes when it is taken in or, with *token*, later."""
        answer = self.answers.new()
        self.send(event, answer, token)
        return answer

    def send(self, event: Event, answer: Answer, token: int = 0) -> None:
        """Send *event*, which *answer* is for; a closed engine has given it already."""
        if not answer.is_given:
            self.mailbox.post(Ask(event, answer, token))

    def call(self, function: Callable[[], Any]) -> Answer:
        """Have *function* called on the loop, between two turns; the answer is what it returns."""
        answer = self.answers.new()

        def serve() -> None:
            try:
                answer.give(function())
            except Exception as error:  # noqa: BLE001 - whoever asked gets it
                answer.give(error=error)

        if not answer.is_given:
            self.mailbox.post(serve)
        return answer

    def refuse_here(self, call: str, twin: str) -> None:
        """Raise EngineThreadError if waiting here would be waiting for oneself."""
        if self.portal.is_here():
            raise EngineThreadError(call, twin)

    def get(self, answer: Answer) -> Any:
        """Wait for *answer* in this thread, and return or raise it."""
        self.portal.settled(answer, None)
        return answer.result()
