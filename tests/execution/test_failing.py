# SPDX-License-Identifier: BSD-3-Clause
"""What fails: who else fails with it, what waits return, what is left for release and shutdown."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nepi.core.messages import Policy
from nepi.execution import carrier
from nepi.execution.ec import ECState, ExperimentController, FailureLevel
from nepi.execution.resource import ResourceAction, ResourceFactory, ResourceState
from nepi.runtime.engine import Engine
from nepi.runtime.errors import EngineError, EngineThreadError, JournalError
from tests.execution.conftest import Make
from tests.execution.kinds import LIMIT, Diary, Plain


@pytest.mark.parametrize("step", ["deploy", "start"])
def test_a_critical_failure_ends_the_waits_and_leaves_everything_in_place(
    ec: ExperimentController, diary: Diary, step: str
) -> None:
    other = ec.register_resource("test::Plain")
    ec.deploy(other)
    ec.wait_started(other, timeout=LIMIT)
    bad = ec.register_resource("test::Failing", when=step)
    ec.deploy(bad)

    seen = ec.wait_finished([bad, other], timeout=LIMIT)

    assert seen == {bad: ResourceState.FAILED, other: ResourceState.STARTED}
    assert ec.abort
    assert ec.failure_level == FailureLevel.RM_FAILURE
    assert ec.ecstate == ECState.RUNNING
    assert diary.of(bad)[-1] == "fail"
    assert "stop" not in diary.of(other)
    assert "release" not in diary.of(other)
    ec.shutdown()
    assert ec.state(bad, hr=True) == ec.state(other, hr=True) == "RELEASED"
    run = Path(ec.run_dir)
    failed = [
        line
        for line in map(json.loads, (run / "events.jsonl").read_text().splitlines())
        if line["kind"] == "aborted"
    ]
    assert [(line["guid"], line["failure"]["message"]) for line in failed] == [
        (bad, f"no luck with {step}")
    ]


def test_nothing_begins_after_an_abort(
    ec: ExperimentController, caplog: pytest.LogCaptureFixture
) -> None:
    bad = ec.register_resource("test::Failing")
    late = ec.register_resource("test::Plain")
    ec.deploy(bad)
    ec.wait_started(bad, timeout=LIMIT)

    ec.deploy(late)
    ec.wait_started(late, timeout=LIMIT)

    assert ec.state(late) == ResourceState.NEW
    assert "aborted" in caplog.text


def test_a_non_critical_failure_is_no_reason_to_stop(ec: ExperimentController) -> None:
    bad = ec.register_resource("test::Failing", critical=False)
    after = ec.register_resource("test::OneShot")
    ec.register_condition(after, ResourceAction.START, bad, ResourceState.STARTED)

    ec.deploy()
    seen = ec.wait_finished([bad, after], timeout=LIMIT)

    assert seen == {bad: ResourceState.FAILED, after: ResourceState.STOPPED}
    assert not ec.abort


def test_who_waits_for_a_critical_failure_fails_with_its_reason(
    ec: ExperimentController, diary: Diary, caplog: pytest.LogCaptureFixture
) -> None:
    bad = ec.register_resource("test::Failing")
    after = ec.register_resource("test::Plain")
    ec.register_condition(after, ResourceAction.START, bad, ResourceState.STARTED)
    ec.deploy()
    ec.wait(after, ResourceState.FAILED, quit=lambda: False, timeout=LIMIT)

    assert ec.state(after, hr=True) == "FAILED"
    assert ec.get_failed_time(after) is not None
    assert "no luck with start" in caplog.text
    assert "start" not in diary.of(after)


def test_a_type_that_fails_itself_needs_no_exception(
    ec: ExperimentController, diary: Diary
) -> None:
    """NEPI hung when a step called fail() itself."""

    class Honest(Plain):
        _rtype = "test::Honest"

        def do_deploy(self) -> None:
            self.fail()

    ResourceFactory.register_type(Honest)
    guid = ec.register_resource("test::Honest")
    ec.deploy()
    ec.wait_deployed(guid, timeout=LIMIT)

    assert ec.state(guid, hr=True) == "FAILED"
    assert ec.abort
    assert diary.of(guid) == ["fail"]


def test_a_thread_of_the_type_may_say_that_it_failed(ec: ExperimentController) -> None:
    guid = ec.register_resource("test::Plain")
    ec.deploy()
    ec.wait_started(guid, timeout=LIMIT)

    threading.Thread(target=ec.get_resource(guid).fail).start()
    ec.wait_finished(guid, timeout=LIMIT)

    assert ec.state(guid, hr=True) == "FAILED"


def test_a_failing_release_is_a_release_all_the_same(
    ec: ExperimentController, caplog: pytest.LogCaptureFixture
) -> None:
    guid = ec.register_resource("test::Failing", when="release")
    ec.deploy()
    ec.wait_started(guid, timeout=LIMIT)

    ec.release()

    assert ec.state(guid, hr=True) == "RELEASED"
    assert "no luck with release" in caplog.text


def test_a_stuck_step_does_not_keep_a_shutdown(
    make_ec: Make,
    diary: Diary,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is given a grace, then given up; its resource is released elsewhere, once."""
    monkeypatch.setattr(carrier, "POLICY", Policy(grace=0.05))
    ec = make_ec()
    guid = ec.register_resource("test::Held")
    rm = ec.get_resource(guid)
    gate = rm.hold("deploy")
    ec.deploy()
    assert rm.inside.wait(LIMIT)

    ec.shutdown()

    assert ec.state(guid, hr=True) == "RELEASED"
    assert "released before its deploy had ended" in caplog.text
    gate.set()
    assert diary.of(guid) == ["release"]


