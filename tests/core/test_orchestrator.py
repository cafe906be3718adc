# SPDX-License-Identifier: BSD-3-Clause
"""What the orchestrator decides, one fact a test, in virtual time."""

from typing import TypeVar

import pytest

from nepi.core.conditions import RUN_START, Requirement
from nepi.core.errors import (
    AlreadyAbortedError,
    AlreadyReleasedError,
    DuplicateResourceError,
    InvalidConditionError,
    UnknownResourceError,
)
from nepi.core.lifecycle import State, Step
from nepi.core.messages import (
    Abandon,
    Abort,
    Aborted,
    Add,
    Aim,
    Apply,
    Call,
    Cancel,
    Connect,
    Done,
    Ended,
    Failed,
    Failure,
    Force,
    Grant,
    Interrupt,
    Invoke,
    Late,
    Observed,
    Opened,
    Policy,
    Reached,
    Refused,
    Retried,
    Run,
    Set,
    Unwatch,
    WakeAt,
    Watch,
    Woke,
)
from nepi.core.orchestrator import Orchestrator
from tests.core.play import BROKEN, FOREVER, Player, hold, release, start, world

T = TypeVar("T")

A, B, C = 1, 2, 3
NODE, APP = 1, 2
LAZY = frozenset[Step]()
READY_A = Requirement([A], State.READY)


@pytest.fixture
def pair() -> Player:
    """A node, and an application that lives on it."""
    return world(Add(NODE, name="node"), Add(APP, name="app")).tell(
        hold(APP, Step.PROVISION, NODE, State.READY),
        hold(NODE, Step.RELEASE, APP, State.RELEASED),
    )


@pytest.fixture
def three() -> Player:
    """Three resources that know nothing of each other."""
    return world(Add(A, name="a"), Add(B, name="b"), Add(C, name="c"))


def of(player: Player, kind: type[T]) -> list[T]:
    """Return the commands of one kind, in their order."""
    return [c for c in player.commands if isinstance(c, kind)]


# -- deploying ----------------------------------------------------------------------------------


def test_application_waits_for_its_node(pair: Player) -> None:
    """It is provisioned when the slow node is ready, and not a moment later."""
    pair.takes = {(NODE, Step.PROVISION): 90.0}
    pair.tell(start(APP, NODE))
    assert pair.when(APP, State.DISCOVERED) == 0.0
    assert pair.when(APP, State.PROVISIONED) == 90.0
    assert pair.orchestrator.state(APP) is State.STARTED


def test_nobody_starts_before_all_are_ready(three: Player) -> None:
    """The barrier of a deployment group opens with its slowest member; that is t = 0."""
    three.takes = {(B, Step.DEPLOY): 7.0}
    three.tell(start(A, B, C))
    assert {three.when(g, State.STARTED) for g in (A, B, C, RUN_START)} == {7.0}


def test_without_barrier_each_starts_when_it_can(three: Player) -> None:
    """And the run begins at once."""
    three.takes = {(B, Step.DEPLOY): 7.0}
    three.tell(start(A, B, C, barrier=False))
    assert three.when(A, State.STARTED) == three.when(RUN_START, State.STARTED) == 0.0
    assert three.when(B, State.STARTED) == 7.0
    three.tell(Add(4), start(4, barrier=False))
    assert three.when(RUN_START, State.STARTED) == 0.0


def test_a_barrier_of_those_that_are_ready_is_open(three: Player) -> None:
    """Nobody is waited for."""
    three.tell(Aim((A, B), State.READY)).tell(start(A, B))
    assert three.orchestrator.state(A) is State.STARTED


def test_what_does_nothing_is_passed_through_in_silence() -> None:
    """A resource without steps is reported where it comes to rest, and nobody performs anything."""
    player = world(Add(A, steps=LAZY), Add(B, steps=frozenset({Step.DEPLOY}))).tell(start(A, B))
    assert player.reached(A) == [(0.0, State.READY), (0.0, State.STARTED)]
    assert player.begun == [(0.0, B, Step.DEPLOY)]
    assert player.orchestrator.moment(A, State.DISCOVERED) == 0.0
    player.tell(release(A, B))
    assert player.reached(A)[-1] == (0.0, State.RELEASED)
    assert len(player.begun) == 1


def test_a_resource_may_be_taken_part_of_the_way(three: Player) -> None:
    """And further later on."""
    three.tell(Aim((A,), State.PROVISIONED))
    assert three.orchestrator.state(A) is State.PROVISIONED
    assert three.orchestrator.state(RUN_START) is State.NEW
    three.tell(start(A))
    assert three.orchestrator.state(A) is State.STARTED
    assert len(three.times(A, Step.PROVISION)) == 1


def test_resources_join_a_running_experiment(three: Player) -> None:
    """New ones have a barrier of their own; t = 0 stays where it was."""
    three.tell(start(A))
    three.takes = {(4, Step.DEPLOY): 2.0}
    three.tell(Add(4), start(A, 4))
    assert three.when(4, State.STARTED) == 2.0
    assert three.when(RUN_START, State.STARTED) == 0.0


# -- conditions ---------------------------------------------------------------------------------


def test_delay_counts_from_the_state_waited_for(pair: Player) -> None:
    """'Stop one hour after the node started' takes one hour, here in microseconds."""
    pair.tell(hold(APP, Step.STOP, NODE, State.STARTED, 3600), start(NODE, APP))
    assert pair.when(APP, State.STOPPED) == 3600.0


def test_all_conditions_of_a_step_hold(three: Player) -> None:
    """The latest decides."""
    three.lives = {A: 2.0, B: 5.0}
    three.tell(
        hold(C, Step.START, (A, B), State.STOPPED, 1.0),
        hold(C, Step.START, A, State.STARTED, 4.0),
        start(A, B, C),
    )
    assert three.when(C, State.STARTED) == 6.0


