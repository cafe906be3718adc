# SPDX-License-Identifier: BSD-3-Clause
"""The agent runs on whatever Python a machine has, and for whichever user."""

import asyncio
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from nepi.agent import directory
from nepi.hosts import PIPE, CommandNotFoundError, Job, Limits, package
from nepi.hosts.client import AgentClient, unix_socket
from nepi.hosts.local import LocalMachine
from tests.hosts.machines import PATIENCE, a_machine, agent_of, gone, kill, line, lives, new_run

NOBODY = 65534
NAMES = ["pypy3", "python3.9", "python3.10", "python3.12", "python3.13", "python3.14"]


def works(python: str) -> bool:
    """pyenv leaves names of versions that are not chosen."""
    return subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode == 0


PYTHONS = [path for name in NAMES if (path := shutil.which(name)) and works(path)]


@pytest.mark.skipif(not PYTHONS, reason="no other Python here; Debian's is the package pypy3")
@pytest.mark.parametrize("python", PYTHONS)
def test_another_python_runs_it(python: str, tmp_path: Path) -> None:
    async def whole() -> None:
        async with asyncio.timeout(PATIENCE), a_machine(python=python) as machine:
            await check(machine, tmp_path)

    asyncio.run(whole())


async def check(machine: LocalMachine, folder: Path) -> None:
    assert (await machine.run(["cat"], input=b"given")).stdout == b"given"
    with pytest.raises(CommandNotFoundError):
        await machine.spawn(Job(["no-such-command"]))
    limits = Limits(open_files=64)
    script = "ulimit -n; read x; echo got $x; exit 6"
    job = Job(["sh", "-c", script], stdin=PIPE, limits=limits, affinity=frozenset({0}), nice=1)
    process = await machine.spawn(job)
    assert await line(process) == "64"
    await kill(agent_of(machine.record))
    await process.write(b"it\n")
    assert b"".join([block async for block in process.follow(offset=3)]) == b"got it\n"
    assert (await process.wait()).code == 6
    daemon = await machine.spawn(Job(["sh", "-c", "setsid sleep 1000 & wait"]))
    await daemon.signal(signal.SIGUSR1)
    assert (await daemon.wait()).signal == signal.SIGUSR1
    await machine.files.put(bytes(600_000), folder / "zeros")
    assert (await machine.files.stat(folder / "zeros")).size == 600_000
    assert (await machine.facts()).cores >= 1
    await machine.close()
    assert not lives(machine.record.keeper)
    assert not machine.record.directory.exists()


@pytest.mark.root
def test_a_user_without_rights_has_an_agent(tmp_path: Path) -> None:
    """Begun as that user, by a Python that everybody may use."""
    python = "/usr/bin/python3"
    if not Path(python).exists():
        pytest.skip(f"no {python}")
    archive = package.install(tmp_path)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    archive.chmod(0o644)
    home = Path(directory.home(NOBODY))
    run, path = new_run(), home / "test-user"
    begun = subprocess.run(
        [python, "-I", "-S", archive, run, path],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        check=False,
        capture_output=True,
        cwd="/",
        timeout=PATIENCE,
    )
    assert begun.returncode == 0, begun.stdout
    assert home.stat().st_uid == NOBODY

    async def body() -> None:
        client = AgentClient(unix_socket(path / "socket"), run)
        told = await client.connect()
        assert (await client.run(["id", "-u"])).text == f"{NOBODY}\n"
        keeper = told["keeper"]
        assert isinstance(keeper, int)
        await client.shutdown()
        await gone(keeper)

    asyncio.run(body())
    assert not path.exists()
    if not list(home.iterdir()):
        home.rmdir()


def test_the_package_is_made_once(tmp_path: Path) -> None:
    first = package.install(tmp_path)
    assert first == package.install(tmp_path) == tmp_path / package.name()
    assert first.read_bytes() == package.packed()
    assert [one.name for one in tmp_path.iterdir()] == [first.name]


def test_packages_of_other_versions_do_not_pile_up(tmp_path: Path) -> None:
    old, new = tmp_path / "agent-1.pyz", tmp_path / "agent-2.pyz"
    old.touch()
    new.touch()
    os.utime(old, (0, 0))
    first = package.install(tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {first.name, new.name}
