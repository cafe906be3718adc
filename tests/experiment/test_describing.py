# SPDX-License-Identifier: BSD-3-Clause
"""Describing an experiment: names, numbers, and what is refused at once."""

from pathlib import Path

import pytest

from nepi.experiment import (
    DuplicateNameError,
    Experiment,
    ForeignResourceError,
    Phase,
    UnknownResourceNameError,
)
from nepi.resource import (
    AlreadyAddedError,
    FrozenAttributeError,
    ImpossibleConnectionError,
    MissingConnectionError,
    NotDeployedError,
    UnknownAttributeError,
)
from tests.experiment.sample import App, Node, Picky, Plain


def test_who_has_no_name_gets_one_from_its_type() -> None:
    exp = Experiment()
    names = [exp.add(App()).name for _ in range(3)] + [exp.add(Node()).name]
    assert names == ["app", "app-2", "app-3", "node"]


def test_a_given_name_is_not_given_again() -> None:
    exp = Experiment()
    exp.add(App(name="app"))
    assert exp.add(App()).name == "app-2"


def test_a_name_is_there_once() -> None:
    exp = Experiment()
    exp.add(Node("here"))
    with pytest.raises(
        DuplicateNameError, match=r"there is a resource 'here' already, a fake::Node"
    ):
        exp.add(App(name="here"))


def test_a_refused_resource_can_be_added_under_another_name() -> None:
    exp = Experiment()
    exp.add(Node("here"))
    second = Node("here")
    with pytest.raises(DuplicateNameError):
        exp.add(second)
    second.name = "there"
    assert exp.add(second).guid == 2


def test_the_caller_may_choose_the_number() -> None:
    exp = Experiment()
    assert exp.add(App(), guid=7).guid == 7
    assert exp.add(App()).guid == 8
    for taken in (7, 0, -1):
        with pytest.raises(DuplicateNameError, match="is taken, or none"):
            exp.add(App(), guid=taken)


def test_a_resource_is_found_by_its_name() -> None:
    exp = Experiment()
    here = exp.add(Node("here"))
    assert exp.resource("here") is here
    assert exp.resources == (here,)
    with pytest.raises(UnknownResourceNameError, match=r"'her': did you mean 'here'\?"):
        exp.resource("her")


def test_a_resource_is_part_of_one_experiment() -> None:
    one, other = Experiment(), Experiment()
    app = one.add(App())
    with pytest.raises(AlreadyAddedError):
        other.add(app)
    with pytest.raises(ForeignResourceError, match="part of another experiment"):
        other.connect(app, other.add(Node()))
    with pytest.raises(ForeignResourceError):
        other.deploy(app)
    with pytest.raises(ForeignResourceError):
        other.at(1, app.stop)


def test_connecting_twice_is_connecting_once() -> None:
    exp = Experiment()
    here = exp.add(Node("here"))
    app = exp.add(App(), on=here)
    exp.connect(app, here)
    exp.connect(here, app)
    assert app.neighbours == (here,)
    assert exp.description().resources[1].on == ("here",)


def test_an_impossible_connection_is_refused_at_once() -> None:
    exp = Experiment()
    with pytest.raises(ImpossibleConnectionError):
        exp.connect(exp.add(Plain()), exp.add(App()))


def test_a_missing_connection_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    exp = Experiment()
    exp.add(Picky())
    with pytest.raises(MissingConnectionError, match="fake::Picky 'picky'"):
        exp.deploy()
    assert list(tmp_path.iterdir()) == []
    assert exp.state is Phase.DESCRIBED


def test_dates_are_for_verbs_and_for_what_can_be_set_at_any_time() -> None:
    exp = Experiment()
    app = exp.add(App())
    exp.at("1 s", app.stop)
    exp.at(2, app.set, pace=3)
    with pytest.raises(FrozenAttributeError, match="command can only be changed before deploy"):
        exp.at(2, app.set, command="x")
    with pytest.raises(UnknownAttributeError):
        exp.at(2, app.set, peace=3)
    with pytest.raises(TypeError, match="takes no values"):
        exp.at(1, app.stop, pace=3)
    with pytest.raises(TypeError, match="call_at takes any function"):
        exp.at(1, print)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="t = 0"):
        exp.at(-1, app.stop)


def test_nothing_can_be_waited_for_before_it_is_deployed() -> None:
    exp = Experiment()
    app = exp.add(App())
    with pytest.raises(NotDeployedError, match=r"call exp.deploy\(\) before waiting"):
        exp.wait(app)


def test_an_experiment_that_was_never_deployed_touches_nothing(tmp_path: Path) -> None:
    with Experiment("x") as exp:
        app = exp.add(App(), on=exp.add(Node()))
        assert app.directory.parent == exp.run_dir
        assert app.trace("stdout").path.parent == app.directory
        assert app.trace("stdout").size == 0
        exp.release()
    assert list(tmp_path.iterdir()) == []


def test_it_shows_itself() -> None:
    exp = Experiment("mine", run_id="one")
    exp.add(App(name="client"))
    assert repr(exp) == "<Experiment 'mine', run one: described>"
    assert "client" in exp._repr_html_()  # pyright: ignore[reportPrivateUsage]