def test_a_later_state_counts_and_its_instant_is_the_moment(three: Player) -> None:
    """Who waits for READY + 3 s and comes late counts from when it was READY."""
    three.takes = {(A, Step.START): 2.0}
    three.tell(start(A))
    three.tell(hold(B, Step.START, A, State.READY, 3.0), start(B))
    assert three.when(B, State.STARTED) == 3.0


def test_a_condition_may_come_while_the_experiment_runs(three: Player) -> None:
    """STOP conditions too: the faults of the predecessor are not kept."""
    three.at(0.0, start(A, B)).at(5.0, hold(A, Step.STOP, B, State.STARTED, 1.0)).play()
    assert three.when(A, State.STOPPED) == 5.0


def test_non_critical_failures_and_the_released_excuse() -> None:
    """Who waits for them goes on."""
    player = world(Add(A, critical=False), Add(B), Add(C))
    player.breaks = {(A, Step.DEPLOY)}
    player.tell(hold(C, Step.START, (A, B), State.STARTED), start(A, C))
    player.tell(release(B))
    assert player.orchestrator.state(C) is State.STARTED
    assert player.orchestrator.aborted is None


def test_a_failure_can_be_what_is_waited_for() -> None:
    """The repairer starts 2 s after the failure."""
    player = world(Add(A, critical=False), Add(B))
    player.breaks = {(A, Step.START)}
    player.tell(hold(B, Step.START, A, State.FAILED, 2.0), start(A, B))
    assert player.when(B, State.STARTED) == 2.0


def test_who_waits_for_a_critical_failure_fails_with_that_reason() -> None:
    """Also when it was busy with an earlier step, and then when that is over."""
    player = world(
        Add(A, name="a"), Add(B, name="b"), Add(C), player=Player(Orchestrator(on_failure="abort"))
    )
    player.breaks = {(A, Step.DEPLOY)}
    player.takes = {(A, Step.DEPLOY): 1.0, (C, Step.DEPLOY): 3.0}
    player.tell(
        hold(B, Step.DEPLOY, A, State.READY),
        hold(C, Step.START, A, State.READY),
        start(A, B, C),
    )
    assert player.when(B, State.FAILED) == 1.0
    assert player.when(C, State.FAILED) == 3.0
    failure = player.orchestrator.failure(B)
    assert failure is not None
    assert failure.message == "deploy of b waits for a, which is FAILED: scripted"
    assert player.orchestrator.aborted == Aborted(A, Step.DEPLOY, BROKEN)


def test_a_release_waits_for_releases_only(three: Player) -> None:
    """Anything else could keep it from ending."""
    with pytest.raises(InvalidConditionError, match="a release always ends"):
        three.orchestrator.handle(hold(A, Step.RELEASE, B, State.STOPPED), 0.0)


def test_a_condition_looked_at_twice_asks_for_one_timer(three: Player) -> None:
    """Whatever else happens while the delay runs."""
    three.at(0.0, hold(B, Step.START, A, State.STARTED, 4.0), start(A, B))
    three.at(1.0, hold(B, Step.START, A, State.READY, 0.5)).play()
    assert three.when(B, State.STARTED) == 4.0
    assert len([w for w in of(three, WakeAt) if w.at == 4.0]) == 1


def test_what_is_released_meanwhile_cannot_fail_any_more() -> None:
    """The failure it waited for comes too late to matter."""
    player = world(Add(A), Add(C), player=Player(Orchestrator(on_failure="abort")))
    player.takes = {(A, Step.DEPLOY): 2.0, (C, Step.RELEASE): 5.0}
    player.breaks = {(A, Step.DEPLOY)}
    player.tell(Aim((C,), State.READY), hold(C, Step.START, A, State.READY), Call(1, (READY_A,)))
    player.at(0.0, start(A, C)).at(1.0, release(C)).play()
    assert player.orchestrator.state(C) is State.RELEASED
    assert player.orchestrator.failure(C) is None
    assert of(player, Invoke) == []


def test_every_critical_failure_dooms_once() -> None:
    """Who waited for both is told the first reason."""
    player = world(
        *(Add(g, name=n) for g, n in ((A, "a"), (B, "b"), (C, "c"))),
        player=Player(Orchestrator(on_failure="abort")),
    )
    player.breaks = {(A, Step.DEPLOY), (B, Step.DEPLOY)}
    player.takes = {(C, Step.DISCOVER): 1.0}
    player.tell(
        hold(C, Step.START, A, State.READY), hold(C, Step.START, B, State.READY), start(A, B, C)
    )
    failure = player.orchestrator.failure(C)
    assert failure is not None
    assert failure.message.startswith("start of c waits for a,")


# -- restart ------------------------------------------------------------------------------------


def test_a_restart_makes_its_moments_count_anew(three: Player) -> None:
    """B waits for A to be STOPPED *and* for C; A starts again meanwhile, so B waits again."""
    three.lives = {A: 1.0}
    three.takes = {(C, Step.DEPLOY): 0.0, (C, Step.START): 5.0}
    three.tell(
        hold(B, Step.START, A, State.STOPPED),
        hold(B, Step.START, C, State.STARTED),
    )
    three.at(0.0, start(A, B, C)).play(until=2.0)
    three.lives = {A: 10.0}
    three.at(2.0, Force(A, Step.START)).play()
    assert three.times(A, Step.START) == [0.0, 2.0]
    assert three.when(B, State.STARTED) == 12.0


def test_an_opened_gate_is_closed_again_by_a_restart(three: Player) -> None:
    """One of two members starts anew after both had stopped: both count again."""
    three.lives = {A: 1.0, B: 1.0}
    three.takes = {(C, Step.DEPLOY): 5.0}
    three.tell(hold(C, Step.START, (A, B), State.STOPPED, 0.5), start(A, B, barrier=False))
    three.at(1.0, Aim((C,), State.STARTED)).play(until=1.2)
    three.at(1.2, Force(A, Step.START)).play()
    assert three.when(C, State.STARTED) == 6.0
    assert three.orchestrator.moment(A, State.STOPPED) == 2.2


