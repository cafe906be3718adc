# SPDX-License-Identifier: BSD-3-Clause
"""`linux::Ping`: asks a host whether it is there, and measures how long the answers take."""

import asyncio
import codecs
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, Literal

from attrs import AttrsInstance

from nepi.backends.linux.application import Application
from nepi.backends.linux.ending import Ending
from nepi.backends.linux.parsers.ping import PingParser, Reply, Summary, Trouble
from nepi.hosts import Exit, Process
from nepi.resource import (
    MaybeQuantity,
    MaybeWholeQuantity,
    Quantity,
    Value,
    attribute,
    internal,
    resource,
)

_NO_ANSWER = 1  # the exit code of ping where some or all requests were lost


@resource("linux::Ping", aliases=("LinuxPing",))
class Ping(Application):
    """Ask a host whether it is there, with ICMP echo requests, and record every answer.

    That all requests are lost is a result. A name that nobody knows, or no way to go, is a
    failure, told in the words of ping.
    """

    target: str = attribute(  # pyright: ignore[reportGeneralTypeIssues] - command is none here
        kw_only=False, pattern=r"[^\s-]\S*", help="Name or address of who is asked"
    )
    count: int | None = attribute(
        default=None, ge=1, help="Requests to send; until it is stopped by default"
    )
    interval: Quantity = attribute(
        default=1.0, unit="s", ge=0, help="From one request to the next (below 2 ms: root only)"
    )
    packet_size: Value[int, int | str] = attribute(
        default=56, unit="B", ge=0, le=65507, help="Data in a request; with less than 16, no times"
    )
    ttl: int | None = attribute(default=None, ge=1, le=255, help="Hops a request may go")
    deadline: MaybeQuantity = attribute(
        default=None, unit="s", ge=1, help="When it ends, whatever was sent; in whole seconds"
    )
    timeout: MaybeQuantity = attribute(
        default=None, unit="s", gt=0, help="How long the last answers are waited for"
    )
    address: str = attribute(
        default="", pattern=r"([^\s-]\S*)?", help="Source: an address, or an interface"
    )
    version: Literal[4, 6] | None = attribute(default=None, help="Version of IP; by the target")
    numeric: bool = attribute(default=False, help="Look up no names for addresses")
    preload: int | None = attribute(
        default=None, ge=1, le=65536, help="Requests sent at first without waiting"
    )
    pattern: str = attribute(
        default="", pattern="([0-9A-Fa-f]{2}){0,16}", help="Data of requests, in hexadecimal"
    )
    tos: str = attribute(default="", pattern=r"\w*", help="Type of service (DSCP and ECN): 0x10")
    mark: int | None = attribute(default=None, ge=0, help="Mark for the routing of this machine")
    send_buffer: MaybeWholeQuantity = attribute(
        default=None, unit="B", gt=0, classic="sendBuff", help="Buffer of the socket"
    )
    timestamp: Literal["tsonly", "tsandaddr"] | None = attribute(
        default=None, help="Ask for the times of the hosts on the way"
    )
    hint: Literal["do", "dont", "want"] | None = attribute(
        default=None, help="Path MTU discovery: do (never fragment), want, dont"
    )
    print_timestamp: bool = attribute(default=True, help="Records have the time of each answer")
    quiet: bool = attribute(default=False, help="Only the summary, no answers")
    record_route: bool = attribute(default=False, help="Ask for the way, of at most nine hosts")
    route_bypass: bool = attribute(default=False, help="Only hosts on a network of its own")
    full_latency: bool = attribute(default=False, help="Times from user to user, not on the wire")
    verbose: bool = attribute(default=False, help="Tell of all that comes in")
    flood: bool = attribute(
        default=False, help="Send as fast as answers come (with an interval: every so often)"
    )

    # Who asks a host decides how ping is asked.
    command: str | list[str] = internal(default="")
    expected_exit: Value[int | tuple[int, ...], int | Sequence[int]] = attribute(
        default=(0, _NO_ANSWER), help="Exit codes that are no failure; 1: requests were lost"
    )
    # At TERM it would end without its summary.
    stop_signal: Literal["TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "KILL"] = attribute(
        default="INT", help="How it is asked to end: at INT it tells its summary"
    )

    record_types: ClassVar[tuple[type[AttrsInstance], ...]] = (Reply, Trouble, Summary, Ending)

    _parser: PingParser = internal(factory=PingParser)
    _reading: "asyncio.Task[None] | None" = internal(default=None)
    _past: list[PingParser] = internal(factory=list[PingParser])
    _taken: int = internal(default=0)

    # -- for users ------------------------------------------------------------------------------

    @property
    def replies(self) -> Sequence[Reply]:
        """The answers so far, since it was last started."""
        return tuple(self._parser.replies)

    @property
    def troubles(self) -> Sequence[Trouble]:
        """What others said instead of an answer, since it was last started."""
        return tuple(self._parser.troubles)

    @property
    def unanswered(self) -> Sequence[int]:
        """The requests that were not answered when the next was due, since it was last started."""
        return tuple(self._parser.unanswered)

    @property
    def summary(self) -> Summary | None:
        """What ping counted; None until it has ended."""
        return self._parser.summary

    def records(self) -> Iterable[AttrsInstance]:
        for parser in (*self._past, self._parser):
            yield from parser.replies
            yield from parser.troubles
            if parser.summary:
                yield parser.summary
        yield from super().records()

    # -- the command ----------------------------------------------------------------------------

    def environment(self) -> Mapping[str, str]:
        return {**self.env, "LC_ALL": "C"}  # the only language that we read

    def argv(self) -> Sequence[str]:
        # No answer until the next request is sent: the only way to see a loss when it happens.
        words = ["ping", "-O"]
        words += [option for name, option in _SWITCHES.items() if getattr(self, name)]
        if self.version:
            words.append(f"-{self.version}")
        for name, option in _OPTIONS.items():
            value = getattr(self, name)
            if value not in {None, ""} and not (name == "interval" and value == 1):
                words += [option, _written(value)]
        if self.deadline is not None:
            words += ["-w", str(math.ceil(self.deadline))]
        return (*words, "--", self.target)

    def lifetime(self) -> float | None:
        spans = [] if self.count is None else [(self.count - 1) * self.interval]
        spans += [] if self.deadline is None else [self.deadline]
        return min(spans, default=None)

    # -- its life -------------------------------------------------------------------------------

    def began(self, process: Process) -> None:
        if self._reading is not None:
            self._past.append(self._parser)
            self._parser = PingParser()
        self._reading = asyncio.create_task(self._read(process))

    async def _read(self, process: Process) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        async for block in process.follow("stdout", self._taken):
            self._taken += len(block)
            self._parser.feed(decoder.decode(block))
        self._parser.end()

    async def ended(self, process: Process) -> None:  # noqa: ARG002 - its reader knows it
        if self._reading is not None:
            await self._reading

    def expects(self, how: Exit) -> bool:
        # A ping that did not even begin ends with the same code as one without answers.
        return super().expects(how) and (how.code != _NO_ANSWER or self.summary is not None)


def _written(value: float | str) -> str:
    """Write a value as ping reads it: no exponents, no more digits than a microsecond has."""
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


_SWITCHES = {
    "print_timestamp": "-D",
    "numeric": "-n",
    "quiet": "-q",
    "record_route": "-R",
    "route_bypass": "-r",
    "full_latency": "-U",
    "verbose": "-v",
    "flood": "-f",
}
_OPTIONS = {
    "count": "-c",
    "interval": "-i",
    "packet_size": "-s",
    "ttl": "-t",
    "timeout": "-W",
    "address": "-I",
    "preload": "-l",
    "pattern": "-p",
    "tos": "-Q",
    "mark": "-m",
    "send_buffer": "-S",
    "timestamp": "-T",
    "hint": "-M",
}
