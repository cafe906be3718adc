# SPDX-License-Identifier: BSD-3-Clause
"""How long many deploys take that each last half a second."""

import sys
from functools import partial

from measuring import OURS, Options, Report, Row, Target, child, column, in_turn, main
from peers import peer

ASYNC, SYNC = 2_000, 1_000
SYNC_OF_PEER = 200  # a thousand take it 25 s


def measure(options: Options, report: Report) -> None:
    """Fill in the times until all are READY."""
    other = peer(options)
    jobs = {
        "timers": partial(child, OURS, "floors.py", "timers", str(ASYNC)),
        "slow": partial(child, OURS, "typed.py", "slow", str(ASYNC)),
        "threads": partial(child, OURS, "floors.py", "threads", str(SYNC)),
        "blocking": partial(child, OURS, "typed.py", "blocking", str(SYNC)),
        "classic": partial(child, OURS, "lives.py", "blocking", str(SYNC)),
    }
    if other:
        jobs["peer"] = partial(child, other, "lives.py", "blocking", str(SYNC_OF_PEER))
    found = in_turn(jobs, rounds=options.rounds, report=report)
    wall = {name: column(samples, "wall") for name, samples in found.items()}

    asynchronous = f"{ASYNC:,} async deploys of 0.5 s, typed"
    synchronous = f"{SYNC:,} synchronous deploys of 0.5 s"
    threads = wall["threads"]
    report.rows += [
        Row(asynchronous, "s", wall["slow"], wall["timers"], "bare timers", Target(0.7)),
        Row(f"{synchronous}, typed", "s", wall["blocking"], threads, "threads", Target(1.5)),
        Row(f"{synchronous}, classic", "s", wall["classic"], threads, "threads", Target(1.5)),
    ]
    if other:
        scaled = [seconds * SYNC / SYNC_OF_PEER for seconds in wall["peer"]]
        report.rows.append(Row(f"{synchronous}, classic", "s", wall["classic"], scaled, other.name))
        report.notes.append(
            f"{other.name} deployed {SYNC_OF_PEER}; its time is scaled to {SYNC:,}, "
            "for it deploys 20 at a time"
        )


if __name__ == "__main__":
    sys.exit(main("deploys", measure))