def test_two_restarts_at_once_are_both_waited_for(three: Player) -> None:
    """A gate that one restart closed is not closed twice by the other, nor by its own member."""
    three.lives = {A: 1.0, B: 1.0}
    three.tell(hold(C, Step.START, (A, B), State.STOPPED), start(A, B))
    three.lives = {A: 3.0, B: 5.0}
    three.tell(Force(A, Step.START), Force(B, Step.START), start(C))
    assert three.when(C, State.STARTED) == 6.0


def test_a_start_tried_twice_is_waited_for_once() -> None:
    """A classic start that comes to nothing and is tried again counts when it has stopped."""
    player = world(Add(A, classic=True), Add(B)).tell(hold(B, Step.START, A, State.STOPPED))
    player.manual.add(A)
    player.tell(Observed(A, State.STOPPED, 0.0), Force(A, Step.START))
    player.tell(Done(A, Step.START, 1), Force(A, Step.START))
    player.tell(Done(A, Step.START, 2), start(B))
    assert player.orchestrator.state(B) is State.READY
    player.tell(Observed(A, State.STARTED, 0.0), Observed(A, State.STOPPED, 0.0))
    assert player.orchestrator.state(B) is State.STARTED


def test_started_and_stopped_by_hand(three: Player) -> None:
    """As often as one likes."""
    three.tell(start(A))
    three.tell(Force(A, Step.STOP), Force(A, Step.START), Force(A, Step.STOP))
    assert [s for _, s in three.reached(A)][-4:] == [
        State.STARTED,
        State.STOPPED,
        State.STARTED,
        State.STOPPED,
    ]


# -- acting directly ----------------------------------------------------------------------------


def test_a_direct_step_ignores_conditions(three: Player) -> None:
    """It acts now."""
    three.tell(hold(A, Step.START, B, State.STARTED), start(A, C))
    three.tell(Force(A, Step.START, token=7))
    assert three.orchestrator.state(A) is State.STARTED
    assert Run(A, Step.START, of(three, Run)[-1].attempt, 7) == of(three, Run)[-1]


def test_a_direct_step_comes_after_the_running_one(three: Player) -> None:
    """A stop during START waits for START's end; its sender performs it when granted."""
    three.takes = {(A, Step.START): 4.0}
    three.at(0.0, start(A)).at(1.0, Force(A, Step.STOP, token=9, mine=True)).play()
    assert three.times(A, Step.STOP) == [4.0]
    (grant,) = of(three, Grant)
    assert (grant.step, grant.token) == (Step.STOP, 9)
    assert three.orchestrator.state(A) is State.STOPPED


@pytest.mark.parametrize("step", [Step.START, Step.STOP, Step.DEPLOY])
def test_a_direct_step_must_fit_the_state(three: Player, step: Step) -> None:
    """Else it is refused, with the reason, and the next in line is heard."""
    three.at(0.0, Force(A, step, token=3), Force(A, Step.DISCOVER)).play()
    assert of(three, Refused) == [Refused(3, A, step, f"cannot {step} a: it is NEW")]
    assert three.orchestrator.state(A) is State.DISCOVERED


def test_a_failing_direct_step_fails_the_resource_at_once() -> None:
    """No retry: whoever asked is told."""
    player = world(Add(A, critical=False, policy=Policy(retries=5)))
    player.breaks = {(A, Step.DISCOVER)}
    player.tell(Force(A, Step.DISCOVER))
    assert player.orchestrator.state(A) is State.FAILED
    assert len(player.begun) == 1


def test_a_direct_release_is_the_end(three: Player) -> None:
    """What comes after it is refused."""
    three.takes = {(A, Step.RELEASE): 1.0}
    three.tell(Force(A, Step.RELEASE), Force(A, Step.DISCOVER))
    assert three.orchestrator.state(A) is State.RELEASED
    assert of(three, Refused)[0].reason == "cannot discover a: it is being released"


def test_waiting_direct_steps_are_refused_by_a_release(three: Player) -> None:
    """Their senders learn it at once."""
    three.takes = {(A, Step.DISCOVER): 9.0}
    three.at(0.0, start(A), Force(A, Step.START, token=5)).at(1.0, release(A)).play()
    assert of(three, Refused)[0].token == 5


# -- timed orders -------------------------------------------------------------------------------


def test_orders_are_given_when_their_requirements_are_met(three: Player) -> None:
    """t = 0 is when the first barrier opens."""
    three.takes = {(A, Step.DEPLOY): 10.0}
    begun = Requirement([RUN_START], State.STARTED, 6.0)
    started = Requirement([A], State.STARTED)
    told: list[tuple[float, object]] = []
    three.react = lambda p, c: (
        told.append((p.now, c)) if isinstance(c, Apply | Invoke | Refused) else None
    )
    three.tell(
        Set(A, "loss", 0.01, token=1, after=(begun, started)),
        Call(2, after=(begun,)),
        Force(A, Step.STOP, after=(begun, Requirement([B], State.STARTED))),
        start(A, B),
    )
    assert told == [(16.0, Invoke(2)), (16.0, Apply(A, "loss", 0.01, 1))]
    assert three.when(A, State.STOPPED) == 16.0


def test_an_order_without_requirements_is_given_at_once(three: Player) -> None:
    """Setting an attribute now is the same event."""
    assert three.orchestrator.handle(Set(A, "x", 1), 0.0) == [Apply(A, "x", 1, 0)]


