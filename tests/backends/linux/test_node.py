# SPDX-License-Identifier: BSD-3-Clause
"""`linux::Node`: this machine, and no other yet."""

import asyncio
import socket
from pathlib import Path

import pytest

from nepi.backends.linux import Node
from nepi.backends.linux.node import TearDownError
from nepi.resource import InvalidValueError, NotDeployedError
from tests.backends.linux.stage import PATIENCE, Stage, this_machine


@pytest.mark.parametrize(
    "hostname", ["localhost", "LOCALHOST.", "127.0.0.1", "127.1.2.3", "::1", socket.gethostname()]
)
def test_names_of_this_machine(hostname: str) -> None:
    assert Node("a", hostname=hostname).hostname == hostname


@pytest.mark.parametrize("hostname", ["", "elsewhere.example", "192.0.2.1", "1270.0.0.1"])
def test_another_machine_is_refused_at_once(hostname: str) -> None:
    with pytest.raises(InvalidValueError, match=r"SSH hosts come with a later release|too short"):
        Node("a", hostname=hostname)


def test_what_scripts_of_nepi_set() -> None:
    node = Node.draft()
    for name, value in {
        "hostname": "localhost",
        "cleanExperiment": True,
        "cleanProcesses": True,
        "tearDown": "true",
    }.items():
        node.set_classic(name, value)
    assert node.clean_experiment
    assert node.clean_processes
    assert node.tear_down == "true"


def test_before_it_is_provisioned_it_cannot_be_used() -> None:
    node = Node("here")
    with pytest.raises(NotDeployedError, match="'here' is not there yet: it has to be PROVISIONED"):
        _ = node.client
    asyncio.run(node.do_release())


def test_it_is_a_machine(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with this_machine(tmp_path) as (stage, node):
            done = await node.run(["echo", "hello"])
            assert done.text == "hello\n"
            assert Path(node.workspace(node)) == stage.directory(node.guid)
            assert (await node.which(["sh"]))["sh"] is not None
            assert (await node.facts()).system == "Linux"
            await node.do_release()

    asyncio.run(scenario())


def test_nodes_of_a_run_share_one_agent(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with this_machine(tmp_path) as (stage, node):
            other = Node("again")
            stage.enter(other)
            await other.do_provision()
            assert other.client is node.client

    asyncio.run(scenario())


def test_its_tear_down_is_run_when_it_is_released(tmp_path: Path) -> None:
    async def scenario() -> None:
        stage = Stage(folder=tmp_path)
        async with asyncio.timeout(PATIENCE):
            good = Node("good", tear_down=f"echo done > {tmp_path}/told")
            bad = Node("bad", tear_down="echo no such luck >&2; exit 3")
            for node in (good, bad):
                stage.enter(node)
                await node.do_provision()
            try:
                await good.do_release()
                with pytest.raises(TearDownError, match="'bad': tear_down: exit code 3: no such"):
                    await bad.do_release()
            finally:
                assert stage.machine is not None
                await stage.machine.close()
        assert (tmp_path / "told").read_text() == "done\n"

    asyncio.run(scenario())
