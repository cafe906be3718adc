# SPDX-License-Identifier: BSD-3-Clause
"""The output of ping (iputils, and what BusyBox and BSD have in common with it)."""

import re

from attrs import define, evolve, field, frozen

from nepi.resource import column, record


class PingFormatError(ValueError):
    """The text is not what ping prints."""


@record("ping.replies")
@frozen
class Reply:
    """One answer to an echo request."""

    seq: int = field(metadata=column(help="Number of the request that it answers"))
    size: int = field(
        metadata=column(unit="B", help="ICMP message: the data and 8 bytes of header")
    )
    source: str = field(metadata=column(help="Address that answered"))
    ttl: int | None = field(default=None, metadata=column(help="Hops it could still have gone"))
    rtt: float | None = field(
        default=None,
        metadata=column(
            unit="s", help="Time since the request; none where the packets are too small"
        ),
    )
    time: float | None = field(
        default=None, metadata=column(unit="s", help="When it came, since 1970")
    )
    duplicate: bool = field(
        default=False, metadata=column(help="The request had been answered before")
    )
    note: str = field(default="", metadata=column(help="What ping finds wrong with it"))


@record("ping.errors")
@frozen
class Trouble:
    """What somebody on the way said instead of an answer."""

    seq: int = field(metadata=column(help="Number of the request"))
    source: str = field(metadata=column(help="Address of who said it"))
    message: str = field(metadata=column(help="What was said, in the words of ping"))
    time: float | None = field(
        default=None, metadata=column(unit="s", help="When it came, since 1970")
    )


@record("ping.summary")
@frozen
class Summary:
    """What ping counted, at its end."""

    target: str = field(metadata=column(help="Who was asked, as it was given"))
    sent: int = field(metadata=column(help="Requests"))
    received: int = field(metadata=column(help="Answers, without duplicates"))
    lost: int = field(metadata=column(help="Requests that were not answered"))
    loss: float = field(metadata=column(unit="%", help="Of the requests, how many were lost"))
    duplicates: int = field(default=0, metadata=column(help="Answers to requests answered before"))
    errors: int = field(default=0, metadata=column(help="What others said instead of an answer"))
    duration: float | None = field(
        default=None, metadata=column(unit="s", help="From first request to end")
    )
    rtt_min: float | None = field(
        default=None, metadata=column(unit="s", help="Shortest round trip")
    )
    rtt_avg: float | None = field(
        default=None, metadata=column(unit="s", help="Mean of the round trips")
    )
    rtt_max: float | None = field(
        default=None, metadata=column(unit="s", help="Longest round trip")
    )
    rtt_mdev: float | None = field(
        default=None, metadata=column(unit="s", help="Standard deviation of them")
    )


@frozen
class PingOutput:
    """All that ping has said."""

    replies: tuple[Reply, ...]
    troubles: tuple[Trouble, ...]
    unanswered: tuple[int, ...]
    """Requests of which ping said that no answer had come when the next was due."""
    summary: Summary | None
    """None where ping did not come to its end."""


# Bounded, so that no text is too long to be a number.
_N = r"(\d{1,18})"
_T = r"(?:\[(\d{1,18}\.\d{1,9})\] )?"
_F = r"(\d{1,9}(?:\.\d{1,9})?)"
_HEADER = re.compile(r"PING (\S+)", re.ASCII)
_REPLY = re.compile(
    rf"{_T}{_N} bytes from (.{{1,300}}?): (?:icmp_)?seq={_N}(?: ident=\d+)?"
    rf"(?: (?:ttl|hlim)={_N})?(?: time[=<]{_F} ms)?(.*)",
    re.ASCII,
)
_TROUBLE = re.compile(rf"{_T}From (.{{1,300}}?):? icmp_seq={_N} (.+)", re.ASCII)
_UNANSWERED = re.compile(rf"{_T}no answer yet for icmp_seq={_N}", re.ASCII)
_TITLE = re.compile(r"--- (.+) ping statistics ---", re.ASCII)
_COUNTS = re.compile(rf"{_N} packets transmitted, {_N} (?:packets )?received", re.ASCII)
_EXTRA = re.compile(rf"\+{_N} (duplicates|errors)", re.ASCII)
_DURATION = re.compile(rf"time {_N}ms", re.ASCII)
_TIMES = re.compile(rf"(?:rtt|round-trip) min/avg/max\S* = {_F}/{_F}/{_F}(?:/{_F})? ms", re.ASCII)


