# SPDX-License-Identifier: BSD-3-Clause
"""What ten thousand resources without work cost, beside NEPI 6.1.2."""

import sys
from functools import partial

from measuring import OURS, Options, Report, Row, Target, child, column, in_turn, main
from peers import peer

COUNT = 10_000
WAITING, WAITING_OF_PEER = 10_000, 3_000
SECONDS_IDLE = 5.0
# The one who measures wakes up within the five seconds, which takes a fraction of this.
NOTHING = 0.05

SHAPES = ("flat", "graph")
FIGURES = {"cpu": Target(0.5, "ratio"), "wall": Target(0.3, "ratio")}
BUILT_IN = {
    "idle": ("no-op types", Target(0.3)),
    "empty": ("three empty async steps", None),
    "suspending": ("one of them suspends", None),
}


def measure(options: Options, report: Report) -> None:
    """Fill in the figures of lives and of waiting."""
    other = peer(options)
    jobs = {shape: partial(child, OURS, "lives.py", shape, str(COUNT)) for shape in SHAPES}
    for case in BUILT_IN:
        jobs[case] = partial(child, OURS, "typed.py", case, str(COUNT))
    jobs["tasks"] = partial(child, OURS, "floors.py", "tasks", str(COUNT))
    if other:
        for shape in SHAPES:
            jobs[f"{shape} of peer"] = partial(child, other, "lives.py", shape, str(COUNT))
    found = in_turn(jobs, rounds=options.rounds, report=report)

    label = other.name if other else ""
    for shape in SHAPES:
        theirs = found.get(f"{shape} of peer", [])
        for figure, target in FIGURES.items():
            ours, beside = column(found[shape], figure), column(theirs, figure)
            what = f"{COUNT:,} classic, {shape}: {figure}"
            report.rows.append(Row(what, "s", ours, beside, label, target))
    tasks = column(found["tasks"], "cpu")
    for case, (steps, wanted) in BUILT_IN.items():
        ours = column(found[case], "cpu")
        what = f"{COUNT:,} typed, {steps}: cpu"
        report.rows.append(Row(what, "s", ours, tasks, "bare tasks", wanted))
    described = column(found["idle"], "describing")
    report.rows.append(Row(f"{COUNT:,} typed, description: cpu", "s", described))
    waiting(options, report)
    report.notes.append(
        "classic cpu: description -> all STARTED -> all RELEASED; typed cpu, and wall: "
        "deploy -> all STARTED -> all RELEASED; journal on"
    )


def waiting(options: Options, report: Report) -> None:
    """What it takes to wait for a condition that does not come."""
    other = peer(options)
    percent = 100 / SECONDS_IDLE
    jobs = {"ours": partial(child, OURS, "lives.py", "idle", str(WAITING))}
    if other:
        jobs["theirs"] = partial(child, other, "lives.py", "idle", str(WAITING_OF_PEER))
    found = in_turn(jobs, rounds=min(options.rounds, 3), report=report)
    report.rows.append(
        Row(
            f"{WAITING:,} waiting ({WAITING_OF_PEER:,} of the peer): cpu",
            "%",
            column(found["ours"], "idle", scale=percent),
            column(found.get("theirs", []), "idle", scale=percent),
            other.name if other else "",
            Target(NOTHING),
        )
    )


if __name__ == "__main__":
    sys.exit(main("classic", measure))