def test_no_order_is_given_after_an_abort() -> None:
    """Nothing new begins."""
    player = world(Add(A), player=Player(Orchestrator(on_failure="abort")))
    player.breaks = {(A, Step.START)}
    player.tell(Call(1, after=(Requirement([RUN_START], State.STARTED, 3.0),)), start(A))
    for late in (Call(2), Set(A, "x", 1, after=(READY_A,)), Force(A, Step.STOP, after=(READY_A,))):
        with pytest.raises(AlreadyAbortedError, match="scripted"):
            player.orchestrator.handle(late, 9.0)
    assert of(player, Invoke) == []


# -- ending -------------------------------------------------------------------------------------


def test_what_ends_by_itself_is_stopped(three: Player) -> None:
    """And nobody stops it any more."""
    three.lives = {A: 3.0}
    three.tell(start(A)).tell(release(A))
    assert three.when(A, State.STOPPED) == 3.0
    assert three.times(A, Step.STOP) == []
    assert three.orchestrator.outcome(A) is State.STOPPED


def test_an_end_during_start_waits_for_its_end(three: Player) -> None:
    """It is STARTED first, then STOPPED."""
    three.takes = {(A, Step.START): 4.0}
    three.at(0.0, start(A)).at(1.0, Ended(A)).play()
    assert three.reached(A)[-2:] == [(4.0, State.STARTED), (4.0, State.STOPPED)]


def test_an_end_during_stop_is_late(three: Player) -> None:
    """Ended by stop() is a result, not a failure, whatever the exit says."""
    three.takes = {(A, Step.STOP): 4.0}
    three.tell(start(A))
    three.at(0.0, Force(A, Step.STOP)).at(1.0, Ended(A, BROKEN)).play()
    assert three.orchestrator.state(A) is State.STOPPED
    assert of(three, Late) == [Late(Ended(A, BROKEN))]


def test_a_bad_end_is_a_failure(three: Player) -> None:
    """With its reason, which survives the release."""
    three.tell(start(A))
    three.tell(Ended(A, BROKEN)).tell(release(A, B, C))
    assert three.orchestrator.failure(A) == BROKEN
    assert three.orchestrator.state(A) is State.RELEASED
    assert three.orchestrator.outcome(A) is State.FAILED


# -- release ------------------------------------------------------------------------------------


def test_release_goes_against_the_dependencies(pair: Player) -> None:
    """The node outlives what runs on it, and is stopped after that."""
    pair.takes = {(APP, Step.RELEASE): 3.0}
    pair.tell(start(NODE, APP)).tell(release(NODE, APP))
    assert pair.when(APP, State.RELEASED) == 3.0
    assert pair.times(NODE, Step.STOP) == pair.times(NODE, Step.RELEASE) == [3.0]


def test_releasing_a_node_releases_what_runs_on_it(pair: Player) -> None:
    """It could not end otherwise."""
    pair.tell(start(NODE, APP)).tell(release(NODE))
    assert pair.orchestrator.state(APP) is State.RELEASED
    assert pair.orchestrator.state(NODE) is State.RELEASED


def test_a_failing_release_is_the_end_all_the_same(three: Player) -> None:
    """We cannot do more for it; the reason is kept."""
    three.breaks = {(A, Step.RELEASE)}
    three.tell(start(A)).tell(release(A))
    assert three.orchestrator.state(A) is State.RELEASED
    assert three.orchestrator.failure(A) == BROKEN


def test_a_hanging_release_is_given_up(three: Player) -> None:
    """After 60 s."""
    three.takes = {(A, Step.RELEASE): FOREVER}
    three.tell(start(A)).tell(release(A))
    assert three.when(A, State.RELEASED) == 60.0
    assert of(three, Abandon)[0].step is Step.RELEASE


def test_a_hanging_stop_is_given_up_and_released(three: Player) -> None:
    """After 30 s; do_release still runs."""
    three.takes = {(A, Step.STOP): FOREVER}
    three.tell(start(A)).tell(release(A))
    assert three.times(A, Step.RELEASE) == [30.0]
    failure = three.orchestrator.failure(A)
    assert failure is not None
    assert failure.type == "StepTimeout"
    assert "stop of a took longer than 30 s" in failure.message


@pytest.mark.parametrize(("stubborn", "end"), [(False, 1.0), (True, 6.0)])
def test_a_release_cuts_running_steps_short(three: Player, stubborn: bool, end: float) -> None:  # noqa: FBT001
    """It asks first, and gives up after a grace; the cause is the release, and no abort."""
    three.stubborn = stubborn
    three.takes = {(A, Step.DEPLOY): FOREVER}
    three.at(0.0, start(A)).at(1.0, release(A)).play()
    assert len(of(three, Interrupt)) == 1
    assert three.times(A, Step.RELEASE) == [end]
    assert three.orchestrator.aborted is None
    failure = three.orchestrator.failure(A)
    assert failure == Failure("Interrupted", "a was released before its deploy had ended")


def test_a_step_that_ends_in_its_grace_is_well(three: Player) -> None:
    """What was asked to end and succeeded is released like any other."""
    three.stubborn = True
    three.takes = {(A, Step.START): 3.0}
    three.at(0.0, start(A)).at(1.0, release(A)).play()
    assert three.orchestrator.outcome(A) is State.STOPPED
    assert three.orchestrator.failure(A) is None


def test_what_was_never_touched_needs_no_release(three: Player) -> None:
    """It is RELEASED in silence; a classic type is called all the same."""
    three.tell(Add(4, classic=True), release(A, 4))
    assert three.begun == [(0.0, 4, Step.RELEASE)]
    assert three.orchestrator.state(A) is State.RELEASED


def test_nothing_new_is_asked_of_the_released(three: Player) -> None:
    """The message says what to do instead."""
    three.tell(release(A))
    with pytest.raises(AlreadyReleasedError, match="a has been released; add a new resource"):
        three.orchestrator.handle(start(A), 0.0)


