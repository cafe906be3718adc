# SPDX-License-Identifier: BSD-3-Clause
"""Begins keeper and agent on this machine, says where they listen, and leaves them to themselves.

    python3 -I -S AGENT.pyz RUN /tmp/nepi-<uid>/<short id>

The last line on standard output is one JSON object: what was begun, or why it was not.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import time

from nepi.agent import directory, processes
from nepi.agent.agent import Agent
from nepi.agent.codec import PROTOCOL
from nepi.agent.keeper import Keeper
from nepi.agent.start import raise_descriptor_limit


def main() -> int:
    """The whole of it; the keeper goes on in a process of its own session."""
    try:
        run, path = sys.argv[1:]
        lock = directory.make(path, run)
        listener = _listen(path)
        _leave_the_terminal(path)
    except (OSError, ValueError, directory.UnsafeDirectoryError) as error:
        _say({"error": str(error)})
        return 1
    told, tell = os.pipe2(os.O_CLOEXEC)
    if os.fork():
        os.close(tell)
        with open(told, encoding="ascii") as pipe:
            _say(json.loads(pipe.read() or '{"error": "the keeper died at once"}'))
        return 0
    os.close(told)
    os.dup2(2, 1)
    _keep(path, run, listener, tell)
    os.close(lock)
    return 0


def _say(what: dict[str, object]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


def _listen(path: str) -> socket.socket:
    """The socket outlives every agent: who connects while one is begun again only waits."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    listener.bind(directory.socket_path(path))
    os.umask(before)
    listener.listen(128)
    return listener


def _leave_the_terminal(path: str) -> None:
    """No Ctrl-C, no hang-up and no full pipe of the controller reaches us from here on."""
    if os.getsid(0) != os.getpid():
        os.setsid()
    os.chdir("/")
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    log = os.open(f"{path}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.dup2(null, 0)
    os.dup2(log, 2)
    os.close(null)
    os.close(log)


def _keep(path: str, run: str, listener: socket.socket, tell: int) -> None:
    raise_descriptor_limit()
    pid, start = os.getpid(), processes.start_time(os.getpid())
    directory.write(f"{path}/keeper", directory.identity_text(pid, start, time.time()))
    known = {
        "protocol": PROTOCOL, "run": run, "directory": path, "keeper": pid, "start": start,
        "boot": processes.boot_id(),
    }  # fmt: skip

    def run_agent(control: socket.socket, held: dict[str, int]) -> int:
        return Agent(path, run, listener=listener, control=control, held=held).run()

    os.write(tell, json.dumps(known).encode())
    os.close(tell)
    Keeper(path, run, listener, run_agent).run()


if __name__ == "__main__":
    sys.exit(main())
