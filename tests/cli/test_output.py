# SPDX-License-Identifier: BSD-3-Clause
import json

import pytest

from nepi.cli import output


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (False, "no"),
        (0.1, "0.1"),
        (1 / 3, "0.333333"),
        ((1, "two"), "1, two"),
        ({}, ""),
        ("as it is", "as it is"),
    ],
)
def test_values_are_said_without_traces_of_python(value: object, text: str) -> None:
    assert output.said(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.0004, "0.000 s"),
        (1.5, "1.500 s"),
        (59.96, "60.0 s"),
        (61.2, "1 min 01 s"),
        (7322.0, "2 h 02 min"),
    ],
)
def test_times_have_units_that_fit(seconds: float | None, text: str) -> None:
    assert output.clock(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (8 << 20, "8.0 MiB"), (3 << 40, "3.0 TiB")],
)
def test_sizes_have_units_that_fit(count: int, text: str) -> None:
    assert output.volume(count) == text


def test_without_a_terminal_a_table_is_padded_text(capsys: pytest.CaptureFixture[str]) -> None:
    output.show(("name", "state"), [("here", "ok"), ("elsewhere", None)], title="Hosts")
    assert capsys.readouterr().out == "Hosts\nname       state\nhere       ok\nelsewhere\n"


def test_answers_for_programs_are_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    output.answer({"text": "größer", "number": 1.5})
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert json.loads(line) == {"text": "größer", "number": 1.5}
