# SPDX-License-Identifier: BSD-3-Clause
"""What may be connected, what then waits for what, and what has to be there."""

import pytest

from nepi.core.lifecycle import State, Step
from nepi.resource import (
    Connects,
    DeclarationError,
    Dependency,
    ImpossibleConnectionError,
    MissingConnectionError,
    MissingValueError,
    Resource,
    ResourceError,
    check_complete,
    connect,
    resource,
)
from tests.resource.sample import Application, Machine, Node, Pair


def test_a_connection_tells_what_waits_for_what() -> None:
    application, node = Application("ls"), Node("here")
    expected = Dependency(application, Step.PROVISION, node, State.READY)
    assert connect(node, application) == (expected,)


def test_connecting_twice_changes_nothing() -> None:
    application, node = Application("ls"), Node("here")
    connect(application, node)
    assert connect(node, application) == ()
    assert application.neighbours == (node,)


def test_where_no_step_is_named_nothing_waits() -> None:
    application = Application("ls")
    connect(application, Node("a"))
    assert connect(application, Node("b")) == ()


def test_places_are_filled_one_after_another() -> None:
    pair, a, b = Pair(), Node("a"), Node("b")
    assert connect(pair, a) == (Dependency(pair, Step.PROVISION, a, State.READY),)
    assert connect(pair, b) == (Dependency(pair, Step.START, b, State.STARTED),)
    assert pair.left is a
    assert pair.right is b
    with pytest.raises(
        ImpossibleConnectionError, match=r"at most 1 sample::Node, and is .*'a'.*'b'"
    ):
        connect(pair, Node("c"))


def test_what_does_not_fit_says_what_each_connects_to() -> None:
    with pytest.raises(
        ImpossibleConnectionError,
        match="sample::Node 'a' and sample::Node 'b' cannot be connected: "
        "sample::Node connects to nothing",
    ):
        connect(Node("a"), Node("b"))
    with pytest.raises(ImpossibleConnectionError, match="to 1 Machine, any number of sample::Node"):
        connect(Application("a"), Application("b"))


def test_nothing_is_connected_to_itself() -> None:
    node = Node("a")
    with pytest.raises(ImpossibleConnectionError, match="to itself"):
        connect(node, node)


def test_both_sides_may_wait() -> None:
    @resource("sample::Left")
    class Left(Resource):
        node = Connects(Node, at_least=2, at_most=None, step=Step.START)

    @resource("sample::Right")
    class Right(Node):
        left = Connects(Left, at_least=2, at_most=3, step=Step.DEPLOY)

    left, right = Left(), Right("r")
    assert connect(left, right) == (
        Dependency(left, Step.START, right, State.READY),
        Dependency(right, Step.DEPLOY, left, State.READY),
    )
    with pytest.raises(MissingConnectionError, match="at least 2 sample::Node, and has 1"):
        check_complete(left)
    with pytest.raises(MissingConnectionError, match="2 to 3 sample::Left, and has 1"):
        check_complete(right)


def test_what_is_incomplete_is_refused() -> None:
    with pytest.raises(MissingValueError, match="command must be given"):
        check_complete(Application.draft())
    with pytest.raises(MissingConnectionError, match=r"1 Machine, and has 0: connect it, or .*on="):
        check_complete(Application("ls"))
    application = Application("ls")
    connect(application, Node("a"))
    check_complete(application)


def test_a_type_may_check_itself() -> None:
    @resource("sample::Checked")
    class Checked(Resource):
        def check(self) -> None:
            raise ResourceError("these do not fit together")

    with pytest.raises(ResourceError, match="do not fit"):
        check_complete(Checked())


def test_nonsense_multiplicities_are_refused() -> None:
    with pytest.raises(DeclarationError, match="at least 2 and at most 1"):
        Connects(Machine, at_least=2, at_most=1)
    with pytest.raises(DeclarationError):
        Connects(Machine, at_least=-1, at_most=None)
    with pytest.raises(DeclarationError):
        Connects(Machine, at_least=0, at_most=0)


def test_how_many_is_told() -> None:
    told = [Connects(Node, at_least=a, at_most=b).wanted() for a, b in ((0, 2), (2, 2))]
    assert told == ["at most 2 sample::Node", "2 sample::Node"]