# -- failure ------------------------------------------------------------------------------------


def test_a_critical_failure_releases_everything() -> None:
    """The typed default: stop, collect, release."""
    player = world(Add(A), Add(B))
    player.breaks = {(A, Step.START)}
    player.takes = {(A, Step.START): 2.0}
    player.tell(start(A, B))
    assert player.orchestrator.aborted == Aborted(A, Step.START, BROKEN)
    assert player.when(B, State.STOPPED) == 2.0
    assert {player.orchestrator.state(g) for g in (A, B)} == {State.RELEASED}


def test_a_critical_failure_leaves_everything_in_place() -> None:
    """The classic default: nothing new begins, until somebody releases."""
    player = world(Add(A), Add(B), Add(C), player=Player(Orchestrator(on_failure="abort")))
    player.breaks = {(A, Step.PROVISION)}
    player.takes = {(A, Step.PROVISION): 1.0, (B, Step.PROVISION): 5.0}
    player.tell(start(A, B))
    assert player.orchestrator.state(B) is State.PROVISIONED
    with pytest.raises(AlreadyAbortedError, match="scripted"):
        player.orchestrator.handle(start(C), 9.0)
    player.tell(Force(B, Step.DEPLOY, token=4))
    assert of(player, Refused)[0].reason.endswith("the experiment was aborted")
    player.tell(release(A, B, C))
    assert {player.orchestrator.state(g) for g in (A, B, C)} == {State.RELEASED}


def test_stopping_by_hand_is_allowed_after_an_abort() -> None:
    """Nothing new begins, but what runs may be ended."""
    player = world(Add(A), Add(B), player=Player(Orchestrator(on_failure="abort")))
    player.tell(start(A, B)).tell(Ended(A, BROKEN)).tell(Force(B, Step.STOP))
    assert player.orchestrator.state(B) is State.STOPPED


def test_only_the_first_failure_is_the_cause() -> None:
    """Others are failures of their own."""
    player = world(Add(A), Add(B), player=Player(Orchestrator(on_failure="abort")))
    player.tell(start(A, B)).tell(Ended(A, BROKEN), Ended(B, Failure("X", "second")))
    assert player.orchestrator.aborted == Aborted(A, None, BROKEN)
    assert player.orchestrator.state(B) is State.FAILED


def test_a_step_has_its_time() -> None:
    """What it reports later is late, and changes nothing."""
    player = world(Add(A, name="a", critical=False, policy=Policy(timeouts={Step.DEPLOY: 2.0})))
    player.takes = {(A, Step.DEPLOY): 9.0}
    player.tell(start(A))
    assert player.when(A, State.FAILED) == 2.0
    assert [type(late.event) for late in of(player, Late)] == [Done]
    assert player.orchestrator.state(A) is State.FAILED


def test_one_timer_serves_many_steps() -> None:
    """Those that ended in time are forgotten; each of the others has its own moment."""
    policy = Policy(timeouts={Step.DEPLOY: 2.0})
    player = world(*(Add(g, critical=False, policy=policy) for g in (A, B, C)))
    player.takes = {(A, Step.DEPLOY): 1.0, (B, Step.DEPLOY): 9.0, (C, Step.DEPLOY): 9.0}
    player.at(0.0, start(A)).at(0.5, start(B)).at(1.5, start(C)).play()
    assert (player.when(B, State.FAILED), player.when(C, State.FAILED)) == (2.5, 3.5)


def test_a_failing_step_is_begun_again_with_back_off() -> None:
    """As often as the policy says, with longer and longer pauses."""
    player = world(Add(A, policy=Policy(retries=3, backoff=1.0, factor=3.0, longest=5.0)))
    player.breaks = {(A, Step.DEPLOY)}

    def mend(p: Player, command: object) -> None:
        if isinstance(command, Retried) and command.at >= 9.0:
            p.breaks.clear()

    player.react = mend
    player.tell(start(A))
    assert player.times(A, Step.DEPLOY) == [0.0, 1.0, 4.0, 9.0]
    assert player.orchestrator.state(A) is State.STARTED


def test_retries_have_an_end() -> None:
    """Then the failure is one."""
    player = world(Add(A, critical=False, policy=Policy(retries=1)))
    player.breaks = {(A, Step.DEPLOY)}
    player.tell(start(A))
    assert player.times(A, Step.DEPLOY) == [0.0, 1.0]
    assert player.orchestrator.failure(A) == BROKEN


def test_a_release_ends_retrying() -> None:
    """Nobody wants it any more."""
    player = world(Add(A, policy=Policy(retries=9)))
    player.breaks = {(A, Step.DEPLOY)}
    player.at(0.0, start(A)).at(0.5, release(A)).play()
    assert player.times(A, Step.DEPLOY) == [0.0]
    assert player.times(A, Step.RELEASE) == [0.5]


def test_a_timer_that_is_early_is_asked_again() -> None:
    """Clocks round; a retry is never lost."""
    player = world(Add(A, policy=Policy(retries=1)))
    player.breaks = {(A, Step.DEPLOY)}
    player.at(0.0, start(A)).play(until=0.5)
    (waking,) = of(player, WakeAt)
    player.breaks = set()
    player.at(0.999, Woke(waking.token)).play()
    assert player.times(A, Step.DEPLOY) == [0.0, 1.0]
    player.tell(Woke(12345))
    assert player.orchestrator.state(A) is State.STARTED


def test_trouble_from_outside_aborts(three: Player) -> None:
    """A full disk is nobody's failure; only the first cause counts."""
    three.tell(start(A)).tell(Abort(BROKEN), Abort(Failure("Second", "")))
    assert of(three, Aborted) == [Aborted(RUN_START, None, BROKEN)]
    assert three.orchestrator.state(A) is State.RELEASED


