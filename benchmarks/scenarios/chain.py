# SPDX-License-Identifier: BSD-3-Clause
"""A chain in the classic API, each link STARTed when the last is STOPPED: `chain.py KIND COUNT`.

Runs unchanged on this project and on its peer. The last line it prints is its figures in JSON.
"""

import json
import os
import sys
import threading
import time
from itertools import pairwise

from usage import pause

from nepi.execution.ec import ExperimentController
from nepi.execution.resource import (
    ResourceAction,
    ResourceFactory,
    ResourceManager,
    ResourceState,
    clsinit_copy,
)

BEGUN: dict[int, float] = {}
MET: dict[int, float] = {}
OVER = threading.Event()


@clsinit_copy
class Link(ResourceManager):
    """Stops as soon as it was started, and notes when it began and when it stopped."""

    _rtype = "bench::Link"
    _help = "One link of a chain"
    _platform = "bench"

    def do_start(self) -> None:
        BEGUN[self.guid] = time.monotonic()
        super().do_start()
        self.ec.schedule("0s", self.stop)

    def do_stop(self) -> None:
        MET[self.guid] = time.monotonic()
        super().do_stop()


@clsinit_copy
class Lingering(Link):
    """Is STOPPED a while before its stop ends: what waits for STOPPED must not wait for the end."""

    _rtype = "bench::Lingering"

    def do_stop(self) -> None:
        super().do_stop()
        pause(0.05)


@clsinit_copy
class Busy(ResourceManager):
    """Computes in pure Python, once STARTED, until all is over."""

    _rtype = "bench::Busy"
    _help = "Keeps one worker busy"
    _platform = "bench"

    def do_start(self) -> None:
        super().do_start()
        total = 0
        while not OVER.is_set():
            for number in range(1000):
                total += number


for kind in (Link, Lingering, Busy):
    ResourceFactory.register_type(kind)


def chain(rtype: str, count: int, *, busy: bool) -> list[float]:
    """Return the seconds from each link's condition becoming true to the begin of its do_start."""
    ec = ExperimentController(exp_id="bench")
    guids = [ec.register_resource(rtype) for _ in range(count)]
    for before, after in pairwise(guids):
        ec.register_condition(after, ResourceAction.START, before, ResourceState.STOPPED)
    if busy:
        worker = ec.register_resource("bench::Busy")
        ec.register_condition(guids[0], ResourceAction.START, worker, ResourceState.STARTED)
        ec.deploy([worker, *guids])
    else:
        ec.deploy(guids)
    ec.wait_finished(guids)
    OVER.set()
    return [BEGUN[after] - MET[before] for before, after in pairwise(guids)]


KINDS = {
    "plain": ("bench::Link", False),
    "lingering": ("bench::Lingering", False),
    "busy": ("bench::Link", True),
}

if __name__ == "__main__":
    chosen, computing = KINDS[sys.argv[1]]
    latencies = sorted(chain(chosen, int(sys.argv[2]), busy=computing))
    last = len(latencies) - 1
    figures = {
        "median": latencies[last // 2],
        "p95": latencies[int(0.95 * last)],
        "max": latencies[last],
    }
    print(json.dumps(figures), flush=True)
    os._exit(0)  # the peer's scheduler would go on
