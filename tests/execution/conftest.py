# SPDX-License-Identifier: BSD-3-Clause
"""Controllers that leave nothing behind, types that no other test sees."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nepi.execution import carrier
from nepi.execution.ec import ExperimentController
from nepi.execution.resource import ResourceFactory
from tests.execution.kinds import Diary, register_all

Make = Callable[..., ExperimentController]


@pytest.fixture(autouse=True)
def own_types() -> Iterator[None]:
    """Forget the types that a test registers."""
    types = ResourceFactory.resource_types()
    before = dict(types)
    yield
    types.clear()
    types.update(before)


@pytest.fixture(autouse=True)
def diary(own_types: None) -> Diary:  # noqa: ARG001 - they are forgotten afterwards
    """Know the types of `kinds`; return what they write into."""
    return register_all()


@pytest.fixture
def make_ec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make controllers whose runs are the test's own; shut them down."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr(carrier, "PICTURED", 0)  # drawing takes longer than all the rest
    made: list[ExperimentController] = []

    def make(exp_id: str = "test", **settings: object) -> ExperimentController:
        made.append(ExperimentController(exp_id, local_dir=tmp_path / "runs", **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for ec in made:
        ec.shutdown()


@pytest.fixture
def ec(make_ec: Make) -> ExperimentController:
    return make_ec()
