# SPDX-License-Identifier: BSD-3-Clause
"""A thousand short commands through the agent, beside plain subprocess; the round trip of one."""

import sys
from functools import partial

from measuring import OURS, Options, Report, Row, Target, child, column, in_turn, main

COUNT = 1000
ROUND_TRIPS = 300
MS = 1000.0
WAYS = {
    "together": COUNT,
    "subprocess_one_by_one": COUNT,
    "jobs": COUNT,
    "subprocess_jobs": COUNT,
    "one_by_one": ROUND_TRIPS,
    "words": ROUND_TRIPS,
}


def measure(options: Options, report: Report) -> None:
    """Fill in the rates and the round trips."""
    ways = {
        way: partial(child, OURS, "processes.py", way, str(count)) for way, count in WAYS.items()
    }
    found = in_turn(ways, rounds=options.rounds, report=report)
    plain = found["subprocess_one_by_one"]
    report.rows += [
        Row(
            f"{COUNT:,} commands, output returned",
            "/s",
            column(found["together"], "rate"),
            column(plain, "rate"),
            "subprocess.run",
        ),
        Row(
            f"{COUNT:,} jobs, output in files",
            "/s",
            column(found["jobs"], "rate"),
            column(found["subprocess_jobs"], "rate"),
            "Popen",
        ),
        Row(
            "round trip of one command",
            "ms",
            column(found["one_by_one"], "median", scale=MS),
            column(plain, "median", scale=MS),
            "subprocess.run",
        ),
        Row("round trip of a word", "ms", column(found["words"], "median", scale=MS)),
        Row(
            "from nothing to a connected agent",
            "ms",
            column(found["words"], "started", scale=MS),
            target=Target(150),
        ),
    ]
    report.notes.append(
        "a job has a directory of its own besides, with three files, and may be adopted"
    )


if __name__ == "__main__":
    sys.exit(main("commands", measure))
