# SPDX-License-Identifier: BSD-3-Clause
"""The scenarios of the benchmarks run, with few resources, and print figures."""

import pytest
from measuring import OURS, child

FEW = "21"
CASES = {
    "lives.py": {
        "flat": {"describing", "cpu", "wall", "deploying", "releasing", "resources"},
        "graph": {"describing", "cpu", "wall", "deploying", "releasing", "resources"},
        "blocking": {"wall"},
        "idle": {"idle"},
    },
    "chain.py": {kind: {"median", "p95", "max"} for kind in ("plain", "lingering", "busy")},
    "typed.py": {
        "idle": {"describing", "cpu", "wall"},
        "empty": {"describing", "cpu", "wall"},
        "suspending": {"describing", "cpu", "wall"},
        "slow": {"wall"},
        "blocking": {"wall"},
    },
    "processes.py": {
        "together": {"started", "rate"},
        "jobs": {"started", "rate"},
        "one_by_one": {"started", "median"},
        "words": {"started", "median"},
        "subprocess_one_by_one": {"median", "rate"},
        "subprocess_jobs": {"rate"},
    },
    "floors.py": {
        "hops": {"median", "p95"},
        "timers": {"wall"},
        "threads": {"wall"},
        "tasks": {"cpu"},
    },
}


@pytest.mark.parametrize(
    ("script", "case"), [(script, case) for script, cases in CASES.items() for case in cases]
)
def test_a_scenario_prints_its_figures(script: str, case: str) -> None:
    figures = child(OURS, script, case, FEW, timeout=60)
    assert set(figures) == CASES[script][case]
    assert all(figure >= 0 for figure in figures.values())
