# SPDX-License-Identifier: BSD-3-Clause
"""What is understood of the output of ping: cases of real output, and no text that breaks it."""

import json
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.backends.linux.parsers.ping import PingFormatError, PingOutput, PingParser, parse

DATA = Path(__file__).parents[3] / "data" / "linux-ping"
CASES = sorted(DATA.glob("*.json"))
LINES = sorted(
    {
        line
        for case in CASES
        for line in json.loads(case.read_text(encoding="utf-8"))["stdout"].splitlines()
    }
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_real_output(case: Path) -> None:
    told: dict[str, Any] = json.loads(case.read_text(encoding="utf-8"))
    if told["parsed"] is None:
        with pytest.raises(PingFormatError, match="not the output of ping"):
            parse(told["stdout"])
    else:
        found = attrs.asdict(parse(told["stdout"]))
        assert json.loads(json.dumps(found)) == told["parsed"]


@given(text=st.text() | st.lists(st.sampled_from(LINES)).map("\n".join))
def test_no_text_raises_anything_but_the_format_error(text: str) -> None:
    try:
        found = parse(text)
    except PingFormatError:
        return
    assert isinstance(found, PingOutput)


@given(
    line=st.sampled_from(LINES),
    at=st.integers(min_value=0, max_value=80),
    junk=st.text(max_size=5) | st.just("9" * 5000),
)
def test_a_damaged_line_is_passed_over_or_understood(line: str, at: int, junk: str) -> None:
    parse(f"PING x (127.0.0.1)\n{line[:at]}{junk}{line[at:]}\n")


@given(sizes=st.lists(st.integers(min_value=1, max_value=50)))
def test_the_output_may_come_in_pieces_of_any_size(sizes: list[int]) -> None:
    text = json.loads((DATA / "marked-replies.json").read_text(encoding="utf-8"))["stdout"]
    parser = PingParser()
    at = 0
    for size in sizes:
        parser.feed(text[at : at + size])
        at += size
    parser.feed(text[at:])
    parser.end()
    assert parser.output() == parse(text)


def test_what_was_counted() -> None:
    text = json.loads((DATA / "some-lost.json").read_text(encoding="utf-8"))["stdout"]
    summary = parse(text).summary
    assert summary is not None
    assert (summary.sent, summary.received, summary.lost, summary.loss) == (8, 6, 2, 25.0)


def test_nothing_sent_is_nothing_lost() -> None:
    text = "--- x ping statistics ---\n0 packets transmitted, 0 received, time 0ms\n"
    summary = parse(text).summary
    assert summary is not None
    assert summary.loss == 0.0
