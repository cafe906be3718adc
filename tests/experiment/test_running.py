# SPDX-License-Identifier: BSD-3-Clause
"""Carrying an experiment out: deploy, wait, act, set, release, and what it leaves."""

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from nepi.core.deadlock import DeadlockError
from nepi.core.lifecycle import State
from nepi.experiment import (
    AbortedError,
    Experiment,
    OverError,
    Phase,
    ResourceFailedError,
    WaitTimeoutError,
)
from nepi.resource import FrozenAttributeError, InvalidValueError, NotDeployedError, Resource
from nepi.runtime.runs import RunStatus, runs
from tests.experiment.sample import App, Node, Plain

LONG = 20  # seconds: bites only when something is broken


def quiet(name: str = "x", **options: Any) -> Experiment:
    """An experiment without pictures, which take long to draw."""
    return Experiment(name, pictures=False, **options)


def state(resource: Resource) -> State:
    """Return where it is; asked through a function, it may differ the next time."""
    return resource.state


def carry_out(
    exp: Experiment,
    *apps: App,
    wait_for: str = "stopped",
    then: Callable[[], object] = lambda: None,
) -> None:
    """Add *apps*, deploy them, wait for that moment of each, do something."""
    with exp:
        for app in apps:
            exp.add(app)
        exp.deploy()
        exp.wait(*(getattr(app, wait_for) for app in apps), timeout=LONG)
        then()


def test_a_life_from_deploy_to_release() -> None:
    with quiet() as exp:
        app = exp.add(App(), on=exp.add(Node("here")))
        assert state(app) is State.NEW
        exp.deploy()
        exp.wait(app.started, timeout=LONG)
        assert exp.state == Phase.RUNNING
        app.end()
        exp.wait(app, timeout=LONG)
        assert state(app) is State.STOPPED
    assert state(app) is State.RELEASED
    assert app.done == ["provision", "deploy", "start", "release"]
    assert str(exp.state) == "over"


def test_the_run_leaves_its_directory(tmp_path: Path) -> None:
    with Experiment("whole") as exp:
        app = exp.add(App(name="app"), on=exp.add(Node("here")))
        exp.deploy()
        exp.wait(app.started, timeout=LONG)
        (living,) = runs()
        assert living.status is RunStatus.LIVING
        app.end()
        exp.wait(timeout=LONG)
    assert exp.run_dir == tmp_path / "runs" / "whole" / exp.run_id
    assert {path.name for path in exp.run_dir.iterdir()} >= {
        "experiment.json",
        "run.json",
        "events.jsonl",
        "tables",
        "topology.svg",
        "timeline.svg",
        "app-2",
    }
    said = json.loads((exp.run_dir / "run.json").read_text())
    assert (said["outcome"], said["resources"]) == (
        "completed",
        {"here": "STARTED", "app": "STOPPED"},
    )
    (over,) = runs()
    assert (over.status, over.outcome) == (RunStatus.OVER, "completed")


def test_conditions_hold_across_resources() -> None:
    with quiet() as exp:
        first, second, third = (exp.add(App()) for _ in range(3))
        second.start.after(first.stopped)
        third.stop.after(second.started)
        exp.deploy()
        exp.wait(third.started, timeout=LONG)
        assert state(second) is State.READY
        first.end()
        exp.wait(second.started, third, timeout=LONG)
        assert exp.time(second.started) >= exp.time(first.stopped)
        second.end()


def test_what_happens_at_a_date_happens_after_the_beginning() -> None:
    called = threading.Event()
    with quiet() as exp:
        app = exp.add(App())
        exp.at(0, app.set, pace=7)
        exp.at("1 ms", app.stop)
        exp.call_at(0, called.set)
        exp.deploy()
        exp.wait(app, timeout=LONG)
        assert called.wait(LONG)
        assert state(app) is State.STOPPED
        assert "pace=7.0" in app.done
        assert app.pace == 7.0
        assert exp.time(app.stopped) >= 0.001


def test_a_date_may_be_given_while_it_runs() -> None:
    called = threading.Event()
    with quiet() as exp:
        app = exp.add(App())
        exp.deploy()
        exp.wait(app.started, timeout=LONG)
        exp.call_at(0, called.set)
        exp.at(0, app.stop)
        exp.wait(app, timeout=LONG)
        assert called.wait(LONG)


