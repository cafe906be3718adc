# SPDX-License-Identifier: BSD-3-Clause
"""Random classic experiments, with random failures and random meddling, always end in order."""

import tempfile
import threading
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nepi.core.lifecycle import Step
from nepi.execution import carrier
from nepi.execution.ec import ExperimentController
from nepi.execution.resource import (
    ResourceAction,
    ResourceFactory,
    ResourceManager,
    ResourceState,
)
from tests.execution.kinds import Failing, Host, OneShot, Patient, Plain

STEPS = ["deploy", "start", "stop", "release", "never"]


class Watch:
    """Sees whether two steps of one resource ever run at once, or one after its release."""

    def __init__(self) -> None:
        self.inside: dict[int, int] = {}
        self.faults: list[str] = []
        self._lock = threading.Lock()

    def enter(self, rm: ResourceManager, step: Step) -> None:
        with self._lock:
            self.inside[rm.guid] = self.inside.get(rm.guid, 0) + 1
            if self.inside[rm.guid] > 1:
                self.faults.append(f"{step} of {rm.guid} while another step ran")
            if rm.state == ResourceState.RELEASED:
                self.faults.append(f"{step} of {rm.guid}, which is RELEASED")

    def leave(self, rm: ResourceManager) -> None:
        with self._lock:
            self.inside[rm.guid] -= 1


def watched(kind: type[ResourceManager], watch: Watch) -> str:
    """Register a type that is like *kind*, and watched."""

    class Watched(kind):  # type: ignore[valid-type,misc]
        _rtype = f"watched::{kind.__name__}"

        def perform(self, step: Step) -> None:
            watch.enter(self, step)
            try:
                super().perform(step)
            finally:
                watch.leave(self)

    ResourceFactory.register_type(Watched)
    return f"watched::{kind.__name__}"


def describe(ec: ExperimentController, rtypes: list[str], data: st.DataObject) -> list[int]:
    """Register resources that depend on earlier ones only, so that no wait is circular."""
    guids: list[int] = []
    for rtype in data.draw(st.lists(st.sampled_from(rtypes), min_size=1, max_size=8)):
        guid = ec.register_resource(rtype)
        ec.set(guid, "critical", data.draw(st.booleans()))
        if rtype.endswith("Failing"):
            ec.set(guid, "when", data.draw(st.sampled_from(STEPS)))
        for other in data.draw(st.sets(st.sampled_from(guids), max_size=2)) if guids else ():
            if rtype.endswith("Patient"):
                ec.register_connection(guid, other)
            else:
                action = data.draw(st.sampled_from([ResourceAction.START, ResourceAction.STOP]))
                state = data.draw(st.sampled_from([ResourceState.READY, ResourceState.STARTED]))
                ec.register_condition(guid, action, other, state)
        guids.append(guid)
    return guids


def meddle(ec: ExperimentController, guid: int, what: int) -> None:
    """Do to *guid* what a user may at any time."""
    with suppress(RuntimeError):  # what a step raises, whoever performs it
        if what == 0:
            ec.start(guid)
        elif what == 1:
            ec.stop(guid)
        elif what == 2:
            ec.schedule("1ms", ec.get_resource(guid).stop)
        else:
            ec.wait_started(guid, timeout=0.01)


@settings(max_examples=30)
@given(st.data())
def test_everything_ends_released_one_step_at_a_time(data: st.DataObject) -> None:
    watch = Watch()
    rtypes = [watched(kind, watch) for kind in (Plain, OneShot, Patient, Host, Failing)]
    with tempfile.TemporaryDirectory() as place, pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", place)
        patch.setattr(carrier, "PICTURED", 0)
        ec = ExperimentController("random", local_dir=place)
        try:
            guids = describe(ec, rtypes, data)
            acts = data.draw(
                st.lists(st.tuples(st.sampled_from(guids), st.integers(0, 3)), max_size=6)
            )
            ec.deploy(wait_all_ready=data.draw(st.booleans()))
            for act in acts:
                meddle(ec, *act)
            if len(acts) % 2:
                ec.release(guids[0])
            ec.wait_deployed(guids, timeout=0.02)
        finally:
            ec.shutdown()

        assert [ec.state(guid, hr=True) for guid in guids] == ["RELEASED"] * len(guids)
        assert watch.faults == []
