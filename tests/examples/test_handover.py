# SPDX-License-Identifier: BSD-3-Clause
"""The hand-over, in each of its forms: run for real, and looked at."""

import json
import re
import socket
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from nbclient import NotebookClient

from nepi.experiment import Experiment
from nepi.formats import load
from nepi.runtime.runs import RunEntry, runs
from tests.examples.conftest import ROOT, RunExample

EXAMPLES = ROOT / "examples"
SIZE = 8 * 2**20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def the_notebook() -> Any:
    nbformat: Any = import_module("nbformat")  # it has no types
    return nbformat.read(EXAMPLES / "handover.ipynb", as_version=4)


def the_run() -> RunEntry:
    (entry,) = runs()
    return entry


def outcomes(entry: RunEntry) -> dict[str, str]:
    said: dict[str, Any] = json.loads((entry.directory / "run.json").read_text())
    return dict(said["resources"])


def records(entry: RunEntry) -> list[dict[str, Any]]:
    lines = (entry.directory / "events.jsonl").read_text().splitlines()[1:]
    return [json.loads(line) for line in lines]


def when(entry: RunEntry, name: str, state: str) -> float:
    """Return when the resource called *name* reached *state*."""
    said = records(entry)
    guid = next(r["guid"] for r in said if r["kind"] == "add" and r["name"] == name)
    reached = [r for r in said if r["kind"] == "reached" and r["guid"] == guid]
    return float(next(r["at"] for r in reached if r["state"] == state))


def test_the_script_prints_its_results_and_leaves_a_run(run_example: RunExample) -> None:
    done = run_example(EXAMPLES / "handover.py")
    assert (done.returncode, done.stderr) == (0, "")
    rows = dict(re.findall(r"^(\w[\w ]*?)  +(.+)$", done.stdout, re.MULTILINE))
    assert rows["received"] == f"{SIZE} B"
    assert rows["checksums"] == "the same"
    assert rows["round trips"].endswith("(0 % lost)")
    assert rows["watchdog"].startswith("failed, not critical: ")
    assert "exit code 3: nobody has fed me" in rows["watchdog"]
    entry = the_run()
    assert str(entry.directory) in done.stdout
    assert (entry.outcome, entry.exp_id) == ("completed", "handover")
    assert {path.name for path in entry.directory.iterdir()} >= {
        *("experiment.json", "run.json", "events.jsonl", "tables"),
        *("topology.svg", "timeline.svg", "data-2", "server-3", "client-4", "ping-5"),
    }
    sent = (entry.directory / "data-2" / "data.bin").read_bytes()
    assert (entry.directory / "server-3" / "got.bin").read_bytes() == sent
    assert len(sent) == SIZE
    said = json.loads((entry.directory / "run.json").read_text())
    assert said["hosts"] == ["localhost"]
    assert said["source"]["path"] == str(EXAMPLES / "handover.py")


def test_everything_happens_in_the_order_that_was_said(run_example: RunExample) -> None:
    assert run_example(EXAMPLES / "handover.py").returncode == 0
    entry = the_run()
    assert when(entry, "client", "STARTED") >= when(entry, "server", "STARTED") + 1
    assert when(entry, "ping", "STARTED") >= when(entry, "client", "STARTED")
    assert when(entry, "ping", "STOPPED") >= when(entry, "client", "STOPPED")
    ended = max(when(entry, name, "STOPPED") for name in ("server", "client"))
    assert when(entry, "checker", "STARTED") >= ended
    assert outcomes(entry) == {
        "here": "STARTED",
        "watchdog": "FAILED",
        **dict.fromkeys(("data", "server", "client", "ping", "checker"), "STOPPED"),
    }


def test_the_description_that_a_run_leaves_runs_again(
    run_example: RunExample, tmp_path: Path
) -> None:
    assert run_example(EXAMPLES / "handover.py").returncode == 0
    left = the_run().directory / "experiment.json"
    again = Experiment.load(left, overrides=(f"name=again{free_port()}",))
    assert again.save(tmp_path / "again.json").exists()
    text = "import sys; from nepi.experiment import Experiment\n"
    text += "with Experiment.load(sys.argv[1]) as exp:\n    exp.deploy(); exp.wait(timeout=60)"
    done = run_example("-c", text, left)
    assert (done.returncode, done.stderr) == (0, "")
    second = runs()[-1]
    assert (second.directory / "experiment.json").read_text() == left.read_text()
    sent = (second.directory / "data-2" / "data.bin").read_bytes()
    assert (second.directory / "server-3" / "got.bin").read_bytes() == sent


@pytest.mark.parametrize("name", ["handover.yaml", "handover.json"])
def test_the_description_copes_with_several_clients(name: str, run_example: RunExample) -> None:
    port = f"port={free_port()}"
    done = run_example(
        *("-c", "from nepi.cli import main; main()", "run", EXAMPLES / name),
        *("--set", "client.count=4", "--set", port, "--json"),
    )
    assert done.returncode == 0, done.stderr
    entry = the_run()
    clients = [f"client-{number}" for number in range(1, 5)]
    assert outcomes(entry) == {
        "here": "STARTED",
        "watchdog": "FAILED",
        **dict.fromkeys(("data", "server", *clients, "ping", "checker"), "STOPPED"),
    }
    sent = (entry.directory / "data-2" / "data.bin").read_bytes()
    assert (entry.directory / "server-3" / "got.bin").read_bytes() == 4 * sent
    assert json.loads(done.stdout.splitlines()[-1])["exit_code"] == 0


def test_yaml_and_json_say_the_same() -> None:
    assert load(EXAMPLES / "handover.yaml") == load(EXAMPLES / "handover.json")


def test_the_classic_script_does_the_same(run_example: RunExample) -> None:
    done = run_example(EXAMPLES / "handover_classic.py")
    assert done.returncode == 0, done.stderr
    assert f"received    {SIZE} B" in done.stdout
    assert "checksums   the same" in done.stdout
    assert "0% packet loss" in done.stdout
    assert "watchdog    FAILED nobody has fed me" in done.stdout


# The kernel warns that its own sockets are not encrypted, and its client of a loop not its own.
@pytest.mark.filterwarnings("default")
def test_the_notebook_runs_from_top_to_bottom(run_example: RunExample, tmp_path: Path) -> None:
    del run_example  # it has made the folder ready
    notebook = the_notebook()
    client = NotebookClient(
        notebook,
        timeout=90,
        kernel_name="python3",
        resources={"metadata": {"path": str(tmp_path)}},
    )
    client.execute()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    plain = [output["data"]["text/plain"] for output in shown if "data" in output]
    assert any("the checksums agree" in text for text in plain)
    assert any("image/svg+xml" in output.get("data", {}) for output in shown)
    assert all("text/html" in output["data"] for output in shown if "Table" in str(output))
    assert the_run().outcome == "completed"


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = the_notebook()
    assert all(not cell.get("outputs") for cell in notebook.cells)