# -- cancel -------------------------------------------------------------------------------------


def test_cancel_gives_the_running_step_up(three: Player) -> None:
    """The resource is FAILED with the reason given, and released like any other."""
    three.takes = {(A, Step.DEPLOY): 9.0}
    three.at(0.0, start(A)).at(1.0, Cancel(A, "the user is tired of it")).play()
    assert three.when(A, State.FAILED) == 1.0
    failure = three.orchestrator.failure(A)
    assert failure == Failure("Cancelled", "deploy of a: the user is tired of it")
    assert three.orchestrator.state(A) is State.RELEASED


def test_cancel_of_a_release_is_its_end(three: Player) -> None:
    """RELEASED, with the reason on record."""
    three.takes = {(A, Step.RELEASE): FOREVER}
    three.at(0.0, start(A)).at(1.0, release(A)).at(2.0, Cancel(A)).play()
    assert three.when(A, State.RELEASED) == 2.0


def test_cancel_ends_retrying() -> None:
    """A resource that waits to be tried again is FAILED; one at rest is left alone."""
    player = world(Add(A, critical=False, policy=Policy(retries=9)), Add(B))
    player.breaks = {(A, Step.DEPLOY)}
    player.at(0.0, start(A)).at(0.5, Cancel(A), Cancel(B)).play()
    assert player.times(A, Step.DEPLOY) == [0.0]
    assert player.orchestrator.state(A) is State.FAILED
    assert player.orchestrator.state(B) is State.NEW


def test_duplicate_reports_are_ignored(three: Player) -> None:
    """Only the attempt that runs can report."""
    three.tell(start(A))
    attempt = of(three, Run)[-1].attempt
    three.tell(Done(A, Step.START, attempt), Failed(A, Step.START, attempt, BROKEN), Ended(B))
    assert len(of(three, Late)) == 3
    assert three.orchestrator.state(A) is State.STARTED


# -- those who watch ----------------------------------------------------------------------------


def test_a_watch_opens_when_all_got_there(three: Player) -> None:
    """At once if they are there already; nobody to watch for is met."""
    three.lives = {A: 1.0, B: 4.0}
    told: list[tuple[float, Opened]] = []
    three.react = lambda p, c: told.append((p.now, c)) if isinstance(c, Opened) else None
    three.tell(Watch(1, (A, B), State.STOPPED), Watch(2, (), State.READY), start(A, B))
    three.tell(Watch(3, (A,), State.STARTED))
    assert told == [(0.0, Opened(2, "met")), (4.0, Opened(1, "met")), (4.0, Opened(3, "met"))]


def test_an_abort_ends_watching_but_not_for_the_release() -> None:
    """Who waits for RELEASED waits on."""
    player = world(Add(A), Add(B))
    player.tell(
        Watch(1, (B,), State.STOPPED),
        Watch(2, (A, B), State.RELEASED, through_abort=True),
        start(A, B),
    )
    player.tell(Ended(A, BROKEN), Watch(3, (B,), State.FAILED))
    assert of(player, Opened) == [Opened(1, "aborted"), Opened(3, "aborted"), Opened(2, "met")]


def test_a_watch_that_begins_after_an_abort_ends_at_once() -> None:
    """Unless it is met already."""
    player = world(Add(A), Add(B), player=Player(Orchestrator(on_failure="abort")))
    player.tell(start(A)).tell(Ended(A, BROKEN), Watch(1, (B,), State.READY))
    assert of(player, Opened) == [Opened(1, "aborted")]


def test_a_watch_can_be_withdrawn(three: Player) -> None:
    """Its caller has gone."""
    three.tell(Watch(1, (A,), State.STARTED), Unwatch(1), Unwatch(2), start(A))
    assert of(three, Opened) == []


# -- classic resources --------------------------------------------------------------------------


def classic(player: Player, guid: int, *, after: int = 0) -> None:
    """Let *guid* report its own states, but not before its step was begun *after* times."""

    def react(p: Player, command: object) -> None:
        if isinstance(command, Run) and command.guid == guid:
            tried = len(p.times(guid, command.step))
            if tried > after or command.step in (Step.START, Step.STOP):
                landing = {
                    Step.DEPLOY: State.READY,
                    Step.START: State.STARTED,
                    Step.STOP: State.STOPPED,
                    Step.RELEASE: State.RELEASED,
                }[command.step]
                p.tell_soon(Observed(guid, landing, p.now))
            p.tell_soon(Done(guid, command.step, command.attempt))

    player.scripts[guid] = react


def test_a_classic_resource_reports_its_own_states() -> None:
    """The engine drives deploy, start and release only."""
    player = world(Add(A, classic=True))
    classic(player, A)
    player.tell(start(A)).tell(release(A))
    assert [step for _, _, step in player.begun] == [Step.DEPLOY, Step.START, Step.RELEASE]
    assert [s for _, s in player.reached(A)] == [State.READY, State.STARTED, State.RELEASED]


def test_a_parked_deploy_is_tried_when_a_neighbour_changes() -> None:
    """One try in flight; a change during it is not lost."""
    player = world(Add(A, classic=True), Add(B)).tell(Connect(A, B))
    classic(player, A, after=2)
    player.takes = {(B, Step.DISCOVER): 3.0, (B, Step.PROVISION): 2.0}
    player.tell(start(A, B, barrier=False))
    assert player.times(A, Step.DEPLOY) == [0.0, 3.0, 5.0]
    assert player.orchestrator.state(A) is State.STARTED


def test_a_change_during_the_try_makes_another() -> None:
    """What happened while it ran may be what it wanted."""
    player = world(Add(A, classic=True), Add(B, steps=LAZY)).tell(Connect(A, B))
    player.manual.add(A)
    player.tell(Aim((A,), State.STARTED), Aim((B,), State.READY))
    (run,) = of(player, Run)
    player.tell(Done(A, Step.DEPLOY, run.attempt))
    assert len(player.times(A, Step.DEPLOY)) == 2