def test_values_set_while_it_runs_are_carried_out_before_they_are_stored() -> None:
    with quiet() as exp:
        app, plain = exp.add(App()), exp.add(Plain())
        app.pace = 2
        app.set(pace=3)
        assert (app.pace, app.done) == (3.0, [])
        exp.deploy()
        exp.wait(app.started, plain.started, timeout=LONG)
        app.pace = 4
        app.set(pace=5)
        plain.size = 6
        assert app.done[-2:] == ["pace=4.0", "pace=5.0"]
        assert (app.pace, plain.size) == (5.0, 6)
        with pytest.raises(FrozenAttributeError):
            app.command = "late"
        with pytest.raises(InvalidValueError):
            plain.size = 0
        app.end()
    # The description tells of the experiment as it was meant to begin.
    attributes = exp.description().resources[0].attributes
    assert attributes == {"pace": 3.0}
    assert exp.description().resources[1].attributes == {}


def test_a_value_that_cannot_be_given_is_not_stored() -> None:
    with quiet() as exp:
        plain = exp.add(Plain())
        exp.deploy()
        exp.wait(plain.started, timeout=LONG)
        with pytest.raises(RuntimeError, match="not this one"):
            plain.size = 13
        assert plain.size == 1


def test_steps_can_be_acted_directly_and_a_stopped_resource_started_again() -> None:
    with quiet() as exp:
        app = exp.add(App())
        exp.deploy()
        exp.wait(app.started, timeout=LONG)
        app.stop()
        assert state(app) is State.STOPPED
        app.start()
        assert state(app) is State.STARTED
        app.end()
        exp.wait(app, timeout=LONG)
    assert app.done == ["provision", "deploy", "start", "stop", "start", "release"]


def test_acting_on_what_was_not_deployed_makes_it_known() -> None:
    with quiet() as exp:
        plain = exp.add(Plain())
        plain.discover()
        assert state(plain) is State.DISCOVERED
        plain.provision()
        assert state(plain) is State.PROVISIONED


def test_resources_may_be_added_to_a_running_experiment() -> None:
    with quiet() as exp:
        first = exp.add(App(name="first"), on=exp.add(Node("here")))
        exp.deploy()
        exp.wait(first.started, timeout=LONG)
        second = exp.add(App(name="second"), on=exp.resource("here"))
        second.start.after(first.stopped)
        exp.deploy(second)
        exp.wait(second.ready, timeout=LONG)
        assert state(second) is State.READY
        first.end()
        exp.wait(second.started, timeout=LONG)
        second.end()
        exp.wait(timeout=LONG)
    said = json.loads((exp.run_dir / "experiment.json").read_text())
    assert said["resources"]["second"]["start"] == {"after": "first.stopped"}


def test_a_condition_on_who_is_not_deployed_yet_waits_with_it() -> None:
    with quiet() as exp:
        first, second = exp.add(App()), exp.add(App())
        first.stop.after(second.started)
        exp.deploy(first)
        exp.wait(first.started, timeout=LONG)
        exp.deploy()
        exp.wait(first, timeout=LONG)
        second.end()


def test_a_circular_wait_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    exp = quiet()
    one, other = exp.add(App(name="one")), exp.add(App(name="other"))
    one.start.after(other.started)
    other.start.after(one.started)
    with pytest.raises(DeadlockError, match="circular wait"):
        exp.deploy()
    assert list(tmp_path.iterdir()) == []


def test_a_circular_wait_of_latecomers_is_refused_and_the_others_go_on() -> None:
    with quiet() as exp:
        first = exp.add(App(name="first"))
        exp.deploy()
        one, other = exp.add(App(name="one")), exp.add(App(name="other"))
        one.start.after(other.started)
        other.start.after(one.started)
        with pytest.raises(DeadlockError):
            exp.deploy()
        exp.wait(first.started, timeout=LONG)
        first.end()


# -- failures ---------------------------------------------------------------------------------


