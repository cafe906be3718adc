# SPDX-License-Identifier: BSD-3-Clause
"""Every event there is, at random, for property tests."""

from hypothesis import strategies as st

from nepi.core.conditions import Condition, Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.messages import (
    Abort,
    Add,
    Aim,
    Call,
    Cancel,
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
    Set,
    Woke,
)

GUIDS = st.integers(1, 4)
STATES = st.sampled_from(State)
STEPS = st.sampled_from(Step)
TOKENS = st.integers(0, 9)
ATTEMPTS = st.integers(1, 12)
SECONDS = st.floats(0, 1e6) | st.integers(0, 9)
TEXTS = st.text(max_size=20)
FAILURES = st.builds(Failure, TEXTS, TEXTS, TEXTS)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
REQUIREMENTS = st.builds(Requirement, st.frozensets(GUIDS, max_size=3), STATES, SECONDS)
AFTER = st.lists(REQUIREMENTS, max_size=2).map(tuple)
POLICIES = st.builds(
    Policy,
    timeouts=st.dictionaries(STEPS, SECONDS, max_size=3),
    retries=st.integers(0, 3),
    backoff=SECONDS,
    factor=SECONDS,
    longest=SECONDS,
    grace=SECONDS,
)
ADDS = st.builds(
    Add,
    GUIDS,
    TEXTS,
    TEXTS,
    critical=st.booleans(),
    steps=st.frozensets(STEPS),
    ends=st.booleans(),
    classic=st.booleans(),
    policy=st.just(Policy()) | POLICIES,
)
HOLDS = st.builds(Hold, GUIDS, st.builds(Condition, STEPS, REQUIREMENTS))
AIMS = st.builds(Aim, st.lists(GUIDS, max_size=4).map(tuple), STATES, barrier=st.booleans())

EVENTS: st.SearchStrategy[Event] = st.one_of(
    ADDS,
    HOLDS,
    AIMS,
    st.builds(Connect, GUIDS, GUIDS),
    st.builds(Set, GUIDS, TEXTS, VALUES, TOKENS, AFTER),
    st.builds(Call, TOKENS, AFTER),
    st.builds(Force, GUIDS, STEPS, TOKENS, mine=st.booleans(), after=AFTER),
    st.builds(Observed, GUIDS, STATES, SECONDS, st.none() | FAILURES),
    st.builds(Cancel, GUIDS, TEXTS),
    st.builds(Abort, FAILURES),
    st.builds(Done, GUIDS, STEPS, ATTEMPTS),
    st.builds(Failed, GUIDS, STEPS, ATTEMPTS, FAILURES),
    st.builds(Ended, GUIDS, st.none() | FAILURES),
    st.builds(Woke, TOKENS),
)