def test_a_resource_may_have_many_neighbours() -> None:
    """Each of their changes counts."""
    player = world(Add(A, classic=True), Add(B), Add(C)).tell(Connect(A, B), Connect(A, C))
    classic(player, A, after=2)
    player.takes = {(B, Step.DISCOVER): 3.0, (C, Step.DISCOVER): 4.0}
    player.tell(Aim((A,), State.READY), Aim((B, C), State.DISCOVERED))
    assert player.times(A, Step.DEPLOY) == [0.0, 3.0, 4.0]


def test_a_parked_step_is_tried_by_its_own_schedule() -> None:
    """At the latest then; one that is no longer wanted is refused quietly."""
    player = world(Add(A, classic=True))
    classic(player, A, after=1)
    player.at(0.0, start(A)).at(0.5, Force(A, Step.DEPLOY)).at(9.0, Force(A, Step.DEPLOY)).play()
    assert player.times(A, Step.DEPLOY) == [0.0, 0.5]
    assert of(player, Refused)[0].reason.endswith("it is STARTED")


def test_a_parked_release_ends() -> None:
    """A neighbour's change, its own schedule, or at last the limit of the release."""
    player = world(Add(A, classic=True), Add(B)).tell(Connect(A, B))
    classic(player, A, after=99)
    player.tell(release(A))
    assert player.when(A, State.RELEASED) == 60.0
    assert len(player.times(A, Step.RELEASE)) == 1


def test_a_parked_deploy_is_over_when_it_is_released() -> None:
    """Also one that is just being tried."""
    player = world(Add(A, classic=True), Add(B, classic=True), Add(C)).tell(Connect(A, C))
    classic(player, A, after=99)
    player.manual.add(B)
    player.stubborn = True
    player.scripts[B] = player.released
    player.at(0.0, start(A, B)).at(1.0, release(A, B))
    player.at(2.0, Done(B, Step.DEPLOY, 2), start(C)).play()
    assert len(player.times(A, Step.DEPLOY)) == 1
    assert player.times(B, Step.RELEASE) == [2.0]


def test_a_step_that_nothing_waits_for_may_report_nothing() -> None:
    """A classic discover that leaves the state as it was is over all the same."""
    player = world(Add(A, classic=True))
    player.manual.add(A)
    player.tell(Force(A, Step.DISCOVER)).tell(Done(A, Step.DISCOVER, 1))
    assert player.orchestrator.state(A) is State.NEW
    assert player.orchestrator.busy(A) is None


def test_an_abort_leaves_parked_deploys_parked() -> None:
    """Nothing new begins, also where a neighbour changes."""
    player = world(
        Add(A, classic=True), Add(B), Add(C), player=Player(Orchestrator(on_failure="abort"))
    ).tell(Connect(A, B))
    classic(player, A, after=99)
    player.takes = {(B, Step.DEPLOY): 5.0}
    player.breaks = {(C, Step.DEPLOY)}
    player.tell(start(A, C, B))
    assert player.reached(B)[-1] == (5.0, State.READY)
    assert all(at == 0.0 for at in player.times(A, Step.DEPLOY))


def test_a_cancelled_park_is_a_failure() -> None:
    """It hangs in deploy as surely as one that runs."""
    player = world(Add(A, name="a", classic=True, critical=False))
    classic(player, A, after=99)
    player.at(0.0, start(A)).at(2.0, Cancel(A)).play()
    assert player.orchestrator.failure(A) == Failure("Cancelled", "deploy of a: cancelled")


def test_a_start_that_started_nothing_is_not_begun_anew() -> None:
    """Until the type asks for it itself."""
    player = world(Add(A, classic=True))
    player.manual.add(A)
    player.tell(start(A), Observed(A, State.READY, 0.0))
    player.tell(Done(A, Step.DEPLOY, 1)).tell(Done(A, Step.START, 2))
    assert player.times(A, Step.START) == [0.0]
    player.tell(Force(A, Step.START))
    assert len(player.times(A, Step.START)) == 2


def test_states_are_visible_to_others_while_the_step_runs() -> None:
    """READY opens the barrier although deploy has not returned; START waits for its return."""
    player = world(Add(A, classic=True), Add(B, steps=LAZY))
    player.manual.add(A)
    player.tell(start(A, B), Observed(A, State.READY, 0.0))
    assert player.orchestrator.state(B) is State.STARTED
    assert player.orchestrator.busy(A) is Step.DEPLOY
    player.tell(Done(A, Step.DEPLOY, 1))
    assert player.orchestrator.busy(A) is Step.START


def test_a_classic_failure_first_says_that_then_why() -> None:
    """fail() inside do_*, then the exception: one abort, the better reason is kept."""
    player = world(Add(A, name="a", classic=True), player=Player(Orchestrator(on_failure="abort")))
    player.manual.add(A)
    player.tell(start(A), Observed(A, State.FAILED, 0.0))
    assert player.orchestrator.failure(A) == Failure("Failed", "a reported that it failed")
    player.tell(Failed(A, Step.DEPLOY, 1, BROKEN))
    assert player.orchestrator.failure(A) == BROKEN
    assert len(of(player, Aborted)) == 1


def test_reports_after_the_end_are_late() -> None:
    """FAILED can only be followed by RELEASED, and that by nothing."""
    player = world(Add(A, classic=True, critical=False))
    player.tell(Observed(A, State.FAILED, 0.0, BROKEN), Observed(A, State.READY, 0.0))
    assert player.orchestrator.state(A) is State.FAILED
    player.tell(Observed(A, State.RELEASED, 1.0), Observed(A, State.RELEASED, 1.0))
    player.tell(Observed(A, State.FAILED, 2.0))
    assert player.orchestrator.state(A) is State.RELEASED
    assert len(of(player, Late)) == 2


