# SPDX-License-Identifier: BSD-3-Clause
"""Lives of resource types of the typed API: `typed.py CASE COUNT`.

The last line it prints is its figures in JSON.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence

from usage import cpu, pause

import nepi
from nepi.resource import Resource, resource

LASTS = 0.5  # seconds that a deploy lasts


@resource("bench::Idle")
class Idle(Resource):
    """Has no step of its own."""


@resource("bench::Empty")
class Empty(Resource):
    """Has steps, and nothing in them."""

    async def do_deploy(self) -> None:
        pass

    async def do_start(self) -> None:
        pass

    async def do_release(self) -> None:
        pass


@resource("bench::Suspending")
class Suspending(Empty):
    """Goes once round the loop in its start."""

    async def do_start(self) -> None:
        await asyncio.sleep(0)


@resource("bench::Slow")
class Slow(Resource):
    """Awaits something for a while in its deploy."""

    async def do_deploy(self) -> None:
        await asyncio.sleep(LASTS)


@resource("bench::Blocking")
class Blocking(Resource):
    """Blocks a while in its deploy."""

    def do_deploy(self) -> None:
        pause(LASTS)


def check(members: Sequence[Resource], *states: nepi.State) -> None:
    """End with an error unless all are in one of these states: no figure without the work."""
    found = {member.state for member in members}
    if not found <= set(states):
        sys.exit(f"expected {states}, found {found}")


def whole(rtype: type[Resource], count: int) -> dict[str, float]:
    """Describe, deploy until all are STARTED, release until all are RELEASED."""
    exp = nepi.Experiment("bench", pictures=False)
    first = cpu()
    members = [exp.add(rtype()) for _ in range(count)]
    begun, described = time.monotonic(), cpu()
    exp.deploy()
    exp.wait(*(member.started for member in members))
    exp.release()
    wall, last = time.monotonic() - begun, cpu()
    check(members, nepi.State.RELEASED)
    return {"describing": described - first, "cpu": last - described, "wall": wall}


def deploys(rtype: type[Resource], count: int) -> dict[str, float]:
    """Deploy resources whose deploy lasts a while: the time until all are READY."""
    exp = nepi.Experiment("bench", pictures=False)
    members = [exp.add(rtype()) for _ in range(count)]
    begun = time.monotonic()
    exp.deploy()
    exp.wait(*(member.ready for member in members))
    wall = time.monotonic() - begun
    check(members, nepi.State.READY, nepi.State.STARTED)
    return {"wall": wall}


CASES = {
    "idle": (whole, Idle),
    "empty": (whole, Empty),
    "suspending": (whole, Suspending),
    "slow": (deploys, Slow),
    "blocking": (deploys, Blocking),
}

if __name__ == "__main__":
    measure, kind = CASES[sys.argv[1]]
    print(json.dumps(measure(kind, int(sys.argv[2]))), flush=True)
    os._exit(0)  # what still runs has nothing more to tell
