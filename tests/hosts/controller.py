# SPDX-License-Identifier: BSD-3-Clause
"""A controller in a process of its own, to be killed: begins what it is told."""

import asyncio
import json
import secrets
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import attrs

from nepi.hosts import Job, leftovers
from nepi.hosts.local import LocalMachine
from nepi.hosts.record import AgentRecord


async def main(run: str, commands: list[list[str]]) -> None:
    machine = LocalMachine(run)
    record = await machine.start()
    jobs = [Job(argv, step=f"{number}.start") for number, argv in enumerate(commands)]
    started = await machine.spawn_many(jobs)
    pids = [one.pid for one in started if not isinstance(one, Exception)]
    print(json.dumps({"record": record.to_json(), "pids": pids}), flush=True)  # noqa: T201
    await asyncio.Event().wait()


@attrs.frozen
class Controller:
    """It, and what it began."""

    process: subprocess.Popen[bytes]
    record: AgentRecord
    pids: list[int]

    def kill(self) -> None:
        """kill -9, and it is gone."""
        self.process.kill()
        self.process.wait()


@contextmanager
def a_controller(*commands: list[str]) -> Generator[Controller]:
    """In a session of its own, like one in a terminal; nothing of its run is left in the end."""
    run = f"test-{secrets.token_hex(6)}"
    argv = [sys.executable, "-m", "tests.hosts.controller", run, json.dumps(commands)]
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, start_new_session=True, cwd=Path(__file__).parents[2]
    ) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            yield Controller(process, AgentRecord.from_json(told["record"]), told["pids"])
        finally:
            process.kill()
            for record in leftovers.find(run):
                leftovers.remove(record, grace=0.2)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], json.loads(sys.argv[2])))
