# SPDX-License-Identifier: BSD-3-Clause
"""Random experiments, random trouble: what holds whatever happens.

The player asserts that no step is begun while another of the same resource runs. The oracle below
is written from the semantics in the architecture, not from the code under test.
"""

from collections import Counter
from itertools import count
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from nepi.core.conditions import RUN_START, Condition, Guid, Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.messages import (
    Abort,
    Aborted,
    Add,
    Aim,
    Apply,
    Call,
    Cancel,
    Command,
    Connect,
    Done,
    Ended,
    Event,
    Failed,
    Failure,
    Force,
    Grant,
    Hold,
    Invoke,
    Observed,
    Opened,
    Policy,
    Reached,
    Refused,
    Run,
    Set,
    Watch,
)
from nepi.core.orchestrator import Orchestrator
from tests.core.play import BROKEN, FOREVER, Player, world

LANDING = {
    Step.DISCOVER: State.DISCOVERED,
    Step.PROVISION: State.PROVISIONED,
    Step.DEPLOY: State.READY,
    Step.START: State.STARTED,
    Step.STOP: State.STOPPED,
    Step.RELEASE: State.RELEASED,
}
TIMES = st.sampled_from([0.0, 0.5, 1.0, 2.0, 7.0])
STEPS = st.sampled_from(Step)
TOKENS = st.just(1)  # each is given one of its own when it is said


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Limits, retries, in all combinations."""
    limits = {Step.STOP: 30.0, Step.RELEASE: 60.0}
    limits |= draw(st.dictionaries(STEPS, st.sampled_from([0.25, 1.5, 3.0]), max_size=3))
    return Policy(timeouts=limits, retries=draw(st.integers(0, 2)), grace=draw(TIMES))


@st.composite
def additions(draw: st.DrawFn, guid: Guid) -> Add:
    """A resource of any kind."""
    return Add(
        guid,
        name=f"r{guid}",
        critical=draw(st.booleans()),
        steps=draw(st.frozensets(STEPS)),
        ends=draw(st.booleans()),
        classic=draw(st.booleans()),
        policy=draw(policies()),
    )


@st.composite
def holds(draw: st.DrawFn, guids: list[Guid]) -> Hold:
    """A condition on anything; a release waits for releases only."""
    step = draw(STEPS)
    states = [State.RELEASED] if step is Step.RELEASE else list(State)[1:]
    group = draw(st.frozensets(st.sampled_from(guids), min_size=1, max_size=3))
    requirement = Requirement(group, draw(st.sampled_from(states)), draw(TIMES))
    return Hold(draw(st.sampled_from(guids)), Condition(step, requirement))


@st.composite
def requirements(draw: st.DrawFn, guids: list[Guid]) -> Requirement:
    """Something that may come about, of the resources or of the run itself."""
    members = st.sampled_from([RUN_START, *guids])
    group = draw(st.frozensets(members, min_size=1, max_size=3))
    return Requirement(group, draw(st.sampled_from(list(State)[1:])), draw(TIMES))


@st.composite
def orders(draw: st.DrawFn, guids: list[Guid]) -> Event:
    """Something to be done or told when its time has come."""
    guid, token = draw(st.sampled_from(guids)), draw(TOKENS)
    after = tuple(draw(st.lists(requirements(guids), max_size=2)))
    some = tuple(draw(st.lists(st.sampled_from(guids), max_size=3)))
    kinds: list[Event] = [
        Set(guid, "x", token, token, after),
        Call(token, after),
        Force(guid, draw(STEPS), token, mine=draw(st.booleans()), after=after),
        Watch(token, some, draw(st.sampled_from(State)), through_abort=draw(st.booleans())),
    ]
    return draw(st.sampled_from(kinds))


@st.composite
def troubles(draw: st.DrawFn, guids: list[Guid]) -> Event:
    """Something that happens to a running experiment."""
    guid = draw(st.sampled_from(guids))
    attempt = draw(st.integers(1, 30))
    kinds: list[Event] = [
        Force(guid, draw(STEPS), draw(TOKENS), mine=draw(st.booleans())),
        Force(guid, Step.START, draw(TOKENS)),
        Cancel(guid),
        Ended(guid, draw(st.none() | st.just(BROKEN))),
        Observed(guid, draw(st.sampled_from(State)), 0.0),
        Done(guid, draw(STEPS), attempt),
        Failed(guid, draw(STEPS), attempt, Failure("Late", "late")),
        Aim((guid,), draw(st.sampled_from([State.PROVISIONED, State.STARTED, State.RELEASED]))),
        draw(holds(guids)),
        draw(orders(guids)),
        Abort(BROKEN),
    ]
    return draw(st.sampled_from(kinds))


class Oracle:
    """Check, from the outside, that nothing runs before its conditions, or after its end."""

    def __init__(self) -> None:
        self.log: list[tuple[float, Guid, State | Step]] = []

    def __call__(self, player: Player, command: Command) -> None:
        match command:
            case Reached(guid, state, at):
                self.log.append((at, guid, state))
            case Run(guid, step, _, token) | Grant(guid, step, _, token):
                assert not self.is_over(guid, step), f"{step} of {guid} begun after its end"
                track = player.orchestrator.track(guid)
                if token == 0 and not (track.add.classic and self.forced(player, guid, step)):
                    self.check(player, guid, step, track.goal)
                if step is Step.START:
                    self.log.append((player.now, guid, step))
            case _:
                pass

    def is_over(self, guid: Guid, step: Step) -> bool:
        """Return whether *guid* had FAILED or was RELEASED before."""
        states = {what for _, who, what in self.log if who == guid}
        over = {State.RELEASED} if step is Step.RELEASE else {State.FAILED, State.RELEASED}
        return bool(states & over)

    @staticmethod
    def forced(player: Player, guid: Guid, step: Step) -> bool:
        """Return whether the user asked for just that; parked, it is tried again without token."""
        return any(
            isinstance(event, Force) and (event.guid, event.step) == (guid, step)
            for _, event in player.events
        )

    def check(self, player: Player, guid: Guid, step: Step, goal: State) -> None:
        """Fail unless every condition on *step* of *guid* was met."""
        held = Step.RELEASE if goal is State.RELEASED else step
        for event in said(player, Hold):
            if (event.guid, event.condition.step) == (guid, held):
                needed = event.condition.requirement
                moment = self.met(needed)
                assert moment is not None, f"{step} of {guid} before {needed}"
                assert moment <= player.now

    def met(self, needed: Requirement) -> float | None:
        """Return from when on *needed* is met, by what is the case now."""
        moments = [self.since(member, needed.state) for member in needed.group]
        return None if None in moments else max(m for m in moments if m is not None) + needed.delay

    def first(self, needed: Requirement) -> float:
        """Return when each of the group had been there, once at least; restarts do not matter."""
        return max(
            min(
                at
                for at, guid, what in self.log
                if guid == member and isinstance(what, State) and what >= needed.state
            )
            for member in needed.group
        )

    def since(self, member: Guid, state: State) -> float | None:
        """Return since when *member* is in *state* or later, counted from its last start."""
        since: float | None = None
        for at, guid, what in self.log:
            if guid != member:
                continue
            if isinstance(what, Step):
                if state in (State.STARTED, State.STOPPED):
                    since = None
            elif what >= state and (since is None or at < since):
                since = at
        return since


T = TypeVar("T")


def said(player: Player, kind: type[T]) -> list[T]:
    """Return the events of one kind that were taken in."""
    return [event for _, event in player.events if isinstance(event, kind)]


def obey(player: Player, command: Command) -> None:
    """Answer for a classic resource: states in reports of their own, some steps in vain."""
    if isinstance(command, Run):
        vain = (command.guid + command.attempt) % 3 == 0
        event = Observed(command.guid, LANDING[command.step], player.now)
        report: Event = Done(command.guid, command.step, command.attempt)
        if (command.guid, command.step) in player.breaks:
            report = Failed(command.guid, command.step, command.attempt, BROKEN)
            vain = True
        end = player.now + player.takes.get((command.guid, command.step), 0)
        if end < FOREVER:
            player.at(end, *(() if vain else (event,)), report)


Script = list[tuple[float, list[Event]]]


def tell_all(player: Player, script: Script) -> None:
    """Let the batches of *script* happen; what is refused at its moment is as if never said."""
    for when, batch in sorted(script, key=lambda pair: pair[0]):
        player.play(until=when)
        player.now = max(player.now, when)
        player.tell_together(*map(numbered, batch))


def numbered(event: Event) -> Event:
    """Give *event* a token of its own, if it has one: whoever sends events does."""
    match event:
        case Force(guid, step, _, mine, after):
            return Force(guid, step, next(_numbers), mine=mine, after=after)
        case Set(guid, name, value, _, after):
            return Set(guid, name, value, next(_numbers), after)
        case Call(_, after):
            return Call(next(_numbers), after)
        case Watch(_, guids, state, through_abort):
            return Watch(next(_numbers), guids, state, through_abort=through_abort)
        case _:
            return event


_numbers = count(100)


def finish(player: Player) -> None:
    """Play on for a while, then release everything."""
    player.play(until=40.0)
    player.now = max(player.now, 40.0)
    player.tell(Aim(tuple(player.orchestrator.guids()), State.RELEASED))


@st.composite
def experiments(draw: st.DrawFn) -> tuple[Player, Oracle, Script]:
    """A described experiment and what will happen to it."""
    guids = list(range(1, draw(st.integers(1, 5)) + 1))
    adds = [draw(additions(guid)) for guid in guids]
    orchestrator = Orchestrator(on_failure=draw(st.sampled_from(["release", "abort"])))
    player = world(*adds, player=Player(orchestrator))
    player.stubborn = draw(st.booleans())
    times = st.sampled_from([0.0, 0.5, 3.0, FOREVER])
    player.takes = draw(st.dictionaries(st.tuples(st.sampled_from(guids), STEPS), times))
    player.breaks = draw(st.sets(st.tuples(st.sampled_from(guids), STEPS), max_size=4))
    player.lives = draw(st.dictionaries(st.sampled_from(guids), TIMES))
    player.scripts = {add.guid: obey for add in adds if add.classic}
    pairs = st.tuples(st.sampled_from(guids), st.sampled_from(guids))
    oracle = Oracle()
    player.witness = oracle
    described: list[Event] = [Connect(a, b) for a, b in draw(st.lists(pairs, max_size=3)) if a != b]
    described += draw(st.lists(holds(guids), max_size=5))
    described += draw(st.lists(orders(guids), max_size=3))
    described.append(Aim(tuple(guids), State.STARTED, barrier=draw(st.booleans())))
    script: Script = [(0.0, described)]
    batches = st.lists(troubles(guids), min_size=1, max_size=3)
    script += draw(st.lists(st.tuples(TIMES, batches), max_size=6))
    return player, oracle, script


@given(experiments())
@settings(max_examples=200)
def test_whatever_happens_it_ends_released_and_nothing_runs_too_early(
    experiment: tuple[Player, Oracle, Script],
) -> None:
    """No step twice at once, none before its conditions, and no resource outlives the release."""
    player, _, script = experiment
    tell_all(player, script)
    finish(player)
    guids = player.orchestrator.guids()
    waits = {guid: player.orchestrator.explain(guid) for guid in guids}
    assert {player.orchestrator.state(g) for g in guids} == {State.RELEASED}, waits
    assert not player.running


@given(experiments())
@settings(max_examples=150)
def test_every_order_is_given_once_when_its_time_has_come(
    experiment: tuple[Player, Oracle, Script],
) -> None:
    """Never twice, never before, and not forgotten unless an abort comes first."""
    player, oracle, script = experiment
    given_at: dict[int, float] = {}

    def witness(_: Player, command: Command) -> None:
        oracle(player, command)
        if isinstance(command, Invoke | Apply):
            assert command.token not in given_at, "given twice"
            given_at[command.token] = player.now

    player.witness = witness
    tell_all(player, script)
    player.play(until=40.0)
    aborted = player.orchestrator.aborted is not None
    given: list[Set | Call] = [*said(player, Set), *said(player, Call)]
    for order in given:
        moments = [oracle.met(needed) for needed in order.after]
        if order.token in given_at:
            for needed in order.after:
                first = oracle.first(needed)
                assert first + needed.delay <= given_at[order.token], "given too early"
        elif not aborted:
            assert any(moment is None or moment > player.now for moment in moments), "forgotten"


@given(experiments())
@settings(max_examples=150)
def test_whoever_asks_is_answered_once(experiment: tuple[Player, Oracle, Script]) -> None:
    """Direct steps are begun or refused; watches end when they are met or by an abort."""
    player, oracle, script = experiment
    tell_all(player, script)
    finish(player)
    begun = Counter(c.token for c in player.commands if isinstance(c, Run | Grant | Refused))
    for force in said(player, Force):
        assert begun[force.token] == 1 or (force.after and begun[force.token] == 0)
    opened = Counter(c.token for c in player.commands if isinstance(c, Opened))
    assert opened == Counter(watch.token for watch in said(player, Watch))
    watched = {watch.token: watch for watch in said(player, Watch)}
    for command in player.commands:
        if isinstance(command, Opened) and command.reason == "met":
            watch = watched[command.token]
            for guid in watch.guids:
                assert watch.state is State.NEW or oracle.since(guid, watch.state) is not None
        if isinstance(command, Opened) and command.reason == "aborted":
            assert not watched[command.token].through_abort


@given(experiments())
def test_the_same_events_give_the_same_commands(
    experiment: tuple[Player, Oracle, Script],
) -> None:
    """So a journal replays the decisions of its run, without those who only watched."""
    player, _, script = experiment
    tell_all(player, script)
    again = Orchestrator(on_failure=player.orchestrator.on_failure)
    commands: list[Command] = []
    for now, event in player.events:
        if not isinstance(event, Watch):
            commands += again.handle(event, now)
    assert commands == [c for c in player.commands if not isinstance(c, Opened)]
    assert again.snapshot() == player.orchestrator.snapshot()


@given(experiments())
def test_after_an_abort_only_ending_begins(
    experiment: tuple[Player, Oracle, Script],
) -> None:
    """Stop and release, nothing else."""
    player, _, script = experiment
    tell_all(player, script)
    player.play()
    aborted = False
    for command in player.commands:
        if isinstance(command, Aborted):
            aborted = True
        if aborted and isinstance(command, Run | Grant):
            assert command.step in (Step.STOP, Step.RELEASE)
        assert not (aborted and isinstance(command, Invoke))
