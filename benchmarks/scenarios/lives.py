# SPDX-License-Identifier: BSD-3-Clause
"""Whole lives of user-defined, synchronous types in the classic API: `lives.py SHAPE COUNT`.

Runs unchanged on this project and on its peer. The last line it prints is its figures in JSON.
"""

import functools
import json
import os
import sys
import time
from collections.abc import Callable, Sequence

from usage import cpu, pause

from nepi.execution.ec import ExperimentController
from nepi.execution.resource import (
    ResourceAction,
    ResourceFactory,
    ResourceManager,
    ResourceState,
    clsinit_copy,
)

BLOCKED = 0.5  # seconds that a blocking deploy lasts
SETTLING, IDLING = 1.0, 5.0


@clsinit_copy
class Plain(ResourceManager):
    """Has steps of its own, which do nothing but say that they are done."""

    _rtype = "bench::Plain"
    _help = "Does nothing"
    _platform = "bench"

    def do_deploy(self) -> None:
        super().do_deploy()

    def do_start(self) -> None:
        super().do_start()

    def do_stop(self) -> None:
        super().do_stop()

    def do_release(self) -> None:
        super().do_release()


@clsinit_copy
class Interface(Plain):
    """Waits in its deploy, as NEPI's types do, until what it is connected to is READY."""

    _rtype = "bench::Interface"

    def do_deploy(self) -> None:
        if any(neighbour.state < ResourceState.READY for neighbour in self.get_connected()):
            self.ec.schedule(self.reschedule_delay, self.deploy)
        else:
            super().do_deploy()


@clsinit_copy
class Application(Plain):
    """Needs its node, and has stopped as soon as it was started."""

    _rtype = "bench::Application"

    def do_deploy(self) -> None:
        if any(node.state < ResourceState.READY for node in self.get_connected("bench::Plain")):
            self.ec.schedule(self.reschedule_delay, self.deploy)
        else:
            super().do_deploy()

    def do_start(self) -> None:
        super().do_start()
        self.ec.schedule("0s", self.stop)


@clsinit_copy
class Blocking(Plain):
    """Blocks while it is deployed."""

    _rtype = "bench::Blocking"

    def do_deploy(self) -> None:
        pause(BLOCKED)
        super().do_deploy()


for kind in (Plain, Interface, Application, Blocking):
    ResourceFactory.register_type(kind)


def flat(ec: ExperimentController, count: int) -> list[int]:
    """Resources that know nothing of each other."""
    return [ec.register_resource("bench::Plain") for _ in range(count)]


def graph(ec: ExperimentController, count: int) -> list[int]:
    """Nodes with an interface and eight applications each; one channel joins the interfaces."""
    channel = ec.register_resource("bench::Plain")
    guids = [channel]
    for _ in range((count - 1) // 10):
        node = ec.register_resource("bench::Plain")
        interface = ec.register_resource("bench::Interface")
        ec.register_connection(interface, node)
        ec.register_connection(interface, channel)
        guids += [node, interface]
        for _ in range(8):
            application = ec.register_resource("bench::Application")
            ec.register_connection(application, node)
            guids.append(application)
    return guids


def check(ec: ExperimentController, guids: Sequence[int], *names: str) -> None:
    """End with an error unless all are in one of these states: no figure without the work."""
    states = {ec.state(guid, hr=True) for guid in guids}
    if not states <= set(names):
        sys.exit(f"expected {names}, found {states}")


def whole(
    describe: Callable[[ExperimentController, int], list[int]], count: int
) -> dict[str, float]:
    """Describe, deploy until all are STARTED, release until all are RELEASED."""
    ec = ExperimentController(exp_id="bench")
    marks = [(time.monotonic(), cpu())]
    guids = describe(ec, count)
    marks.append((time.monotonic(), cpu()))
    ec.deploy(guids)
    ec.wait_started(guids)
    marks.append((time.monotonic(), cpu()))
    check(ec, guids, "STARTED", "STOPPED")
    marks.append((time.monotonic(), cpu()))
    ec.release()
    marks.append((time.monotonic(), cpu()))
    check(ec, guids, "RELEASED")
    (_, c0), (w1, c1), (w2, c2), (w3, c3), (w4, c4) = marks
    return {
        "describing": c1 - c0,
        "cpu": c2 - c0 + c4 - c3,
        "wall": w2 - w1 + w4 - w3,
        "deploying": w2 - w1,
        "releasing": w4 - w3,
        "resources": len(guids),
    }


def blocking(count: int) -> dict[str, float]:
    """Deploy resources that block: the time until all are READY."""
    ec = ExperimentController(exp_id="bench")
    guids = [ec.register_resource("bench::Blocking") for _ in range(count)]
    begun = time.monotonic()
    ec.deploy(guids)
    ec.wait_deployed(guids)
    wall = time.monotonic() - begun
    check(ec, guids, "READY", "STARTED")
    return {"wall": wall}


def idle(count: int) -> dict[str, float]:
    """All but one wait for the STOP of that one, which never comes: the CPU they take."""
    ec = ExperimentController(exp_id="bench")
    first, *others = guids = flat(ec, count)
    ec.register_condition(others, ResourceAction.START, first, ResourceState.STOPPED)
    ec.deploy(guids)
    ec.wait_deployed(guids)
    ec.wait_started([first])
    pause(SETTLING)
    before = cpu()
    pause(IDLING)
    used = cpu() - before
    check(ec, others, "READY")
    return {"idle": used}


SHAPES: dict[str, Callable[[int], dict[str, float]]] = {
    "flat": functools.partial(whole, flat),
    "graph": functools.partial(whole, graph),
    "blocking": blocking,
    "idle": idle,
}

if __name__ == "__main__":
    print(json.dumps(SHAPES[sys.argv[1]](int(sys.argv[2]))), flush=True)
    os._exit(0)  # what still waits has nothing more to tell
