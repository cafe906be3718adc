# SPDX-License-Identifier: BSD-3-Clause
"""Plans: what is expected when and why, and that nothing is touched for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nepi.experiment import Experiment
from nepi.planning import Plan, PlanningError, plan, plan_of
from nepi.resource import MissingConnectionError
from tests.experiment.sample import App, Node, Picky, Plain

ROOT = Path(__file__).parent.parent.parent


def steps(found: Plan) -> list[tuple[str, str, str]]:
    return [(row.expected, row.step, row.resource) for row in found.rows]


def test_steps_are_dated_from_when_all_are_ready() -> None:
    exp = Experiment("planned")
    app = exp.add(App(name="app", lasts=5), on=exp.add(Node("here")))
    exp.at("2 s", app.set, pace=3)
    found = steps(plan_of(exp))
    assert sorted(found, key=lambda step: float(step[0].split()[0])) == found
    assert sorted(found[2:4]) == [("0.000 s", "start", "app"), ("0.000 s", "start", "here")]
    assert found[:2] + found[4:] == [
        ("-1.000 s", "provision", "app"),
        ("-1.000 s", "deploy", "app"),
        ("2.000 s", "set pace", "app"),
        ("5.000 s", "ends", "app"),
    ]


def test_what_nobody_knows_is_marked_and_what_follows_counts_from_there() -> None:
    exp = Experiment()
    first, second = exp.add(App(name="first")), exp.add(App(name="second", lasts=1))
    second.start.after(first.stopped, delay="3 s")
    found = plan_of(exp)
    assert steps(found)[4:] == [
        ("0.000 s", "start", "first"),
        ("?1", "ends", "first"),
        ("?1 + 3.000 s", "start", "second"),
        ("?1 + 4.000 s", "ends", "second"),
    ]
    assert found.eras == ("when first has ended",)
    starts = {row.resource: row for row in found.rows if row.step == "start"}
    assert starts["first"].because == ("all are READY",)
    assert starts["second"].because == ("3 s after first is STOPPED",)
    assert (starts["first"].duration, starts["second"].duration) == ("?", "1 s")


def test_who_is_stopped_by_a_condition_does_not_end_by_itself() -> None:
    exp = Experiment()
    worker, watcher = exp.add(App(name="worker", lasts=2)), exp.add(App(name="watcher"))
    watcher.stop.after(worker.stopped)
    found = plan_of(exp)
    assert steps(found)[-2:] == [("2.000 s", "ends", "worker"), ("2.000 s", "stop", "watcher")]
    assert found.rows[-1].because == ("worker is STOPPED",)


def test_dated_steps_are_played_and_functions_named() -> None:
    exp = Experiment()
    app = exp.add(App(name="app"))
    exp.at(4, app.stop)
    exp.call_at(1, print)
    found = plan_of(exp)
    assert steps(found)[-1] == ("4.000 s", "stop", "app")
    assert found.rows[-1].because == ("4 s after t = 0",)
    assert found.notes == ("Not played: call_at 1: print.",)


def test_what_never_ends_is_said() -> None:
    exp = Experiment()
    exp.add(Node("here"))
    exp.add(Plain(name="plain"))
    assert plan_of(exp).endless == ("here", "plain")


def test_the_text_puts_alike_steps_on_one_line() -> None:
    exp = Experiment("many")
    for number in range(6):
        exp.add(App(name=f"app-{number}", lasts=1))
    text = plan_of(exp).text()
    assert "app-0, app-1, app-2, app-3 and 2 more" in text
    assert text.endswith("Nothing was touched.")
    assert text.count("start") == 1


def test_a_plan_is_data() -> None:
    exp = Experiment("planned")
    first, second = exp.add(App(name="first")), exp.add(App(name="second", lasts=1))
    second.start.after(first.stopped)
    data = plan_of(exp).as_data()
    assert data["resources"] == {"first": "fake::App", "second": "fake::App"}
    assert data["unknown"] == {"?1": "when first has ended"}
    assert data["steps"][-1] == {
        "resource": "second",
        "guid": 2,
        "step": "ends",
        "time": None,
        "after_unknown": "?1",
        "offset": 1.0,
        "takes": 0.0,
        "because": ["by itself"],
    }


def test_only_those_are_planned_that_are_deployed_first(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, nepi\n"
        "from tests.experiment.sample import App\n"
        "print('words', *sys.argv[1:])\n"
        "exp = nepi.Experiment('two')\n"
        "first = exp.add(App(name='first', lasts=1))\n"
        "exp.add(App(name='second'))\n"
        "exp.deploy(first, wait_all_ready=False)\n"
        "raise AssertionError\n"
    )
    found = plan(script, ("a",), ("first.lasts=3",))
    assert {row.resource for row in found.rows} == {"first"}
    # Where nobody waits for all, t = 0 is when deploy() is called; a second later it is READY.
    assert steps(found)[-1] == ("4.000 s", "ends", "first")


def test_what_is_wrong_is_told_as_deploy_would(tmp_path: Path) -> None:
    exp = Experiment()
    exp.add(Picky())
    with pytest.raises(MissingConnectionError):
        plan_of(exp)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import nepi\nnepi.Experiment()", "never deploys an experiment"),
        ("raise SystemExit('no luck')", r"ended \(no luck\) before it deployed anything"),
    ],
)
def test_a_script_that_deploys_nothing_has_no_plan(text: str, said: str, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(text)
    with pytest.raises(PlanningError, match=said):
        plan(script)
    with pytest.raises(PlanningError, match="there is no script"):
        plan(tmp_path / "missing.py")


def test_no_script_can_catch_the_interception(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import nepi\n"
        "from tests.experiment.sample import App\n"
        "with nepi.Experiment('x') as exp:\n"
        "    exp.add(App(name='app', lasts=1))\n"
        "    try:\n"
        "        exp.deploy()\n"
        "    except Exception:\n"
        "        pass\n"
        "    raise AssertionError\n"
    )
    assert len(plan(script).resources) == 1


# What Python's own audit tells of, in a process of its own: files written, processes, folders.
WATCHED = """
import sys

TOUCHING = {"subprocess.Popen", "os.posix_spawn", "os.fork", "os.mkdir", "os.rename", "os.remove",
            "os.symlink", "os.truncate", "os.kill", "socket.connect", "os.exec", "os.system"}
touched = []

def watch(event, arguments):
    if event == "open" and (arguments[2] or 0) & (1 | 2 | 64) and arguments[0] != "/dev/null":
        touched.append((event, arguments))
    elif event in TOUCHING:
        touched.append((event, arguments))

from nepi.planning import plan
sys.addaudithook(watch)
plan(sys.argv[1])
sys.exit(str(touched) if touched else 0)
"""


@pytest.mark.parametrize("name", ["handover.py", "handover.yaml", "handover.json"])
def test_planning_an_example_touches_nothing(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-c", WATCHED, ROOT / "examples" / name],
        cwd=tmp_path,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state"), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_the_plan_of_the_handover_tells_its_order() -> None:
    found = plan(ROOT / "examples" / "handover.yaml", overrides=("client.count=3",))
    assert len(found.resources) == 9
    starts = [row.resource for row in found.rows if row.step == "start"]
    assert starts == [
        *("here", "data", "server", "client-1", "client-2", "client-3"),
        *("ping", "watchdog", "checker"),
    ]
    client = next(row for row in found.rows if (row.resource, row.step) == ("client-1", "start"))
    assert client.because == ("1 s after server is STARTED",)
    assert client.expected == "?1 + 1.000 s"