def test_a_classic_restart_is_seen() -> None:
    """set_started() after set_stopped(), whoever called it."""
    player = world(Add(A, classic=True), Add(B))
    player.tell(
        Observed(A, State.STARTED, 0.0),
        Observed(A, State.STOPPED, 1.0),
        Observed(A, State.STARTED, 2.0),
    )
    assert player.orchestrator.moment(A, State.STOPPED) is None
    assert player.orchestrator.moment(A, State.STARTED) == 2.0


# -- what makes no sense ------------------------------------------------------------------------


def test_guids_are_known_and_unique(three: Player) -> None:
    """The message names the guid."""
    three.tell(start(A))
    for guid in (A, RUN_START):
        with pytest.raises(DuplicateResourceError, match=f"guid {guid} is taken"):
            three.orchestrator.handle(Add(guid), 0.0)
    with pytest.raises(UnknownResourceError, match="77"):
        three.orchestrator.handle(start(77), 0.0)
    for event in (
        hold(A, Step.START, 77, State.READY),
        Watch(1, (77,), State.READY),
        Set(77, "x", 1),
        Call(1, after=(Requirement([77], State.READY),)),
    ):
        with pytest.raises(UnknownResourceError):
            three.orchestrator.handle(event, 0.0)
    assert three.orchestrator.guids() == [A, B, C]
    assert three.orchestrator.take() == []


# -- explaining ---------------------------------------------------------------------------------


def test_what_was_not_asked_for_yet_may_be_described_anew(three: Player) -> None:
    """A script may change whether it is critical, with conditions on it already made."""
    three.tell(hold(B, Step.START, A, State.STARTED), Add(A, name="a", critical=False))
    three.breaks = {(A, Step.DEPLOY)}
    three.tell(start(A, B))
    assert three.orchestrator.aborted is None
    assert three.orchestrator.state(B) is State.STARTED


def test_it_can_say_what_is_waited_for() -> None:
    """In words, with the names and states of those who are late."""
    names = ("a", "b", "c", "d", "e", "f")
    player = world(*(Add(g, name=n) for g, n in enumerate(names, 1)), Add(9, classic=True))
    player.takes = {(g, Step.DEPLOY): FOREVER for g in range(2, 7)}
    explain = player.orchestrator.explain
    player.tell(hold(1, Step.START, (2, 3), State.STARTED, 2.0), start(*range(1, 7)))
    assert explain(2) == "is PROVISIONED; its deploy is running"
    assert explain(1) == (
        "is READY; its start waits for its whole group: b (PROVISIONED), c (PROVISIONED), "
        "d (PROVISIONED) and 2 more to be READY; for b (PROVISIONED), c (PROVISIONED) to be STARTED"
    )
    assert explain(9) == "is NEW"
    classic(player, 9, after=99)
    player.tell(start(9))
    assert explain(9) == "is NEW; its deploy is tried again when a neighbour changes"


def test_it_can_say_until_when() -> None:
    """Dates are in seconds of the run."""
    player = world(Add(A), Add(B), Add(C, ends=False), Add(4, policy=Policy(retries=1)))
    player.breaks = {(4, Step.DEPLOY)}
    explain = player.orchestrator.explain
    player.tell(hold(B, Step.START, A, State.READY), hold(B, Step.START, A, State.STARTED, 7.0))
    player.at(0.0, start(A, B, C), start(4)).play(until=0.5)
    assert explain(B) == "is READY; its start waits until t = 7 s"
    assert explain(A) == "is STARTED and has not ended"
    assert explain(C) == "is STARTED until it is stopped"
    assert explain(4) == "is PROVISIONED; its deploy waits until t = 1 s to be tried again"
    player.at(0.6, Ended(A, BROKEN)).play(until=0.6)
    assert explain(A) == "is RELEASED: scripted"
    with pytest.raises(UnknownResourceError):
        explain(77)


def test_it_can_say_what_a_release_waits_for(pair: Player) -> None:
    """The node waits for what runs on it."""
    pair.takes = {(APP, Step.RELEASE): 5.0}
    pair.tell(start(NODE, APP))
    pair.at(pair.now, release(NODE)).play(until=pair.now + 1)
    text = pair.orchestrator.explain(NODE)
    assert text == "is STARTED; its stop waits for app (STOPPED) to be RELEASED"


def test_reached_carries_the_failure(three: Player) -> None:
    """Whoever listens needs no second question."""
    three.breaks = {(A, Step.DISCOVER)}
    three.tell(start(A))
    assert Reached(A, State.FAILED, 0.0, BROKEN) in three.commands


def test_a_force_is_answered_though_a_dependency_failed_during_the_release() -> None:
    """Whoever forces a step is told that it cannot be, whatever else has befallen the resource."""
    world = Orchestrator(on_failure="abort")
    for guid in (A, B):
        world.handle(Add(guid, steps=frozenset({Step.DEPLOY, Step.RELEASE})), 0.0)
    world.handle(hold(B, Step.START, A, State.STARTED), 0.0)
    world.handle(start(A, B), 0.0)
    world.handle(Done(B, Step.DEPLOY, 2), 1.0)
    (begun,) = (c for c in world.handle(release(B), 1.0) if isinstance(c, Run))
    world.handle(Failed(A, Step.DEPLOY, 1, BROKEN), 2.0)
    commands = world.handle(Force(B, Step.START, 7), 2.0)
    commands += world.handle(Force(B, Step.RELEASE, 8), 2.0)
    commands += world.handle(Done(B, Step.RELEASE, begun.attempt), 3.0)
    assert [c.token for c in commands if isinstance(c, Refused)] == [7, 8]
