# SPDX-License-Identifier: BSD-3-Clause
"""Where two things happen at once, or in an order nobody expects; one fact a test."""

from typing import TypeVar

import pytest

from nepi.core.conditions import RUN_START, Requirement
from nepi.core.deadlock import DeadlockError
from nepi.core.errors import AlreadyReleasedError, InvalidConditionError, UnknownResourceError
from nepi.core.lifecycle import State, Step
from nepi.core.messages import (
    Abort,
    Add,
    Aim,
    Apply,
    Call,
    Connect,
    Done,
    Ended,
    Event,
    Failed,
    Failure,
    Force,
    Grant,
    Invoke,
    Late,
    Observed,
    Opened,
    Policy,
    Refused,
    Run,
    Set,
    Unwatch,
    Watch,
)
from nepi.core.orchestrator import Orchestrator
from tests.core.play import BROKEN, FOREVER, Player, hold, release, start, world

T = TypeVar("T")

A, B, C, D = 1, 2, 3, 4
LAZY = frozenset[Step]()


@pytest.fixture
def three() -> Player:
    """Three resources that know nothing of each other."""
    return world(Add(A, name="a"), Add(B, name="b"), Add(C, name="c"))


def leaving(*adds: Add) -> Player:
    """Return a player of an experiment that an abort leaves in place."""
    return world(*adds, player=Player(Orchestrator(on_failure="abort")))


def of(player: Player, kind: type[T]) -> list[T]:
    """Return the commands of one kind, in their order."""
    return [c for c in player.commands if isinstance(c, kind)]


# -- releases that end --------------------------------------------------------------------------


def test_who_comes_to_a_host_that_is_being_released_is_released_with_it(three: Player) -> None:
    """Else the host would wait for it for ever."""
    three.takes = {(B, Step.RELEASE): 5.0}
    three.tell(hold(A, Step.RELEASE, B, State.RELEASED), start(A, B))
    three.at(0.0, release(A)).at(1.0, hold(A, Step.RELEASE, C, State.RELEASED)).play()
    assert three.orchestrator.state(C) is State.RELEASED
    assert three.when(A, State.RELEASED) == 5.0


def test_a_delay_that_is_never_over_is_refused(three: Player) -> None:
    """It could keep a release from ending, and nothing that waits for it would ever begin."""
    for delay in (FOREVER, float("nan")):
        for event in (
            hold(A, Step.RELEASE, B, State.RELEASED, delay),
            Call(1, (Requirement([B], State.READY, delay),)),
        ):
            with pytest.raises(InvalidConditionError, match="would never be over"):
                three.orchestrator.handle(event, 0.0)


def test_a_release_asked_for_directly_goes_in_order(three: Player) -> None:
    """What runs on the host goes first, and what is started is stopped; the caller is answered."""
    three.takes = {(B, Step.RELEASE): 3.0}
    three.tell(hold(A, Step.RELEASE, B, State.RELEASED), start(A, B))
    three.tell(Force(A, Step.RELEASE, token=7, mine=True))
    assert three.begun[-4:] == [
        (0.0, B, Step.STOP),
        (0.0, B, Step.RELEASE),
        (3.0, A, Step.STOP),
        (3.0, A, Step.RELEASE),
    ]
    assert [(grant.step, grant.token) for grant in of(three, Grant)] == [(Step.RELEASE, 7)]


def test_a_release_asked_for_while_it_is_released_is_answered(three: Player) -> None:
    """The first when it begins, others at once."""
    three.takes = {(B, Step.RELEASE): 3.0}
    three.tell(hold(A, Step.RELEASE, B, State.RELEASED), start(A, B))
    three.at(0.0, release(A)).at(1.0, *(Force(A, Step.RELEASE, token) for token in (7, 8))).play()
    assert [(refused.token, refused.reason) for refused in of(three, Refused)] == [
        (8, "cannot release a: it is being released")
    ]
    assert of(three, Run)[-1].token == 7


