# SPDX-License-Identifier: BSD-3-Clause
import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from nepi.cli import machine, probing, programs
from nepi.cli.doctor import doctor
from nepi.cli.finding import Finding
from nepi.hosts import leftovers
from nepi.hosts.local import LocalMachine


def found(name: str) -> Finding:
    return next(finding for finding in machine.look() if finding.name == name)


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def only_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def tool(name: str) -> Finding:
    return next(finding for finding in programs.programs() if finding.name == name)


def test_a_program_that_is_not_there_is_told_with_the_command_that_brings_it(
    only_path: Path,
) -> None:
    program(only_path, "apt", "")
    finding = tool("tcpdump")
    assert (finding.verdict, finding.needed_for) == ("missing", "capturing packets")
    assert finding.remedy.endswith("apt install tcpdump")


def test_each_distribution_has_its_own_names(only_path: Path) -> None:
    program(only_path, "dnf", "")
    assert tool("ping").remedy.endswith("dnf install iputils")


@pytest.mark.usefixtures("only_path")
def test_without_a_known_package_tool_the_package_is_named() -> None:
    assert tool("dot").remedy == "install the package graphviz"


def test_a_ping_that_may_not_ping_is_not_good_enough(only_path: Path) -> None:
    program(only_path, "ping", "echo 'ping: socket: Operation not permitted'; exit 2")
    finding = tool("ping")
    assert finding.verdict == "limited"
    assert "Operation not permitted" in finding.found
    assert "setcap cap_net_raw+ep" in finding.remedy


def test_a_netcat_of_another_kind_is_not_good_enough(only_path: Path) -> None:
    program(only_path, "nc", "echo '[v1.10-47] connect to somewhere'")
    assert tool("nc").verdict == "limited"


def test_a_program_that_hangs_is_not_waited_for_long(
    only_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(only_path, "ping", "exec /bin/sleep 1000")
    monkeypatch.setattr(programs, "PATIENCE", 0.1)
    assert tool("ping").verdict == "limited"


def tried(why: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    both = {"user namespace": "", "network namespace": ""}
    monkeypatch.setattr(machine, "_tried", lambda: {**both, **why})


def test_a_discipline_the_kernel_lacks_limits_but_does_not_miss(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried({"qdisc netem": os.strerror(2)}, monkeypatch)
    finding = found("qdisc netem")
    assert (finding.verdict, finding.found) == ("limited", "not in this kernel")
    assert "modprobe sch_netem" in finding.remedy


def test_one_kind_of_namespace_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    tried({"network namespace": "Operation not permitted"}, monkeypatch)
    assert found("network namespace").verdict == "limited"
    assert found("user namespace").verdict == "ok"


def test_no_namespaces_at_all_is_told_with_the_setting_that_allows_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    no = "Operation not permitted"
    tried({"network namespace": no, "user namespace": no}, monkeypatch)
    restricted = tmp_path / "apparmor_restrict_unprivileged_userns"
    restricted.write_text("1\n")
    monkeypatch.setattr(machine, "APPARMOR", restricted)
    finding = found("user namespace")
    assert finding.verdict == "missing"
    assert finding.remedy == "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"


def test_an_agent_that_does_not_answer_is_missing_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun: list[LocalMachine] = []

    async def no_answer(self: LocalMachine, *_: object) -> None:
        begun.append(self)
        await asyncio.Event().wait()

    monkeypatch.setattr(LocalMachine, "run", no_answer)
    monkeypatch.setattr(machine, "PATIENCE", 1.0)
    finding = found("agent")
    assert (finding.verdict, finding.required) == ("missing", True)
    assert "no answer within 1 s" in finding.found
    (record,) = [each.record for each in begun]
    assert not leftovers.look(record)


def test_the_probe_leaves_no_trace_and_tells_all(tmp_path: Path) -> None:
    before = Path("/proc/self/ns/net").readlink()
    argv = [sys.executable, "-I", probing.__file__]
    done = subprocess.run(argv, capture_output=True, cwd=tmp_path, timeout=60, check=True)
    told = json.loads(done.stdout)
    assert {"user namespace", "network namespace"} <= told.keys()
    assert Path("/proc/self/ns/net").readlink() == before
    assert not list(tmp_path.iterdir())


def test_without_room_for_runs_something_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEPI_LOCAL_DIR", "/proc/nepi-runs")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert not doctor()
    told = capsys.readouterr().out
    assert "missing  run directory" in told
    assert "export NEPI_LOCAL_DIR=DIRECTORY" in told


def test_the_report_for_programs_has_every_finding(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NEPI_LOCAL_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert doctor(as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert {each["name"] for each in told} >= {"python", "agent", "kernel", "ping", "open files"}
    assert all(each["verdict"] == "ok" or each["remedy"] for each in told)