def test_an_error_in_a_timed_set_hurts_nobody(
    ec: ExperimentController, caplog: pytest.LogCaptureFixture
) -> None:
    guid = ec.register_resource("test::Plain")
    ec.set_with_conditions("speed", 1000, guid, guid, ResourceState.STARTED)
    ec.deploy()
    ec.wait_started(guid, timeout=LIMIT)
    done = threading.Event()
    ec.schedule("20ms", done.set)
    assert done.wait(LIMIT)

    assert ec.get(guid, "speed") == 1
    assert "from 0 to 100" in caplog.text
    assert not ec.abort


def test_waiting_on_the_engines_own_thread_is_refused(ec: ExperimentController) -> None:
    found: list[Exception] = []
    done = threading.Event()
    guid = ec.register_resource("test::Plain")

    async def wrong() -> None:
        try:
            ec.wait_started(guid)
        except EngineThreadError as error:
            found.append(error)
        done.set()

    ec.schedule("0s", wrong)

    assert done.wait(LIMIT)
    assert "wait_aio" in str(found[0])


def test_a_second_ctrl_c_waits_for_nobody_any_more(ec: ExperimentController, diary: Diary) -> None:
    here, gate = threading.get_ident(), threading.Event()

    class Stubborn(Plain):
        _rtype = "test::Stubborn"

        def do_release(self) -> None:
            signal.pthread_kill(here, signal.SIGINT)
            assert gate.wait(LIMIT)

    ResourceFactory.register_type(Stubborn)
    guid = ec.register_resource("test::Stubborn")
    ec.deploy()
    ec.wait_started(guid, timeout=LIMIT)
    ec.schedule("20ms", lambda: signal.pthread_kill(here, signal.SIGINT))

    with pytest.raises(KeyboardInterrupt):
        ec.wait_finished(guid, timeout=LIMIT)

    assert not gate.is_set()
    gate.set()
    assert ec.state(guid, hr=True) == "RELEASED"
    assert ec.ecstate == ECState.TERMINATED
    assert diary.of(guid) == ["deploy", "start"]


def test_an_engine_that_cannot_go_on_does_not_keep_a_shutdown(
    ec: ExperimentController,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    guid = ec.register_resource("test::Plain")
    ec.deploy()
    ec.wait_started(guid, timeout=LIMIT)

    def broken() -> None:
        raise EngineError("it has failed")

    monkeypatch.setattr(ec, "release", broken)
    ec.shutdown()

    assert ec.ecstate == ECState.TERMINATED
    assert "not everything could be released: it has failed" in caplog.text


def test_a_journal_that_cannot_be_written_is_a_failure_of_the_controller(
    ec: ExperimentController, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = JournalError("no space left")
    monkeypatch.setattr(Engine, "trouble", property(lambda _: trouble))

    assert ec.failure_level == FailureLevel.EC_FAILURE
    assert ec.ecstate == ECState.FAILED


def test_a_script_that_forgets_to_shut_down_is_helped(tmp_path: Path) -> None:
    script = (
        "from nepi.execution.ec import ExperimentController\n"
        "from nepi.execution.resource import ResourceManager\n"
        f"ec = ExperimentController('forgot', local_dir={str(tmp_path)!r})\n"
        "guid = ec.register_resource('Resource')\n"
        "ec.deploy()\n"
        "ec.wait_started(guid)\n"
        "print(ec.run_dir)\n"
    )
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")}

    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert "without shutdown()" in done.stderr
    run = Path(done.stdout.strip())
    assert '"state":"RELEASED"' in (run / "events.jsonl").read_text()
    assert json.loads((run / "run.json").read_text())["outcome"] == "completed"


def test_ctrl_c_in_a_wait_is_an_orderly_release(ec: ExperimentController) -> None:
    guid = ec.register_resource("test::Plain")
    ec.deploy()
    ec.wait_started(guid, timeout=LIMIT)
    here = threading.get_ident()
    ec.schedule("20ms", lambda: signal.pthread_kill(here, signal.SIGINT))

    with pytest.raises(KeyboardInterrupt):
        ec.wait_finished(guid, timeout=LIMIT)

    assert ec.state(guid, hr=True) == "RELEASED"
    assert ec.ecstate == ECState.TERMINATED