def test_a_release_asked_for_of_what_does_nothing_is_performed_all_the_same() -> None:
    """Somebody waits for its end."""
    player = world(Add(A, steps=LAZY)).tell(start(A), Force(A, Step.RELEASE, token=7))
    assert of(player, Run) == [Run(A, Step.RELEASE, 1, 7)]
    assert player.orchestrator.state(A) is State.RELEASED


def test_a_release_behind_a_running_step_survives_an_abort(three: Player) -> None:
    """What was asked for comes anyway; its caller is told when."""
    three.takes = {(A, Step.DEPLOY): 9.0}
    three.at(0.0, start(A, B), Force(A, Step.RELEASE, token=7))
    three.at(1.0, Abort(BROKEN)).play()
    assert 7 in [run.token for run in of(three, Run)]
    assert of(three, Refused) == []


def test_who_waits_to_release_what_releases_itself_is_told() -> None:
    """A classic resource that says RELEASED before its turn."""
    player = world(Add(A, classic=True), Add(B)).tell(hold(A, Step.RELEASE, B, State.RELEASED))
    player.takes = {(B, Step.RELEASE): 3.0}
    player.tell(Aim((B,), State.READY))
    player.at(0.0, Force(A, Step.RELEASE, token=7)).at(1.0, Observed(A, State.RELEASED, 1.0)).play()
    assert [refused.token for refused in of(player, Refused)] == [7]


def test_what_only_knows_how_to_release_is_released() -> None:
    """It was STARTED, though nobody had anything to do for that."""
    player = world(Add(A, steps=frozenset({Step.RELEASE}))).tell(start(A)).tell(release(A))
    assert player.times(A, Step.RELEASE) == [0.0]


def test_nothing_is_asked_of_what_is_being_released(three: Player) -> None:
    """It would only seem to be accepted."""
    three.takes = {(A, Step.RELEASE): 5.0}
    three.tell(start(A)).at(0.0, release(A)).play(until=1.0)
    with pytest.raises(AlreadyReleasedError, match="a is being released"):
        three.orchestrator.handle(start(A), 1.0)


# -- failures and excuses -----------------------------------------------------------------------


def test_a_release_in_mid_deploy_excuses_like_any_other(three: Player) -> None:
    """The user does not want it any more: no reason for those who waited to fail."""
    three.takes = {(A, Step.DEPLOY): FOREVER}
    three.tell(hold(B, Step.START, A, State.STARTED))
    three.at(0.0, start(A, B)).at(1.0, release(A)).play()
    assert three.orchestrator.state(A) is State.RELEASED
    assert three.orchestrator.state(B) is State.STARTED
    assert three.orchestrator.aborted is None


def test_what_was_never_asked_for_does_not_fail() -> None:
    """It waits for nothing yet."""
    player = leaving(Add(A), Add(B)).tell(hold(B, Step.START, A, State.STARTED))
    player.breaks = {(A, Step.DEPLOY)}
    player.tell(start(A))
    assert player.orchestrator.state(B) is State.NEW


@pytest.mark.parametrize("known", [False, True])
def test_a_condition_on_what_has_failed_fails_at_once(known: bool) -> None:  # noqa: FBT001
    """Whether it is made before the failure or after, and first or again."""
    player = leaving(Add(A, name="a"), Add(B, name="b"), Add(C))
    player.breaks = {(A, Step.DEPLOY)}
    if known:
        player.tell(hold(C, Step.STOP, A, State.STARTED))
    player.takes = {(B, Step.DEPLOY): 3.0}
    player.at(0.0, start(A, B)).at(1.0, hold(B, Step.START, A, State.STARTED)).play()
    failure = player.orchestrator.failure(B)
    assert failure == Failure(
        "DependencyFailed", "start of b waits for a, which is FAILED: scripted"
    )


