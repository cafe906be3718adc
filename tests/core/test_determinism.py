# SPDX-License-Identifier: BSD-3-Clause
"""The same events give the same commands in every process, however its hashes are seeded."""

import os
import subprocess
import sys

from nepi.core.conditions import RUN_START, Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Abort, Add, Call, Connect, Force, Policy, Set
from tests.core.play import BROKEN, Player, hold, release, start, world

LIMIT = 60.0


def played() -> Player:
    """Return an experiment in which much goes on at once, played to its end."""
    guids = range(1, 41)
    policy = Policy(timeouts={Step.START: 2.0, Step.RELEASE: 3.0}, retries=1)
    player = world(*(Add(g, name=f"r{g}", critical=False, policy=policy) for g in guids))
    begun = Requirement([RUN_START, *guids], State.STARTED, 1.0)
    player.breaks = {(7, Step.DEPLOY), (9, Step.STOP)}
    player.takes = {(11, Step.START): 9.0, (12, Step.RELEASE): 9.0}
    player.lives = {g: g % 5 + 1.0 for g in guids}
    player.tell(*(hold(g, Step.START, range(1, g), State.READY, g % 3) for g in range(20, 41)))
    player.tell(*(hold(g, Step.RELEASE, (g + 1, g + 2), State.RELEASED) for g in range(1, 39)))
    player.tell(*(Connect(1, g) for g in range(2, 41)))
    player.tell(
        Call(1, (begun,)), Set(3, "x", 1, 2, (begun,)), Force(5, Step.STOP, 3, after=(begun,))
    )
    player.at(0.0, start(*guids)).at(8.0, Force(4, Step.START, 4)).at(9.0, release(3, 30))
    return player.at(10.0, Abort(BROKEN)).play()


def told(seed: str) -> str:
    """Return what the commands are in a process whose hashes have this *seed*."""
    path = os.pathsep.join(filter(None, sys.path))
    code = "from tests.core.test_determinism import played; print(played().commands)"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT,
    )
    return done.stdout


def test_the_seed_of_hashes_decides_nothing() -> None:
    """A journal is replayed by another process than the one that wrote it."""
    assert told("1") == told("2") == f"{played().commands}\n"
