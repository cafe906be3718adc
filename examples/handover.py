# SPDX-License-Identifier: BSD-3-Clause
"""Hand a file over loopback from one process to another, and see that it arrived whole.

Everything runs on this machine. The client starts 1 s after the server is STARTED, a ping runs
during the transfer, a checker compares checksums when both have STOPPED, and a watchdog fails:
it is not critical, so the experiment goes on.
"""

import socket

import nepi
from nepi import linux

SIZE = "8M"
PACED = "for part in $(seq 16); do head -c 512K; sleep 0.1; done"  # about 5 MB/s


def free_port() -> int:
    """Return a TCP port that nobody listens on now, so that runs beside each other do not meet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


port = free_port()

with nepi.Experiment("handover") as exp:
    host = exp.add(linux.Node("here"))

    def application(name: str, command: str, **values: object) -> linux.Application:
        return exp.add(linux.Application(command, name=name, **values), on=host)

    data = application("data", f"head -c {SIZE} /dev/urandom", stdout="data.bin")
    sent = data.trace("stdout").path

    server = application("server", f"nc -l -N 127.0.0.1 {port}", stdout="got.bin")
    got = server.trace("stdout").path
    server.start.after(data.stopped)

    client = application("client", f"({PACED}) < {sent} | nc -N 127.0.0.1 {port}")
    client.start.after(server.started, delay="1 s")

    ping = exp.add(linux.Ping("127.0.0.1", name="ping", interval="100 ms"), on=host)
    ping.start.after(client.started)
    ping.stop.after(client.stopped)

    checker = application("checker", f'[ "$(sha256sum < {sent})" = "$(sha256sum < {got})" ]')
    checker.start.after(server.stopped, client.stopped)

    watchdog = application("watchdog", "echo 'nobody feeds me' >&2; exit 3", critical=False)
    watchdog.start.after(client.started)

    exp.deploy()
    exp.wait(timeout="60 s")