def test_the_reason_that_was_given_first_is_kept() -> None:
    """A step that an abort cuts short afterwards has nothing to add."""
    player = world(Add(A, classic=True))
    player.at(0.0, start(A)).at(0.0, Observed(A, State.FAILED, 0.0, BROKEN))
    player.takes = {(A, Step.DEPLOY): FOREVER}
    player.play()
    assert of(player, Late) == []
    assert player.orchestrator.failure(A) == BROKEN


def test_a_failed_resource_stays_failed_when_its_step_ends_well() -> None:
    """What it said in between is not undone."""
    player = leaving(Add(A)).at(0.0, start(A)).at(1.0, Observed(A, State.FAILED, 1.0, BROKEN))
    player.takes = {(A, Step.DEPLOY): 2.0}
    player.play()
    assert player.orchestrator.state(A) is State.FAILED


def test_the_run_does_not_begin_by_an_abort() -> None:
    """The barrier of the first group opens for nobody."""
    player = leaving(Add(A), Add(B))
    player.breaks = {(A, Step.DEPLOY)}
    player.tell(start(A, B))
    assert player.orchestrator.state(RUN_START) is State.NEW


def test_a_start_after_a_step_back_is_a_restart() -> None:
    """Who waits for it counts from its last start, however it came to be started again."""
    player = world(Add(A, classic=True), Add(B)).tell(hold(B, Step.STOP, A, State.STARTED, 5.0))
    player.manual.add(A)
    player.at(0.0, start(B)).at(1.0, Observed(A, State.STARTED, 1.0))
    player.at(3.0, Observed(A, State.READY, 3.0), Force(A, Step.START))
    player.at(4.0, Observed(A, State.STARTED, 4.0)).play()
    assert player.when(B, State.STOPPED) == 9.0


# -- acting directly ----------------------------------------------------------------------------


def test_a_direct_step_behind_one_that_hangs_is_refused_by_an_abort() -> None:
    """Waits end; a stop may still come, for it ends something."""
    player = leaving(Add(A, name="a"), Add(B), Add(C))
    player.takes = {(A, Step.DEPLOY): FOREVER}
    player.at(0.0, start(A, C, barrier=False), start(B, barrier=False))
    player.at(1.0, Force(A, Step.START, token=3), Force(A, Step.STOP, token=4)).play()
    player.tell(Ended(B, BROKEN), Force(A, Step.DEPLOY, token=5))
    assert [(refused.token, refused.reason) for refused in of(player, Refused)] == [
        (3, "cannot start a: the experiment was aborted"),
        (5, "cannot deploy a: the experiment was aborted"),
    ]


def test_a_direct_step_ends_a_pause_before_the_next_try() -> None:
    """What it brought about is not held up by a failure of before."""
    player = world(Add(A, policy=Policy(retries=1, backoff=50.0)))
    player.breaks = {(A, Step.DEPLOY)}
    player.at(0.0, start(A)).play(until=1.0)
    player.breaks = set()
    player.at(2.0, Force(A, Step.DEPLOY)).play()
    assert player.when(A, State.STARTED) == 2.0


def test_an_attribute_can_be_set_after_an_abort() -> None:
    """No step begins by that; whoever sets it would wait for ever."""
    player = leaving(Add(A)).tell(start(A)).tell(Ended(A, BROKEN))
    assert player.orchestrator.handle(Set(A, "x", 1, token=5), 0.0) == [Apply(A, "x", 1, 5)]


# -- groups -------------------------------------------------------------------------------------


def test_a_second_group_does_not_let_out_of_the_first(three: Player) -> None:
    """Nobody of a group starts before all of it are READY, whatever else he joins."""
    three.takes = {(B, Step.DEPLOY): 5.0}
    three.at(0.0, start(A, B)).at(1.0, start(A, C)).play()
    assert three.when(A, State.STARTED) == 5.0
    assert three.when(C, State.STARTED) == 1.0


