# SPDX-License-Identifier: BSD-3-Clause
"""A benchmark says PASS only of what was measured and meets its target."""

import json
import sys

import measuring
import pytest
from measuring import (
    MeasurementError,
    Options,
    Report,
    Row,
    Target,
    column,
    in_turn,
    main,
    spread,
)


def test_a_figure_is_judged_by_its_median() -> None:
    row = Row("wall", "s", [0.1, 0.2, 9.0], target=Target(0.3))
    assert (row.verdict, row.missed) == ("PASS", False)


def test_a_median_beyond_the_bound_fails() -> None:
    row = Row("wall", "s", [0.1, 0.4, 0.5], target=Target(0.3))
    assert (row.verdict, row.missed) == ("FAIL", True)


def test_a_rate_has_to_reach_its_bound() -> None:
    assert Row("rate", "/s", [90.0], target=Target(100, sense="at least")).missed
    assert not Row("rate", "/s", [110.0], target=Target(100, sense="at least")).missed


def test_a_ratio_is_judged_beside_the_peer() -> None:
    target = Target(0.5, "ratio")
    assert Row("cpu", "s", [0.6], [1.0], "peer", target).missed
    assert not Row("cpu", "s", [0.4], [1.0], "peer", target).missed


def test_a_ratio_to_nobody_is_no_verdict() -> None:
    row = Row("cpu", "s", [0.6], target=Target(0.5, "ratio"))
    assert (row.verdict, row.missed, row.ratio) == ("-", False, None)


def test_a_row_without_target_is_for_information() -> None:
    assert Row("wall", "s", [1.0]).verdict == "-"


def test_a_spread_shows_the_range_of_several() -> None:
    assert spread([1.0], "s") == "1 s"
    assert spread([3.0, 1.0, 2.0], "s") == "2 s (1-3)"


def test_jobs_are_carried_out_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(measuring, "_cpu_of_others", lambda: 0.0)

    def job(name: str) -> dict[str, float]:
        order.append(name)
        return {"wall": float(len(order))}

    found = in_turn({"a": lambda: job("a"), "b": lambda: job("b")}, rounds=2)
    assert order == ["a", "b", "a", "b"]
    assert column(found["b"], "wall", scale=10) == [20.0, 40.0]


def test_the_least_disturbed_samples_count(monkeypatch: pytest.MonkeyPatch) -> None:
    used = iter([0.0, 5.0, 5.0, 5.0, 5.0, 5.0])  # before and after each of three rounds
    monkeypatch.setattr(measuring, "_cpu_of_others", lambda: next(used))
    walls = iter([1.0, 2.0, 3.0])
    report = Report("a benchmark")
    found = in_turn({"a": lambda: {"wall": next(walls)}}, rounds=1, report=report)
    assert found == {"a": [{"wall": 2.0}]}
    assert report.disturbed == 0.0


def run(monkeypatch: pytest.MonkeyPatch, row: Row, *flags: str) -> int:
    def measure(_options: Options, report: Report) -> None:
        report.rows.append(row)

    monkeypatch.setattr(sys, "argv", ["benchmark", *flags])
    return main("a benchmark", measure)


def test_a_missed_target_is_in_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, Row("wall", "s", [1.0], target=Target(2))) == 0
    assert run(monkeypatch, Row("wall", "s", [3.0], target=Target(2))) == 1
    assert "FAIL" in capsys.readouterr().out


def test_json_holds_every_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, Row("wall", "s", [1.0, 3.0], [4.0], "peer", Target(2)), "--json")
    data = json.loads(capsys.readouterr().out)
    assert data["passed"]
    (row,) = data["rows"]
    assert (row["ours"], row["beside"], row["ratio"]) == ([1.0, 3.0], [4.0], 0.5)


def test_a_measurement_that_failed_is_no_missed_target(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def measure(_options: Options, _report: Report) -> None:
        raise MeasurementError("the child said no")

    monkeypatch.setattr(sys, "argv", ["benchmark"])
    assert main("a benchmark", measure) == 2
    assert "the child said no" in capsys.readouterr().err