def test_a_critical_failure_raises_with_the_cause_and_the_last_words() -> None:
    exp, app = quiet(), App(name="app", failing="run", lasts=0)
    with pytest.raises(AbortedError) as told:
        carry_out(exp, app)
    text = str(told.value)
    assert "fake::App 'app' failed: it does not work" in text
    assert "it hurts" in text
    assert str(exp.run_dir) in text
    assert told.value.resource == "app"
    assert isinstance(told.value.__cause__, ResourceFailedError)
    assert "RuntimeError" in "".join(told.value.__cause__.__notes__)
    assert state(app) is State.RELEASED
    assert app.failure is not None
    assert json.loads((exp.run_dir / "run.json").read_text())["outcome"] == "failed"


def test_a_failing_step_is_named() -> None:
    with pytest.raises(AbortedError, match="failed in its deploy: it does not work"):
        carry_out(quiet(), App(failing="deploy"))


def test_a_failure_that_nobody_waited_for_is_told_at_the_end() -> None:
    heard = threading.Event()
    app = App(failing="deploy")

    def never_wait() -> None:
        with quiet() as exp:
            exp.add(app)
            exp.on(lambda records: heard.set() if "aborted" in kinds(records) else None)
            exp.deploy()
            assert heard.wait(LONG)

    with pytest.raises(AbortedError):
        never_wait()
    assert state(app) is State.RELEASED


def test_an_abort_that_was_told_is_told_once() -> None:
    with quiet() as exp:
        exp.add(App(failing="deploy"))
        exp.deploy()
        with pytest.raises(AbortedError):
            exp.wait(timeout=LONG)
    assert exp.state is Phase.OVER


def test_a_failure_that_is_not_critical_changes_nothing_for_others() -> None:
    with quiet() as exp:
        bad = exp.add(App(failing="start", critical=False))
        good = exp.add(App())
        good.start.after(bad.started)
        exp.deploy()
        exp.wait(bad, good.started, timeout=LONG)
        assert state(bad) is State.FAILED
        good.end()
        exp.wait(timeout=LONG)
    row = dict(exp.summary().where(resource="app").__iter__().__next__())
    assert str(row["failure"]).startswith("(not critical) ")


def test_on_failure_abort_leaves_everything_in_place() -> None:
    with quiet(on_failure="abort") as exp:
        good = exp.add(App(name="good"))
        bad = exp.add(App(name="bad", failing="start"))
        bad.start.after(good.started)
        exp.deploy()
        with pytest.raises(AbortedError):
            exp.wait(timeout=LONG)
        assert exp.state is Phase.ABORTED
        assert state(good) is State.STARTED
        with pytest.raises(AbortedError):
            exp.wait(good)
    assert state(good) is State.RELEASED


def test_a_wait_that_lasts_too_long_says_what_it_waited_for() -> None:
    with quiet() as exp:
        first, second = exp.add(App(name="first")), exp.add(App(name="second"))
        second.start.after(first.stopped)
        exp.deploy()
        exp.wait(first.started, timeout=LONG)
        with pytest.raises(WaitTimeoutError, match=r"second.*waits for.*first"):
            exp.wait(second.started, timeout=0.01)
        first.end()
        exp.wait(second.started, timeout=LONG)
        second.end()


def test_a_step_that_hangs_is_given_up_when_told_so() -> None:
    with pytest.raises(AbortedError, match=r"took longer than 0.05 s"):
        carry_out(quiet(), App(hanging="deploy", timeouts={"deploy": "50 ms"}))


def test_an_exception_in_the_block_passes_and_everything_is_released() -> None:
    exp, app = quiet(), App()

    def divide() -> None:
        _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        carry_out(exp, app, wait_for="started", then=divide)
    assert state(app) is State.RELEASED
    said = json.loads((exp.run_dir / "run.json").read_text())
    assert said["outcome"] == "failed"
    assert "ZeroDivisionError" in said["reason"]


@pytest.mark.parametrize(
    ("code", "outcome"), [(None, "completed"), (0, "completed"), (3, "failed")]
)
def test_a_script_that_exits_well_has_not_failed(code: int | None, outcome: str) -> None:
    exp = quiet()
    with pytest.raises(SystemExit):
        carry_out(exp, App(lasts=0), then=lambda: sys.exit(code))
    assert json.loads((exp.run_dir / "run.json").read_text())["outcome"] == outcome


def test_what_is_over_is_over() -> None:
    exp = quiet()
    exp.add(App(lasts=0))
    exp.deploy()
    exp.wait(timeout=LONG)
    exp.release()
    exp.release()
    exp.add(App())
    with pytest.raises(OverError, match="make another one"):
        exp.deploy()