def test_the_first_group_says_when_the_run_begins(three: Player) -> None:
    """Not one without barrier that comes while the first is on its way."""
    three.takes = {(A, Step.DEPLOY): 5.0}
    three.at(0.0, start(A)).at(1.0, start(B, barrier=False)).play()
    assert three.when(B, State.STARTED) == 1.0
    assert three.when(RUN_START, State.STARTED) == 5.0


def test_two_groups_with_the_same_first_member_are_two() -> None:
    """A circle through the second barrier is found, though the first has the same head."""
    player = world(*(Add(g, name=n, ends=False) for g, n in ((A, "a"), (B, "b"), (C, "c"))))
    player.takes = {(A, Step.DEPLOY): FOREVER}
    player.at(0.0, start(A, B)).play()
    player.tell(*(hold(g, Step.START, C, State.DISCOVERED) for g in (A, B)))
    player.tell(hold(C, Step.DEPLOY, A, State.STARTED))
    with pytest.raises(DeadlockError, match="deploy of c waits for start of a"):
        player.orchestrator.handle(start(A, C), 0.0)


def test_who_is_named_twice_is_there_once(three: Player) -> None:
    """In an aim and in a watch."""
    three.tell(Watch(1, (A, A), State.STARTED), start(A, A, B))
    assert of(three, Opened) == [Opened(1, "met")]
    assert three.times(A, Step.START) == [0.0]


# -- circular waits -----------------------------------------------------------------------------


def test_a_circle_among_others_is_their_own_affair(three: Player) -> None:
    """It is refused when one of them is deployed."""
    three.tell(hold(A, Step.START, B, State.STARTED), hold(B, Step.START, A, State.STARTED))
    three.tell(start(C))
    assert three.orchestrator.state(C) is State.STARTED
    with pytest.raises(DeadlockError):
        three.orchestrator.handle(start(B), 0.0)


def test_who_is_being_released_waits_for_nobody(three: Player) -> None:
    """It will excuse those who wait for it."""
    three.takes = {(A, Step.RELEASE): 5.0}
    three.tell(Aim((A,), State.READY), hold(A, Step.START, B, State.STARTED))
    three.at(0.0, release(A)).at(1.0, hold(B, Step.START, A, State.STARTED), start(B)).play()
    assert three.when(B, State.STARTED) == 5.0


def test_a_circle_of_releases_is_found_however_it_came() -> None:
    """Whatever else waits for the same, and along several ways."""
    player = world(*(Add(g, name=f"r{g}") for g in range(1, 10)))
    ways = [(4, 5), (2, 8), (8, 9), (2, 9), (2, 3), (2, 4), (3, 4), (5, 6), (6, 7), (7, 1)]
    player.tell(
        hold(3, Step.START, 1, State.RELEASED),
        Call(1, (Requirement([1], State.RELEASED),)),
        *(hold(waits, Step.RELEASE, for_, State.RELEASED) for waits, for_ in ways),
    )
    with pytest.raises(DeadlockError, match="release of r7 waits for release of r1"):
        player.orchestrator.handle(hold(1, Step.RELEASE, 2, State.RELEASED), 0.0)
    with pytest.raises(DeadlockError, match="release of r6 waits for release of r6"):
        player.orchestrator.handle(hold(6, Step.RELEASE, 6, State.RELEASED), 0.0)
    player.tell(release(6))
    assert player.orchestrator.state(1) is State.RELEASED
    assert player.orchestrator.state(5) is State.NEW


def test_a_chain_of_releases_is_no_circle() -> None:
    """Also when it is put together from two that are longer than one."""
    player = world(*(Add(g) for g in range(1, 7)))
    player.tell(*(hold(a, Step.RELEASE, b, State.RELEASED) for a, b in ((2, 3), (3, 4), (4, 5))))
    player.tell(hold(6, Step.RELEASE, 1, State.RELEASED), hold(1, Step.RELEASE, 2, State.RELEASED))
    player.tell(release(6))
    assert player.orchestrator.state(5) is State.RELEASED


