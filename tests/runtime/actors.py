# SPDX-License-Identifier: BSD-3-Clause
"""Resources to drive engines with in tests."""

import threading
from typing import Any

from nepi.core.conditions import Condition, Guid, Requirement
from nepi.core.lifecycle import State, Step
from nepi.core.messages import DEFAULT_POLICY, Add, Hold, Policy
from nepi.runtime.engine import Engine

SOON = 20.0
"""Only bites when something is broken."""


def steps_of(actor: object) -> frozenset[Step]:
    """Return the steps that *actor* implements."""
    given = getattr(actor, "steps", None)
    if isinstance(given, frozenset):
        return frozenset(Step(step) for step in given)  # pyright: ignore[reportUnknownVariableType]
    return frozenset(step for step in Step if hasattr(actor, f"do_{step}"))


def add(
    engine: Engine,
    guid: Guid,
    actor: Any,
    *,
    critical: bool = True,
    classic: bool = False,
    policy: Policy = DEFAULT_POLICY,
) -> Any:
    """Make *actor* known to *engine* as *guid*."""
    ends = hasattr(actor, "finished")
    steps = steps_of(actor)
    name = f"r{guid}"
    more = {"critical": critical, "classic": classic, "policy": policy}
    engine.register(guid, actor, Add(guid, "test", name, steps=steps, ends=ends, **more))  # type: ignore[arg-type]
    return actor


def after(guid: Guid, step: Step, other: Guid, state: State, delay: float = 0.0) -> Hold:
    """Return: *step* of *guid* after *other* is in *state*."""
    return Hold(guid, Condition(step, Requirement({other}, state, delay)))


class Plain:
    """Has plain steps; remembers the threads that performed them."""

    def __init__(self) -> None:
        self.threads: dict[Step, threading.Thread] = {}
        self.performed: list[Step] = []

    def _note(self, step: Step) -> None:
        self.performed.append(step)
        self.threads[step] = threading.current_thread()

    def do_deploy(self) -> None:
        self._note(Step.DEPLOY)

    def do_start(self) -> None:
        self._note(Step.START)

    def do_stop(self) -> None:
        self._note(Step.STOP)

    def do_release(self) -> None:
        self._note(Step.RELEASE)


class Stuck(Plain):
    """Its deploy lasts until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.may_end = threading.Event()

    def do_deploy(self) -> None:
        self.begun.set()
        assert self.may_end.wait(SOON)
        super().do_deploy()