def test_release_that_lasts_too_long_says_so_and_can_be_repeated() -> None:
    with quiet() as exp:
        app = exp.add(App(hanging="release", timeouts={"release": "2 s"}))
        exp.deploy()
        exp.wait(app.started, timeout=LONG)
        with pytest.raises(WaitTimeoutError):
            exp.release(timeout="10 ms")
        assert exp.state is Phase.RUNNING
    assert state(app) is State.RELEASED


def test_a_directory_that_cannot_be_made_is_told_and_the_run_over(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    exp = quiet(local_dir=tmp_path / "file")
    exp.add(App())
    with pytest.raises(Exception, match="Choose another directory"):
        exp.deploy()
    assert [entry.outcome for entry in runs()] == ["failed"]


# -- looking ----------------------------------------------------------------------------------


def kinds(records: Sequence[Mapping[str, Any]]) -> list[str]:
    return [record["kind"] for record in records]


def test_listeners_hear_everything_and_latecomers_what_was() -> None:
    early: list[str] = []
    late: list[str] = []
    with quiet() as exp:
        exp.on(lambda records: early.extend(kinds(records)))
        app = exp.add(App())
        exp.deploy()
        exp.wait(app.started, timeout=LONG)
        exp.on(lambda records: late.extend(kinds(records)))
        app.end()
        exp.wait(timeout=LONG)
    assert early[0] == "add"
    assert late[0] == "add"
    assert "run" in early
    assert "reached" in late


def test_what_was_measured_is_a_table() -> None:
    with quiet() as exp:
        exp.add(App(name="app", lasts=0))
        exp.deploy()
        exp.wait(timeout=LONG)
    table = exp.table("fake.sample")
    assert (table["resource"], table["value"]) == (["app"], [4])
    assert (exp.run_dir / "tables" / "fake.sample.csv").exists()


def test_the_summary_tells_how_far_each_came() -> None:
    with quiet() as exp:
        exp.add(App(name="app", lasts=0), on=exp.add(Node("here")))
        exp.deploy()
        exp.wait(timeout=LONG)
        exp.add(App(name="late"))
    summary = exp.summary()
    assert summary["state"] == ["STARTED", "STOPPED", "NEW"]
    assert summary["started"][2] is None
    with pytest.raises(ValueError, match="has not come yet"):
        exp.time(exp.resource("late").started)


def test_following_a_trace_ends_with_its_resource() -> None:
    with quiet() as exp:
        app = exp.add(App())
        exp.deploy()
        exp.wait(app.started, timeout=LONG)
        app.trace("stdout").path.write_bytes(b"hello")
        follower = iter(app.trace("stdout").follow())
        assert next(follower) == b"hello"
        app.end()
        assert list(follower) == []
        assert list(app.trace("stdout").follow()) == [b"hello"]
    assert list(app.trace("stdout").follow()) == [b"hello"]


# -- on a loop --------------------------------------------------------------------------------


def test_the_twins_on_a_loop_do_the_same() -> None:
    async def live() -> None:
        async with quiet() as exp:
            app = exp.add(App())
            exp.deploy()
            await exp.wait_aio(app.started, timeout=LONG)
            await app.set.aio(pace=9)
            await app.stop.aio()
            await exp.wait_aio(app)
            with pytest.raises(WaitTimeoutError):
                await exp.wait_aio(app.released, timeout=0.01)
            await exp.release_aio()
        assert app.done == ["provision", "deploy", "start", "pace=9.0", "stop", "release"]

    asyncio.run(live())


def test_an_abort_on_a_loop_is_raised_there() -> None:
    async def live() -> None:
        async with quiet() as exp:
            exp.add(App(failing="start"))
            exp.deploy()
            await exp.wait_aio(timeout=LONG)

    with pytest.raises(AbortedError):
        asyncio.run(live())


def test_waiting_wants_the_moment_itself() -> None:
    with quiet() as exp:
        app = exp.add(App())
        exp.deploy()
        with pytest.raises(ValueError, match="wait for the moment itself"):
            exp.wait(app.started + 1)
        other = quiet()
        with pytest.raises(Exception, match="in another experiment"):
            exp.wait(other.add(App()))
        with pytest.raises(NotDeployedError):
            exp.wait(exp.add(App()).started)
