# SPDX-License-Identifier: BSD-3-Clause
"""Random experiments, played by the whole engine: they end, and their journals tell all of it."""

from pathlib import Path

import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from nepi.core.errors import Refusal
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Add, Aim, Cancel, Observed, Policy
from nepi.runtime.errors import StepAbandonedError
from nepi.runtime.journal import read, replay
from nepi.runtime.virtual import Stand, VirtualEngine
from tests.runtime.actors import after

SECONDS = st.sampled_from([0.0, 0.1, 1.0, 7.5])
STEPS = st.sampled_from(Step)


@frozen
class Member:
    """One resource of a random experiment."""

    durations: dict[Step, float]
    failing: frozenset[Step]
    lifetime: float | None
    critical: bool
    retries: int
    timeout: float | None


MEMBERS = st.builds(
    Member,
    st.dictionaries(STEPS, SECONDS, max_size=4),
    st.frozensets(STEPS, max_size=1),
    st.none() | SECONDS,
    st.booleans(),
    st.integers(0, 1),
    st.none() | st.sampled_from([0.5, 3.0]),
)
HOLDS = st.tuples(
    st.integers(1, 5),
    st.sampled_from([Step.DEPLOY, Step.START, Step.STOP]),
    st.integers(1, 5),
    st.sampled_from([State.READY, State.STARTED, State.STOPPED]),
    SECONDS,
)
MOVES = st.tuples(
    SECONDS,
    st.sampled_from(["act", "cancel", "observed"]),
    st.integers(1, 5),
    STEPS,
)


def move(engine: VirtualEngine, what: str, guid: int, step: Step) -> None:
    try:
        match what:
            case "act":
                engine.act(guid, step)
            case "cancel":
                engine.ask(Cancel(guid, "because"))
            case _:
                engine.ask(Observed(guid, State.FAILED, engine.now()))
    except (Refusal, OSError, StepAbandonedError):
        pass


@settings(max_examples=60)
@given(
    st.lists(MEMBERS, min_size=1, max_size=5),
    st.lists(HOLDS, max_size=5),
    st.lists(MOVES, max_size=5),
    st.sampled_from(["release", "abort"]),
)
def test_whatever_happens_everything_is_released_and_the_journal_knows(
    tmp_path_factory: pytest.TempPathFactory,
    members: list[Member],
    holds: list[tuple[int, Step, int, State, float]],
    moves: list[tuple[float, str, int, Step]],
    on_failure: str,
) -> None:
    directory = tmp_path_factory.mktemp("run")
    guids = range(1, len(members) + 1)
    with VirtualEngine(directory=directory, on_failure=on_failure) as engine:  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
        for guid, member in zip(guids, members, strict=True):
            register(engine, guid, member)
        for guid, step, other, state, delay in holds:
            if {guid, other} <= set(guids):
                engine.put(after(guid, step, other, state, delay))
        try:
            engine.ask(Aim(tuple(guids), State.STARTED))
        except Refusal:
            engine.play(1.0)
        for delay, what, guid, step in moves:
            engine.play(delay)
            if guid in guids:
                move(engine, what, guid, step)
        engine.ask(Aim(tuple(guids), State.RELEASED))
        assert engine.wait(guids, State.RELEASED, interrupts=False)
        engine.play(100.0)
        snapshot = engine._shell.driver.orchestrator.snapshot()  # noqa: SLF001 # pyright: ignore[reportPrivateUsage]
    again = replay(directory / "events.jsonl")
    assert again.snapshot() == snapshot
    check_steps_were_performed_one_at_a_time(directory)


def register(engine: VirtualEngine, guid: int, member: Member) -> None:
    failing = {step: OSError("scripted") for step in member.failing}
    stand = Stand(member.durations, lifetime=member.lifetime, failing=failing)
    timeouts = {} if member.timeout is None else {Step.DEPLOY: member.timeout}
    policy = Policy(timeouts=timeouts, retries=member.retries)
    engine.register(
        guid,
        stand,
        Add(guid, steps=stand.steps, ends=stand.ends, critical=member.critical, policy=policy),
    )


def check_steps_were_performed_one_at_a_time(directory: Path) -> None:
    busy: dict[int, int] = {}
    for record in read(directory / "events.jsonl").records:
        match record:
            case {"kind": "run", "guid": guid, "attempt": attempt}:
                assert guid not in busy
                busy[guid] = attempt
            case {"kind": "done" | "failed" | "abandon", "guid": guid, "attempt": attempt}:
                if busy.get(guid) == attempt:
                    del busy[guid]
            case _:
                pass
