# SPDX-License-Identifier: BSD-3-Clause
"""What authors declare, and what follows from it."""

import asyncio
from collections.abc import Sequence
from typing import ClassVar, Self

import pytest

from nepi.core.lifecycle import State, Step
from nepi.core.messages import DEFAULT_POLICY, Policy
from nepi.resource import (
    DeclarationError,
    InvalidValueError,
    Resource,
    Trace,
    attribute,
    internal,
    resource,
)
from nepi.resource.blueprint import blueprint
from tests.resource.sample import Application, Node, Pair, Ping


def test_only_overridden_steps_do_something() -> None:
    assert Node.steps() == frozenset()
    assert Pair.steps() == {Step.RELEASE}
    assert Application.steps() == {Step.START}


def test_a_step_for_many_is_one_unless_a_subclass_overrides_the_step_itself() -> None:
    assert Application.batched() == {Step.START}
    assert Ping.batched() == frozenset()
    assert Ping.steps() == {Step.START}

    class Again(Ping):
        @classmethod
        async def do_start_many(  # pyright: ignore[reportIncompatibleMethodOverride]
            cls, members: Sequence[Self]
        ) -> Sequence[BaseException | None]:
            return [None for _ in members]

    assert Again.batched() == {Step.START}


def test_a_step_may_exist_for_many_only() -> None:
    class Many(Resource):
        @classmethod
        async def do_stop_many(cls, members: Sequence[Self]) -> Sequence[BaseException | None]:
            return [None for _ in members]

    assert Many.steps() == Many.batched() == {Step.STOP}


def test_a_type_ends_by_itself_if_it_says_how() -> None:
    assert Application.ends()
    assert not Node.ends()


def test_the_steps_of_a_resource_that_does_nothing() -> None:
    node = Node("a")
    for step in Step:
        assert getattr(node, f"do_{step}")() is None
    assert node.do_set("secret_key", "x") is None
    assert asyncio.run(node.finished()) is None
    assert node.records() == ()
    assert node.estimate(Step.START) == 0.0
    assert node.lifetime() is None
    assert node.batch_key() is None
    node.check()


def test_policies() -> None:
    assert Node("a").policy() is DEFAULT_POLICY
    node = Node("a", timeouts={"deploy": "1 min", "stop": None}, retries=2, backoff="200 ms")
    assert node.timeouts == {Step.DEPLOY: 60.0, Step.STOP: None}
    expected = Policy(timeouts={Step.DEPLOY: 60.0, Step.RELEASE: 60.0}, retries=2, backoff=0.2)
    assert node.policy() == expected
    with pytest.raises(InvalidValueError, match=r"timeouts: 'strat' is none of them: .*'start'"):
        Node("a", timeouts={"strat": 1})
    with pytest.raises(InvalidValueError, match="more than 0"):
        Node("a", timeouts={"start": 0})


def test_a_type_cannot_give_a_common_name_another_meaning() -> None:
    with pytest.raises(DeclarationError, match=r"start means the same .*; define do_start"):

        class Starts(Resource):  # pyright: ignore[reportUnusedClass]
            async def start(self) -> None: ...  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]

    with pytest.raises(DeclarationError, match=r"state means the same for every resource$"):

        class Stated(Resource):  # pyright: ignore[reportUnusedClass]
            state: str = attribute(default="", help="x")  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleMethodOverride]


def test_a_declaration_without_annotation_is_refused() -> None:
    with pytest.raises(DeclarationError, match="count needs an annotation"):

        class Bare(Resource):  # pyright: ignore[reportUnusedClass]
            count = attribute(default=1, help="x")  # pyright: ignore[reportGeneralTypeIssues]


def test_an_annotation_without_declaration_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"declare it with attribute\(help=...\)"):

        class Bare(Resource):  # pyright: ignore[reportUnusedClass]
            count: int = 1


def test_annotations_for_the_class_are_no_attributes() -> None:
    class Fine(Resource):
        one: ClassVar[int] = 1
        two: "ClassVar[int]" = 2
        three: ClassVar = 3
        out: Trace = Trace("x")

    assert list(Fine.blueprint().traces) == ["out"]
    assert Fine.blueprint().fields.keys() == Resource.blueprint().fields.keys()


def test_run_state_needs_a_first_value() -> None:
    with pytest.raises(DeclarationError, match="needs a default"):
        internal()


def test_a_wrong_default_is_found_when_the_type_is_first_used() -> None:
    class Wrong(Resource):
        count: int = attribute(default=0, ge=1, help="x")

    with pytest.raises(DeclarationError, match="Wrong: default: count: 0 is out of range"):
        blueprint(Wrong)


def test_an_annotation_that_means_nothing_is_found_when_the_type_is_first_used() -> None:
    class Wrong(Resource):
        count: "Nowhere" = attribute(help="x")  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable, reportUnknownVariableType]

    class Strange(Resource):
        count: set[int] = attribute(help="x")

    with pytest.raises(DeclarationError, match="import what it names outside of TYPE_CHECKING"):
        blueprint(Wrong)
    with pytest.raises(DeclarationError, match="count: an attribute cannot be a set"):
        blueprint(Strange)


def test_annotations_as_text_mean_the_same() -> None:
    class Textual(Resource):
        count: "int | None" = attribute(default=None, help="x")

    assert Textual(count=5).count == 5


def test_what_a_parent_declared_may_be_run_state_and_an_attribute_again() -> None:
    class Attribute(Ping):
        command: str | list[str] = attribute(default="y", help="x")

    assert Attribute("x").values(changed_only=False)["command"] == "y"
    assert "command" not in Ping("x").values(changed_only=False)
    assert Ping("x").command == "ping"


def test_own_checks_of_values() -> None:
    def even(value: int) -> None:
        if value % 2:
            raise ValueError("it has to be even")

    class Even(Resource):
        count: int = attribute(default=0, validate=even, help="x")

    assert Even(count=2).count == 2
    with pytest.raises(InvalidValueError, match="Even: count: it has to be even"):
        Even(count=3)


def test_names_of_types() -> None:
    assert Node.rtype == "sample::Node"
    assert Node.aliases == ("SampleNode",)
    with pytest.raises(DeclarationError, match="no name of a resource type"):
        resource("a b")(Node)
    assert Node.rtype == "sample::Node"


def test_a_trace_that_a_subclass_takes_away_is_gone() -> None:
    class Less(Application):
        pcap = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]

    assert list(Less.blueprint().traces) == ["stdout"]
    assert repr(Application.stdout) == "Trace('stdout')"
    assert Application.host.state is State.READY
