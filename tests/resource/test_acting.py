# SPDX-License-Identifier: BSD-3-Clause
"""Verbs, moments and the rest that a resource passes on to its experiment."""

import asyncio
from pathlib import Path

import pytest

from nepi.core.conditions import Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Failure
from nepi.resource import (
    AlreadyAddedError,
    ForeignMomentError,
    InvalidValueError,
    MissingConnectionError,
    NotDeployedError,
    UnknownTraceError,
    connect,
)
from tests.resource.sample import Application, Machine, Node, Noted, Pair, Ping


def bound(experiment: Noted, guid: int) -> Application:
    application = Application("ls")
    application.bind(experiment, guid)
    return application


def test_outside_of_an_experiment_a_resource_says_to_add_it_first() -> None:
    application = Application("ls")
    moment = application.started
    for ask in (
        lambda: application.guid,
        lambda: application.directory,
        lambda: application.trace("stdout"),
        application.start,
        lambda: application.start.after(moment),
        lambda: application.set(rate=5),
    ):
        with pytest.raises(
            NotDeployedError, match=r"in no experiment yet: exp.add\(...\) it first"
        ):
            ask()


def test_outside_of_an_experiment_it_is_new_and_has_not_failed() -> None:
    application = Application("ls")
    assert application.state is State.NEW
    assert application.failure is None


def test_it_is_part_of_one_experiment_only() -> None:
    application = bound(Noted(), 1)
    with pytest.raises(AlreadyAddedError, match="sample::Application #1 is part of an experiment"):
        application.bind(Noted(), 2)


def test_it_asks_its_experiment() -> None:
    experiment = Noted(now=State.FAILED, why=Failure("OSError", "gone"))
    application = bound(experiment, 7)
    assert application.guid == 7
    assert application.state is State.FAILED
    assert application.failure == Failure("OSError", "gone")
    assert application.directory == Path("run/7")
    assert application.trace("stdout").path == Path("run/7/stdout")
    assert application.stdout.path == Path("run/7/stdout")
    with pytest.raises(UnknownTraceError, match="did you mean 'pcap'"):
        application.trace("pcp")


@pytest.mark.parametrize("step", Step)
def test_calling_a_verb_performs_the_step(step: Step) -> None:
    experiment = Noted()
    verb = getattr(bound(experiment, 7), step)
    verb()
    asyncio.run(verb.aio())
    assert experiment.asked == [("act", 7, step), ("act_aio", 7, step)]
    assert str(verb) == f"{step} of sample::Application #7"


@pytest.mark.parametrize("state", [state for state in State if state is not State.NEW])
def test_every_state_is_a_moment(state: State) -> None:
    application = bound(Noted(), 7)
    moment = getattr(application, str(state).lower())
    assert moment.resource is application
    assert moment.state is state


def test_conditions_of_one_kind_make_one_group() -> None:
    experiment = Noted()
    a, b, c = (bound(experiment, guid) for guid in (1, 2, 3))
    c.start.after(a.started, b.started, a.ready, delay="1 s")
    assert experiment.asked == [
        (
            "hold",
            3,
            Step.START,
            (
                Requirement(frozenset({1, 2}), State.STARTED, 1.0),
                Requirement(frozenset({1}), State.READY, 1.0),
            ),
        )
    ]


def test_delays_add_up() -> None:
    experiment = Noted()
    a, b = bound(experiment, 1), bound(experiment, 2)
    assert str(a.started + "1 s" + 2) == "sample::Application #1 STARTED + 3 s"
    assert str(a.started) == "sample::Application #1 STARTED"
    b.stop.after(a.started + "200 ms", delay=1)
    assert experiment.asked[0][3] == (Requirement(frozenset({1}), State.STARTED, 1.2),)


def test_a_condition_on_a_verb_says_what_was_meant() -> None:
    a = bound(Noted(), 1)
    with pytest.raises(TypeError, match=r"takes moments, such as server.started"):
        a.start.after(a.start)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_condition_on_another_experiment_is_refused() -> None:
    a, b = bound(Noted(), 1), bound(Noted(), 1)
    with pytest.raises(ForeignMomentError, match="in different experiments"):
        a.start.after(b.started)


def test_setting_checks_and_converts_first() -> None:
    experiment = Noted()
    application = bound(experiment, 7)
    application.set(rate="5 Mbit/s", deadline=1)
    asyncio.run(application.set.aio(rate=5))
    with pytest.raises(InvalidValueError, match="rate"):
        application.set(rate="fast")
    assert experiment.asked == [
        ("set", 7, {"rate": 5e6, "deadline": 1.0}),
        ("set_aio", 7, {"rate": 5.0}),
    ]
    assert str(application.set) == "set of sample::Application #7"


def test_neighbours() -> None:
    application, node, other = Application("ls"), Node("a"), Node("b")
    assert not application.neighbours
    assert not application.peers
    with pytest.raises(MissingConnectionError, match="has to be connected to 1 Machine, and has 0"):
        _ = application.host
    connect(application, node)
    connect(other, application)
    assert application.neighbours == (node, other)
    assert application.host is node
    assert application.peers == (other,)
    assert node.neighbours == (application,)
    assert node.neighbour(Application) is application
    with pytest.raises(MissingConnectionError, match="one neighbour that is a Machine, it has 2"):
        application.neighbour(Machine)


def test_a_connection_that_may_be_missing_gives_none() -> None:
    pair = Pair()
    assert pair.left is None


def test_a_connection_cannot_be_assigned() -> None:
    with pytest.raises(AttributeError, match=r"connect it to .* by Experiment.connect"):
        Ping("x").host = Node("a")


def test_names_in_messages() -> None:
    assert Node("here").label == "sample::Node 'here'"
    assert Node().label == "sample::Node"
    assert bound(Noted(), 7).label == "sample::Application #7"
