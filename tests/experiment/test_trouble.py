# SPDX-License-Identifier: BSD-3-Clause
"""Trouble: callbacks that fail, waits on the engine's own thread, a disk that is full."""

import subprocess
from collections.abc import Generator
from pathlib import Path

import pytest

from nepi.core.lifecycle import State
from nepi.experiment import AbortedError, Experiment
from nepi.resource import Resource, internal, resource
from nepi.runtime.errors import EngineThreadError
from nepi.runtime.runs import runs
from tests.experiment.sample import App

LONG = 20


@resource("fake::Nested")
class Nested(Resource):
    """Does with its experiment, on the engine's thread, what may not be done there."""

    _exp: Experiment | None = internal(default=None)
    _errors: list[Exception] = internal(factory=list)

    def within(self, exp: Experiment) -> "Nested":
        self._exp = exp
        return self

    @property
    def errors(self) -> list[str]:
        return [str(error) for error in self._errors]

    def _wait(self) -> None:
        assert self._exp is not None
        self._exp.wait(self)

    async def do_start(self) -> None:
        assert self._exp is not None
        for call in (self._wait, self._exp.release, self._exp.deploy):
            try:
                call()
            except EngineThreadError as error:
                self._errors.append(error)


@resource("fake::Spawning")
class Spawning(Resource):
    """Adds a resource while it is started."""

    _exp: Experiment | None = internal(default=None)

    def within(self, exp: Experiment) -> "Spawning":
        self._exp = exp
        return self

    async def do_start(self) -> None:
        assert self._exp is not None
        await self._exp.deploy_aio(self._exp.add(App(name="spawned")))


def test_what_would_wait_for_itself_says_what_to_write_instead() -> None:
    with Experiment(pictures=False) as exp:
        nested = exp.add(Nested().within(exp))
        exp.deploy()
        exp.wait(nested.started, timeout=LONG)
    assert [error.partition(" was called")[0] for error in nested.errors] == [
        "exp.wait()",
        "exp.release()",
        "exp.deploy()",
    ]
    assert "write `await exp.wait_aio(...)` there" in nested.errors[0]


def test_a_step_may_add_and_deploy_by_the_twin() -> None:
    with Experiment(pictures=False) as exp:
        spawning = exp.add(Spawning().within(exp))
        exp.deploy()
        exp.wait(spawning.started, timeout=LONG)
        spawned = exp.resource("spawned")
        exp.wait(spawned.started, timeout=LONG)
        assert isinstance(spawned, App)
        spawned.end()


def test_a_listener_that_fails_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("no ears")

    with Experiment(pictures=False) as exp:
        exp.on(fail)
        exp.add(App(lasts=0))
        exp.deploy()
        exp.wait(timeout=LONG)
    assert "no ears" in caplog.text
    assert "no ears" in (exp.run_dir / "events.jsonl").read_text()


def test_a_dated_function_that_fails_hurts_nobody(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("no hands")

    with Experiment(pictures=False) as exp:
        app = exp.add(App())
        exp.call_at(0, fail)
        exp.at("1 ms", app.stop)
        exp.deploy()
        exp.wait(timeout=LONG)
    assert "no hands" in caplog.text


def test_records_that_cannot_be_read_are_told_and_the_rest_is_kept(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(App):
        def records(self) -> list[object]:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
            raise RuntimeError("no words")

    with Experiment(pictures=False) as exp:
        exp.add(Broken(name="broken", lasts=0))
        exp.add(App(name="good", lasts=0))
        exp.deploy()
        exp.wait(timeout=LONG)
    assert "'broken': its records cannot be read: no words" in capsys.readouterr().err
    assert "no words" in caplog.text
    assert exp.table("fake.sample")["resource"] == ["good"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Generator[Path]:
    """Give a file system of 256 KiB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=256k", "nepi-test", str(place)]
    if subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.mark.root
def test_a_full_disk_aborts_the_run_and_releases_everything(
    small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def fill() -> None:
        try:
            (small_disk / "filling").write_bytes(bytes(1 << 20))
        except OSError:
            return

    exp = Experiment(pictures=False, local_dir=small_disk)
    app = exp.add(App(name="app"))
    with pytest.raises(AbortedError, match=r"cannot write the journal.*make room there"), exp:
        deploy_and(exp, app, fill)
    assert app.state is State.RELEASED
    assert "could not be written" in capsys.readouterr().err
    assert [entry.outcome for entry in runs()] == ["failed"]


def deploy_and(exp: Experiment, app: App, then: "object") -> None:
    exp.deploy()
    exp.wait(app.started, timeout=LONG)
    assert callable(then)
    then()
    for number in range(1000):  # until the page that the journal has begun is full
        app.set(pace=number)
    exp.wait(app, timeout=LONG)