def test_one_need_with_two_delays_is_counted_once(three: Player) -> None:
    """And the longer delay decides."""
    three.tell(hold(B, Step.STOP, C, State.STARTED, 9.0), hold(B, Step.STOP, C, State.STARTED, 1.0))
    three.at(0.0, start(A, B)).at(2.0, start(C)).play()
    assert three.when(B, State.STOPPED) == 11.0


def test_a_refused_condition_leaves_its_like_in_force() -> None:
    """One that was there already, with another delay: it is counted on."""
    player = world(Add(A, ends=False), Add(B)).tell(
        Aim((A,), State.READY),
        hold(A, Step.STOP, B, State.STOPPED),
        hold(B, Step.STOP, A, State.STOPPED),
        Add(B, ends=False),
    )
    before = player.orchestrator.snapshot()
    with pytest.raises(DeadlockError):
        player.orchestrator.handle(hold(A, Step.STOP, B, State.STOPPED, 1.0), 0.0)
    assert player.orchestrator.snapshot() == before
    player.tell(Force(A, Step.START), release(B))
    assert player.orchestrator.state(A) is State.STOPPED


# -- parked -------------------------------------------------------------------------------------


def parked() -> Player:
    """Return a player whose A is parked in its deploy, with B for a neighbour."""
    player = leaving(
        Add(A, classic=True, critical=False, policy=Policy(timeouts={Step.DEPLOY: 9.0})),
        Add(B),
        Add(C, classic=True),
    )
    player.manual |= {A, C}
    player.at(0.0, Connect(A, B), Connect(B, A), start(A, C), Done(A, Step.DEPLOY, 1))
    return player.play(until=0.0)


@pytest.mark.parametrize("state", [State.READY, State.FAILED, State.RELEASED])
def test_what_got_there_by_itself_is_not_parked_any_more(state: State) -> None:
    """No try is begun on what is READY, FAILED or RELEASED, and no limit runs."""
    player = parked()
    player.at(1.0, Observed(A, state, 0.0)).play(until=1.0)
    player.at(2.0, Aim((B,), State.DISCOVERED)).play()
    assert len(player.times(A, Step.DEPLOY)) == 1
    assert player.orchestrator.state(A) is state


def test_neighbours_said_twice_are_neighbours_once() -> None:
    """One change, one try."""
    player = parked()
    player.at(2.0, Aim((B,), State.DISCOVERED)).play(until=2.0)
    assert player.times(A, Step.DEPLOY) == [0.0, 2.0]
    player.at(3.0, Done(A, Step.DEPLOY, player.running[A][1])).play(until=3.0)
    assert player.times(A, Step.DEPLOY) == [0.0, 2.0]


def test_a_parked_resource_cannot_be_described_anew() -> None:
    """It has begun its life already."""
    player = world(Add(A, classic=True, policy=Policy(timeouts={Step.DEPLOY: 2.0})))
    player.manual.add(A)
    player.at(0.0, Force(A, Step.DEPLOY)).at(0.5, Done(A, Step.DEPLOY, 1)).play(until=1.0)
    with pytest.raises(Exception, match="taken already"):
        player.orchestrator.handle(Add(A, classic=True, policy=Policy(timeouts={})), 1.0)
    player.scripts[A] = Player.released
    player.play()
    assert player.orchestrator.state(A) is State.RELEASED


def test_what_is_doomed_is_not_tried_again() -> None:
    """A neighbour that fails in its release dooms it and stirs it in one event."""
    player = world(Add(A, classic=True, critical=False), Add(B)).tell(
        Connect(A, B), hold(A, Step.START, B, State.STOPPED)
    )
    player.manual.add(A)
    player.breaks = {(B, Step.STOP)}
    player.at(0.0, start(B, barrier=False)).at(1.0, start(A)).at(2.0, Done(A, Step.DEPLOY, 5))
    player.at(3.0, release(B)).play()
    assert player.times(A, Step.DEPLOY) == [1.0]
    assert player.orchestrator.state(A) is State.FAILED


# -- watching -----------------------------------------------------------------------------------


