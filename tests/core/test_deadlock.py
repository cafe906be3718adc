# SPDX-License-Identifier: BSD-3-Clause
"""Circular waits are refused before anything runs, and the message names the way round."""

import pytest

from nepi.core.conditions import RUN_START
from nepi.core.deadlock import DeadlockError
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Add, Aim
from tests.core.play import Player, hold, start, world

A, B, C = 1, 2, 3


@pytest.fixture
def three() -> Player:
    """Three named resources that never end by themselves."""
    return world(*(Add(g, name=n, ends=False) for g, n in ((A, "a"), (B, "b"), (C, "c"))))


def refused(player: Player, *guids: int, barrier: bool = True) -> str:
    """Return the words of the refusal to start *guids*; check that it changed nothing."""
    before = player.orchestrator.snapshot()
    with pytest.raises(DeadlockError) as caught:
        player.orchestrator.handle(start(*guids, barrier=barrier), player.now)
    assert player.orchestrator.snapshot() == before
    assert player.orchestrator.take() == []
    return str(caught.value)


def test_mutual_waiting_is_refused(three: Player) -> None:
    """Both names and both steps are in the message."""
    three.tell(hold(A, Step.START, B, State.STARTED), hold(B, Step.START, A, State.STARTED))
    text = refused(three, A, B, C)
    assert "start of a waits for start of b" in text
    assert "start of b waits for start of a" in text


def test_a_long_way_round_is_found(three: Player) -> None:
    """Whether through deploy, start or stop of however many."""
    three.tell(
        hold(A, Step.PROVISION, B, State.READY),
        hold(B, Step.DEPLOY, C, State.PROVISIONED),
        hold(C, Step.DISCOVER, A, State.READY),
    )
    assert "provision of a waits for deploy of b" in refused(three, A, B, C)


def test_waiting_for_a_start_behind_the_own_barrier_is_refused(three: Player) -> None:
    """Nobody of a group starts before all are READY, so none can deploy after one started."""
    three.tell(hold(A, Step.DEPLOY, B, State.STARTED))
    text = refused(three, A, B)
    assert "all of the group being READY" in text


def test_without_a_barrier_that_is_fine(three: Player) -> None:
    """The same wait is met where each starts when it can."""
    three.tell(hold(A, Step.DEPLOY, B, State.STARTED), start(A, B, barrier=False))
    assert three.orchestrator.state(A) is State.STARTED


def test_a_deploy_cannot_wait_for_the_run_to_begin(three: Player) -> None:
    """t = 0 is when the first barrier opens: whoever holds it up cannot wait for it."""
    three.tell(hold(A, Step.DEPLOY, RUN_START, State.STARTED, 5))
    assert "deploy of a" in refused(three, A, B)


def test_a_chain_is_accepted(three: Player) -> None:
    """Waiting in one direction is what conditions are for."""
    three.tell(hold(B, Step.START, A, State.STARTED), hold(C, Step.START, B, State.STARTED))
    three.tell(start(A, B, C))
    assert three.orchestrator.state(C) is State.STARTED


def test_stops_that_wait_for_each_other_are_refused() -> None:
    """Unless one of them may end by itself."""
    conditions = (hold(A, Step.STOP, B, State.STOPPED), hold(B, Step.STOP, A, State.STOPPED))
    stuck = world(Add(A, name="a", ends=False), Add(B, name="b", ends=False)).tell(*conditions)
    assert "stop of a waits for stop of b" in refused(stuck, A, B)
    free = world(Add(A, ends=True), Add(B, ends=False)).tell(*conditions)
    free.lives = {A: 3.0}
    free.tell(start(A, B))
    assert free.when(B, State.STOPPED) == 3.0


def test_releases_that_wait_for_each_other_are_refused(three: Player) -> None:
    """At once, not at deploy: a release always ends, also of what was never deployed."""
    three.tell(hold(A, Step.RELEASE, B, State.RELEASED), hold(B, Step.START, C, State.STOPPED))
    with pytest.raises(DeadlockError, match="release of b waits for release of a"):
        three.orchestrator.handle(hold(B, Step.RELEASE, A, State.RELEASED), 0.0)
    three.tell(Aim((A, B), State.RELEASED))
    assert three.orchestrator.state(A) is State.RELEASED


def test_a_failure_is_nobodys_step(three: Player) -> None:
    """Waiting for one another's failure hangs nothing up: it may happen at any time."""
    three.tell(hold(A, Step.START, B, State.FAILED), start(A, B))
    assert three.orchestrator.state(B) is State.STARTED


def test_a_condition_on_a_running_experiment_is_checked_at_once(three: Player) -> None:
    """It is refused, and withdrawn so that the rest goes on as if it had not been made."""
    three.takes = {(A, Step.START): 5.0}
    three.tell(hold(B, Step.START, A, State.STARTED))
    three.at(0.0, start(A, B)).play(until=1.0)
    with pytest.raises(DeadlockError, match="stop of b"):
        three.orchestrator.handle(hold(B, Step.STOP, B, State.STOPPED), 1.0)
    three.play()
    assert three.orchestrator.state(B) is State.STARTED


def test_a_refused_condition_leaves_older_ones_in_force(three: Player) -> None:
    """Only the condition that closed the circle is withdrawn."""
    three.at(0.0, hold(B, Step.STOP, A, State.STARTED, 9.0), start(A, B)).play(until=1.0)
    with pytest.raises(DeadlockError):
        three.orchestrator.handle(hold(B, Step.STOP, B, State.STOPPED), 1.0)
    three.play()
    assert three.when(B, State.STOPPED) == 9.0


def test_what_is_past_is_no_obstacle(three: Player) -> None:
    """Only steps still to come can wait for each other."""
    three.tell(start(A))
    three.tell(hold(B, Step.START, A, State.STARTED), hold(A, Step.START, B, State.STARTED))
    three.tell(start(B, C))
    assert three.orchestrator.state(B) is State.STARTED


def test_a_resource_that_failed_holds_up_nobody() -> None:
    """It will take no step any more but its release."""
    player = world(Add(A, critical=False, ends=False), Add(B, ends=False))
    player.breaks = {(A, Step.DEPLOY)}
    player.tell(hold(A, Step.STOP, B, State.STOPPED), start(A))
    player.tell(hold(B, Step.STOP, A, State.STOPPED, 4.0), start(B))
    assert player.orchestrator.state(B) is State.STOPPED