def _milliseconds(text: str | None) -> float | None:
    return None if text is None else round(float(text) / 1000, 9)


def _address(text: str) -> str:
    """Return the address of ``name (address)``, or of ``address``."""
    return text[text.rindex("(") + 1 : -1] if text.endswith(")") and "(" in text else text


@define
class PingParser:
    """Understands the output as it comes, in pieces of any size."""

    replies: list[Reply] = field(factory=list[Reply])
    troubles: list[Trouble] = field(factory=list[Trouble])
    unanswered: list[int] = field(factory=list[int])
    summary: Summary | None = None
    target: str | None = None
    _rest: str = ""
    _finished: str | None = None

    def feed(self, text: str) -> None:
        """Take what was printed next."""
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._line(line)

    def end(self) -> None:
        """Take in the last line, if it was not ended."""
        self.feed("\n")

    def output(self) -> PingOutput:
        """Return what was said so far."""
        return PingOutput(
            tuple(self.replies), tuple(self.troubles), tuple(self.unanswered), self.summary
        )

    def _line(self, line: str) -> None:
        if found := _REPLY.match(line):
            self._reply(found)
        elif found := _TROUBLE.match(line):
            time, source, seq, message = found.groups()
            when = float(time) if time else None
            self.troubles.append(Trouble(int(seq), _address(source), message.strip(), when))
        elif found := _UNANSWERED.match(line):
            self.unanswered.append(int(found[2]))
        elif found := _TITLE.search(line):
            self._finished = found[1]
        elif (found := _COUNTS.search(line)) and self._finished is not None:
            self._counts(line, found, self._finished)
        elif (found := _TIMES.search(line)) and self.summary is not None:
            low, mean, high, deviation = map(_milliseconds, found.groups())
            self.summary = evolve(
                self.summary, rtt_min=low, rtt_avg=mean, rtt_max=high, rtt_mdev=deviation
            )
        elif (found := _HEADER.match(line)) and self.target is None:
            self.target = found[1].partition("(")[0]

    def _reply(self, found: re.Match[str]) -> None:
        time, size, source, seq, ttl, rtt, rest = found.groups()
        self.replies.append(
            Reply(
                seq=int(seq),
                size=int(size),
                source=_address(source),
                ttl=int(ttl) if ttl else None,
                rtt=_milliseconds(rtt),
                time=float(time) if time else None,
                duplicate="(DUP!)" in rest,
                note=rest.replace("(DUP!)", "").strip(),
            )
        )

    def _counts(self, line: str, found: re.Match[str], target: str) -> None:
        sent, received = int(found[1]), int(found[2])
        extra = {name: int(number) for number, name in _EXTRA.findall(line)}
        took = _DURATION.search(line)
        lost = max(sent - received, 0)
        self.summary = Summary(
            target=target,
            sent=sent,
            received=received,
            lost=lost,
            loss=100 * lost / sent if sent else 0.0,
            duplicates=extra.get("duplicates", 0),
            errors=extra.get("errors", 0),
            duration=_milliseconds(took[1]) if took else None,
        )


def parse(text: str) -> PingOutput:
    """Return what the whole output of a ping says, or raise PingFormatError."""
    parser = PingParser()
    parser.feed(text)
    parser.end()
    if parser.target is None and parser.summary is None:
        raise PingFormatError(f"this is not the output of ping: it begins {text[:60]!r}")
    return parser.output()
