# SPDX-License-Identifier: BSD-3-Clause
"""The table of legal transitions, and the way it gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.core.lifecycle import (
    CLASSIC_TRANSITIONS,
    LANDS,
    TRANSITIONS,
    InvalidStepError,
    State,
    Step,
    after,
    next_step,
)

states = st.sampled_from(State)


@given(states, st.sampled_from(Step))
def test_after_allows_exactly_the_table(state: State, step: Step) -> None:
    """`after` accepts what the table lists and refuses everything else."""
    if (state, step) in TRANSITIONS:
        assert after(state, step) is TRANSITIONS[state, step]
    else:
        with pytest.raises(InvalidStepError, match=f"cannot {step}"):
            after(state, step)


@given(states, states)
def test_next_step_leads_to_the_goal(state: State, goal: State) -> None:
    """Following `next_step` only takes allowed steps and always comes to rest."""
    for _ in State:
        step = next_step(state, goal)
        if step is None:
            return
        state = after(state, step)
    pytest.fail("still moving")


def test_every_step_lands_where_the_tables_say() -> None:
    """A step has one outcome, wherever it is taken from, in both readings of the table."""
    for table in (TRANSITIONS, CLASSIC_TRANSITIONS):
        for (_, step), landing in table.items():
            assert landing is LANDS[step]


def test_a_state_prints_as_its_name() -> None:
    """Users and journals read STARTED, not 4."""
    assert f"{State.STARTED}" == "STARTED"
    assert State.STARTED < State.STOPPED


def test_a_refused_step_says_what_it_needs() -> None:
    """The message names the state there is and those there would have to be."""
    with pytest.raises(InvalidStepError, match=r"cannot start a resource that is NEW; .*READY"):
        after(State.NEW, Step.START)
