# SPDX-License-Identifier: BSD-3-Clause
"""From the moment a condition becomes true to the begin of the step that waited for it."""

import sys
from functools import partial

from measuring import OURS, Options, Report, Row, Target, child, column, in_turn, main
from peers import peer

LINKS, LINKS_OF_PEER = 60, 8  # a link takes the peer half a second
HOPS = 1000
MS = 1000.0

KINDS = {
    "plain": ("condition met -> do_start", 0.2, 1.0),
    "lingering": ("same, do_stop goes on 50 ms", 0.2, None),
    "busy": ("same, one worker computing", 2.0, None),
}


def measure(options: Options, report: Report) -> None:
    """Fill in the latencies of each kind of chain."""
    other = peer(options)
    jobs = {"floor": partial(child, OURS, "floors.py", "hops", str(HOPS))}
    for kind in KINDS:
        jobs[kind] = partial(child, OURS, "chain.py", kind, str(LINKS))
    if other:
        jobs["peer"] = partial(child, other, "chain.py", "plain", str(LINKS_OF_PEER))
    found = in_turn(jobs, rounds=options.rounds, report=report)
    floor = column(found["floor"], "median", scale=MS)
    theirs = column(found.get("peer", []), "median", scale=MS)
    for kind, (what, median, p95) in KINDS.items():
        ours = column(found[kind], "median", scale=MS)
        report.rows.append(Row(f"{what}, median", "ms", ours, floor, "hop", Target(median)))
        ours = column(found[kind], "p95", scale=MS)
        target = None if p95 is None else Target(p95)
        report.rows.append(Row(f"{what}, p95", "ms", ours, target=target))
    if other:
        ours = column(found["plain"], "median", scale=MS)
        report.rows.append(Row(f"{KINDS['plain'][0]}, median", "ms", ours, theirs, other.name))
    report.notes.append(
        f"classic API, synchronous types, a chain of {LINKS} links ({LINKS_OF_PEER} of the peer); "
        "hop: bare thread -> loop -> thread"
    )


if __name__ == "__main__":
    sys.exit(main("conditions", measure, rounds=5))
