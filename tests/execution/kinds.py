# SPDX-License-Identifier: BSD-3-Clause
"""Resource types as NEPI users write them, and what they tell a test about what happened."""

import threading
from collections.abc import Callable
from typing import Any, ClassVar

from nepi.execution.attribute import Attribute, Flags, Types
from nepi.execution.resource import (
    ResourceFactory,
    ResourceManager,
    ResourceState,
    clsinit_copy,
    failtrap,
)
from nepi.execution.trace import Trace

LIMIT = 20.0
"""Seconds after which a test that hangs fails; nothing ever takes that long."""


class Diary:
    """What the resources of one test did, in the order in which they did it."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, str]] = []

    def note(self, rm: ResourceManager, what: str) -> None:
        self.entries.append((rm.guid, what))

    def of(self, guid: int) -> list[str]:
        return [what for who, what in self.entries if who == guid]

    def index(self, guid: int, what: str) -> int:
        return self.entries.index((guid, what))


@clsinit_copy
class Plain(ResourceManager):
    """Does nothing, and says so in the diary."""

    _rtype = "test::Plain"
    _help = "Does nothing"
    _platform = "test"

    diary: ClassVar[Diary] = Diary()
    told: Callable[[], object] | None = None
    """Called when one of its attributes was set."""

    def set(self, name: str, value: Any) -> None:
        super().set(name, value)
        if self.told:
            self.told()

    @classmethod
    def _register_attributes(cls) -> None:
        cls._register_attribute(
            Attribute("speed", "How fast", type=Types.Integer, default=1, range=(0, 100))
        )
        cls._register_attribute(Attribute("place", "Where", default="here", flags=Flags.Design))
        cls._register_attribute(Attribute("fixed", "Found out", flags=Flags.NoWrite, default=7))
        cls._register_attribute(Attribute("hidden", "Not yours", flags=Flags.NoRead))

    @classmethod
    def _register_traces(cls) -> None:
        cls._register_trace(Trace("noise", "What was heard"))

    def do_deploy(self) -> None:
        self.diary.note(self, "deploy")
        super().do_deploy()

    def do_start(self) -> None:
        self.diary.note(self, "start")
        super().do_start()

    def do_stop(self) -> None:
        self.diary.note(self, "stop")
        super().do_stop()

    def do_release(self) -> None:
        self.diary.note(self, "release")
        super().do_release()

    def do_fail(self) -> None:
        self.diary.note(self, "fail")
        super().do_fail()


@clsinit_copy
class OneShot(Plain):
    """Stops as soon as it was started."""

    _rtype = "test::OneShot"

    def do_start(self) -> None:
        super().do_start()
        self.ec.schedule("0s", self.stop)


@clsinit_copy
class Patient(Plain):
    """Waits in its deploy until all it is connected to is READY; released before that is."""

    _rtype = "test::Patient"
    # So long that no test can pass because of it.
    _reschedule_delay = "1h"

    def do_deploy(self) -> None:
        if any(rm.state < ResourceState.READY for rm in self.get_connected()):
            self.diary.note(self, "wait")
            self.ec.schedule(self.reschedule_delay, self.deploy)
            return
        super().do_deploy()


@clsinit_copy
class Host(Plain):
    """Is released after all it is connected to, as nodes are."""

    _rtype = "test::Host"
    _reschedule_delay = "1h"

    def do_release(self) -> None:
        if any(rm.state < ResourceState.RELEASED for rm in self.get_connected()):
            self.ec.schedule(self.reschedule_delay, self.release)
            return
        super().do_release()


@clsinit_copy
class Failing(Plain):
    """Fails in the step that its attribute names."""

    _rtype = "test::Failing"

    @classmethod
    def _register_attributes(cls) -> None:
        cls._register_attribute(Attribute("when", "The step that fails", default="start"))

    def _may_fail(self, step: str) -> None:
        if self.get("when") == step:
            raise RuntimeError(f"no luck with {step}")

    @failtrap
    def do_deploy(self) -> None:
        self._may_fail("deploy")
        super().do_deploy()

    def do_start(self) -> None:
        self._may_fail("start")
        super().do_start()

    def do_stop(self) -> None:
        self._may_fail("stop")
        super().do_stop()

    def do_release(self) -> None:
        self._may_fail("release")
        super().do_release()


@clsinit_copy
class Held(Plain):
    """Goes on in its steps when the test says so: in those it has a gate for."""

    _rtype = "test::Held"

    def __init__(self, ec: Any, guid: int) -> None:
        super().__init__(ec, guid)
        self.gates: dict[str, threading.Event] = {}
        self.inside = threading.Event()

    def hold(self, step: str) -> threading.Event:
        return self.gates.setdefault(step, threading.Event())

    def _pass(self, step: str) -> None:
        gate = self.gates.get(step)
        if gate is not None:
            self.inside.set()
            assert gate.wait(LIMIT)

    def do_deploy(self) -> None:
        self._pass("deploy")
        super().do_deploy()

    def do_start(self) -> None:
        self._pass("start")
        super().do_start()

    def do_stop(self) -> None:
        super().do_stop()
        self._pass("stop")


def register_all() -> Diary:
    """Make the types known; return a fresh diary."""
    for kind in (Plain, OneShot, Patient, Host, Failing, Held):
        ResourceFactory.register_type(kind)
    Plain.diary = Diary()
    return Plain.diary