def test_a_restart_is_waited_for_by_those_who_watch(three: Player) -> None:
    """All have to be STOPPED when the answer comes."""
    three.takes = {(B, Step.START): 3.0}
    three.lives = {A: 1.0, B: 1.0}
    three.at(0.0, Watch(1, (A, B), State.STOPPED), start(A, B, barrier=False)).play(until=1.5)
    three.lives = {A: 9.0, B: 1.0}
    told: list[float] = []
    three.react = lambda p, c: told.append(p.now) if isinstance(c, Opened) else None
    three.at(2.0, Force(A, Step.START)).play()
    assert told == [11.0]


def test_a_withdrawn_watch_leaves_nothing_behind(three: Player) -> None:
    """However often somebody asks with a short timeout."""
    three.tell(start(A))
    track = three.orchestrator.track(A)
    for token in range(1, 9):
        three.tell(Watch(token, (A, B), State.STOPPED), Unwatch(token))
    assert not track.gates
    assert not (track.watch or {}).get(State.STOPPED)


def test_a_state_is_told_before_what_follows_from_it(three: Player) -> None:
    """Who is called because A is STARTED sees it STARTED."""
    three.tell(Call(1, (Requirement([A], State.STARTED),)), start(A))
    kinds = [type(c).__name__ for c in three.commands]
    assert kinds.index("Invoke") > len(kinds) - 1 - kinds[::-1].index("Reached")
    assert of(three, Invoke) == [Invoke(1)]


# -- what makes no sense ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        release(RUN_START),
        Force(RUN_START, Step.DISCOVER),
        Set(RUN_START, "x", 1),
        Ended(RUN_START),
        Observed(RUN_START, State.STOPPED, 0.0),
        Connect(A, RUN_START),
        hold(RUN_START, Step.STOP, A, State.STARTED),
    ],
)
def test_the_experiment_itself_is_no_resource(three: Player, event: Event) -> None:
    """One can only wait for it."""
    with pytest.raises(UnknownResourceError, match="can only be waited for"):
        three.orchestrator.handle(event, 0.0)


def test_very_many_tries_have_the_longest_pause() -> None:
    """The number does not overflow."""
    assert Policy().pause(5000) == 60.0


def test_a_failure_that_explains_nothing_is_explained_later() -> None:
    """Also one whose resource was released meanwhile."""
    player = leaving(Add(A, name="a", classic=True))
    player.manual.add(A)
    player.tell(start(A), Observed(A, State.FAILED, 0.0), Observed(A, State.RELEASED, 0.0))
    player.tell(Failed(A, Step.DEPLOY, 1, BROKEN))
    assert player.orchestrator.failure(A) == BROKEN
    assert player.orchestrator.outcome(A) is State.FAILED


# -- many ---------------------------------------------------------------------------------------


def test_a_long_chain_is_one_event_without_recursion() -> None:
    """Ten thousand conditions, met one by another."""
    count = 10_000
    player = Orchestrator()
    for guid in range(1, count + 1):
        player.feed(Add(guid, steps=LAZY), 0.0)
    for guid in range(1, count):
        player.feed(hold(guid, Step.START, guid + 1, State.STARTED), 0.0)
        player.feed(hold(guid, Step.RELEASE, guid + 1, State.RELEASED), 0.0)
    player.feed(start(*range(1, count + 1)), 0.0)
    assert player.state(1) is State.STARTED
    player.feed(release(1), 0.0)
    assert {player.state(guid) for guid in player.guids()} == {State.RELEASED}


def test_those_who_need_the_same_wait_at_one_gate() -> None:
    """A state change touches one counter, however many wait for it."""
    group = range(1, 301)
    player = Orchestrator()
    for guid in range(1, 601):
        player.feed(Add(guid), 0.0)
    for guid in range(301, 601):
        player.feed(hold(guid, Step.START, group, State.STARTED), 0.0)
    assert len((player.track(1).watch or {})[State.STARTED]) == 1
