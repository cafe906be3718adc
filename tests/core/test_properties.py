# SPDX-License-Identifier: BSD-3-Clause
"""Random experiments, random trouble: what holds whatever happens.

The player asserts that no step is begun while another of the same resource runs. The oracle below
is written from the semantics in the architecture, not from the code under test.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from nepi.core.conditions import Condition, Guid, Requirement
from nepi.core.errors import Refusal
from nepi.core.lifecycle import State, Step
from nepi.core.messages import (
    Aborted,
    Add,
    Aim,
    Cancel,
    Command,
    Connect,
    Done,
    Ended,
    Event,
    Failed,
    Failure,
    Force,
    Hold,
    Observed,
    Policy,
    Reached,
    Run,
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
def troubles(draw: st.DrawFn, guids: list[Guid]) -> Event:
    """Something that happens to a running experiment."""
    guid = draw(st.sampled_from(guids))
    attempt = draw(st.integers(1, 30))
    kinds: list[Event] = [
        Force(guid, draw(STEPS), token=draw(st.integers(0, 3)), mine=draw(st.booleans())),
        Cancel(guid),
        Ended(guid, draw(st.none() | st.just(BROKEN))),
        Observed(guid, draw(st.sampled_from(State)), 0.0),
        Done(guid, draw(STEPS), attempt),
        Failed(guid, draw(STEPS), attempt, Failure("Late", "late")),
        Aim((guid,), draw(st.sampled_from([State.PROVISIONED, State.STARTED, State.RELEASED]))),
    ]
    return draw(st.sampled_from(kinds))


class Oracle:
    """Check, from the outside, that nothing runs before its conditions."""

    def __init__(self, conditions: list[Hold], critical: dict[Guid, bool]) -> None:
        self.conditions = conditions
        self.critical = critical
        self.log: list[tuple[float, Guid, State | Step]] = []
        self.releasing = False

    def __call__(self, player: Player, command: Command) -> None:
        match command:
            case Reached(guid, state, at):
                self.log.append((at, guid, state))
            case Run(guid, step, _, 0) if not self.forced(player, guid, step):
                self.check(player.now, guid, step, player.orchestrator.track(guid).goal)
            case _:
                pass
        if isinstance(command, Run) and command.step is Step.START:
            self.log.append((player.now, command.guid, Step.START))

    @staticmethod
    def forced(player: Player, guid: Guid, step: Step) -> bool:
        """Return whether the user asked for just that: it ignores conditions."""
        return any(
            isinstance(event, Force) and (event.guid, event.step) == (guid, step)
            for _, event in player.events
        )

    def check(self, now: float, guid: Guid, step: Step, goal: State) -> None:
        """Fail unless every condition on *step* of *guid* was met."""
        if goal is State.RELEASED and step is not Step.RELEASE:
            return
        for hold in self.conditions:
            if (hold.guid, hold.condition.step) == (guid, step):
                needed = hold.condition.requirement
                for member in needed.group:
                    since = self.met(member, needed.state)
                    assert since is not None, f"{step} of {guid} before {member} {needed.state}"
                    assert since + needed.delay <= now

    def met(self, member: Guid, state: State) -> float | None:
        """Return since when *member* is in *state* or later, counted from its last start."""
        since: float | None = None
        seen = False
        for at, guid, what in self.log:
            if guid != member:
                continue
            if isinstance(what, Step):
                if seen and state in (State.STARTED, State.STOPPED):
                    since = None
                seen = True
            elif what >= state and (since is None or at < since):
                since = at
        return since


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


def tell_all(player: Player, events: list[tuple[float, Event]]) -> None:
    """Let *events* happen; those that are refused at their moment are as if never said."""
    for when, event in sorted(events, key=lambda pair: pair[0]):
        player.play(until=when)
        player.now = max(player.now, when)
        try:
            player.tell_now(event)
        except Refusal:
            continue


@st.composite
def experiments(draw: st.DrawFn) -> tuple[Player, Oracle, list[tuple[float, Event]]]:
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
    player.tell(*(Connect(a, b) for a, b in draw(st.lists(pairs, max_size=3)) if a != b))
    conditions = draw(st.lists(holds(guids), max_size=5))
    tell_all(player, [(0.0, hold) for hold in conditions])
    conditions = [event for _, event in player.events if isinstance(event, Hold)]
    oracle = Oracle(conditions, {add.guid: add.critical for add in adds})
    player.react = oracle
    barrier = draw(st.booleans())
    script: list[tuple[float, Event]] = [(0.0, Aim(tuple(guids), State.STARTED, barrier=barrier))]
    script += draw(st.lists(st.tuples(TIMES, troubles(guids)), max_size=6))
    return player, oracle, script


@given(experiments())
@settings(max_examples=400)
def test_whatever_happens_it_ends_released_and_nothing_runs_too_early(
    experiment: tuple[Player, Oracle, list[tuple[float, Event]]],
) -> None:
    """No step twice at once, none before its conditions, and no resource outlives the release."""
    player, _, script = experiment
    tell_all(player, script)
    player.play(until=40.0)
    guids = player.orchestrator.guids()
    player.now = max(player.now, 40.0)
    player.tell(Aim(tuple(guids), State.RELEASED))
    waits = {guid: player.orchestrator.explain(guid) for guid in guids}
    assert {player.orchestrator.state(g) for g in guids} == {State.RELEASED}, waits
    assert not player.running


@given(experiments())
def test_the_same_events_give_the_same_commands(
    experiment: tuple[Player, Oracle, list[tuple[float, Event]]],
) -> None:
    """So a journal replays the decisions of its run."""
    player, _, script = experiment
    tell_all(player, script)
    again = Orchestrator(on_failure=player.orchestrator.on_failure)
    commands: list[Command] = []
    for now, event in player.events:
        commands += again.handle(event, now)
    assert commands == player.commands
    assert again.snapshot() == player.orchestrator.snapshot()


@given(experiments())
def test_after_an_abort_only_ending_begins(
    experiment: tuple[Player, Oracle, list[tuple[float, Event]]],
) -> None:
    """Stop and release, nothing else."""
    player, _, script = experiment
    tell_all(player, script)
    player.play()
    aborted = False
    for command in player.commands:
        if isinstance(command, Aborted):
            aborted = True
        if aborted and isinstance(command, Run):
            assert command.step in (Step.STOP, Step.RELEASE)
