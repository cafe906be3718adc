# SPDX-License-Identifier: BSD-3-Clause
"""Hand a file over loopback from one process to another, and see that it arrives whole.

All of it runs on this machine. The client starts 1 s after the server is STARTED, a ping runs
during the transfer, a checker compares checksums when both have STOPPED. A watchdog fails; it is
not critical, so the experiment goes on.
"""

import socket

import nepi
from nepi import linux
from nepi.results import Column, Table

IN_PARTS = "for part in $(seq 16); do head -c 512K; sleep 0.1; done"  # so that it takes a while


def free_port() -> int:
    """Return a TCP port that nobody uses now, so that runs beside each other do not meet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


port = free_port()

with nepi.Experiment("handover") as exp:
    here = exp.add(linux.Node("here"))

    make = "head -c 8M /dev/urandom"
    data = exp.add(linux.Application(make, name="data", stdout="data.bin"), on=here)
    sent = data.trace("stdout").path

    listen = f"nc -l -N 127.0.0.1 {port}"
    server = exp.add(linux.Application(listen, name="server", stdout="got.bin"), on=here)
    server.start.after(data.stopped)
    got = server.trace("stdout").path

    send = f"({IN_PARTS}) | nc -N 127.0.0.1 {port}"
    client = exp.add(linux.Application(send, name="client", stdin=sent), on=here)
    client.start.after(server.started, delay="1 s")

    ping = exp.add(linux.Ping("127.0.0.1", name="ping", interval="100 ms"), on=here)
    ping.start.after(client.started)
    ping.stop.after(client.stopped)

    compare = f'[ "$(sha256sum < {sent})" = "$(sha256sum < {got})" ]'
    checker = exp.add(linux.Application(compare, name="checker"), on=here)
    checker.start.after(server.stopped, client.stopped)

    bark = "echo 'nobody has fed me' >&2; exit 3"
    watchdog = exp.add(linux.Application(bark, name="watchdog", critical=False), on=here)
    watchdog.start.after(client.started)

    exp.deploy()
    exp.wait(timeout="60 s")

size = server.trace("stdout").size
seconds = exp.time(client.stopped) - exp.time(client.started)
results = Table([Column("result"), Column("value")], title="handover")
results.append(("received", f"{size} B"))
results.append(("in", f"{seconds:.2f} s"))
results.append(("throughput", f"{8 * size / seconds / 1e6:.1f} Mbit/s"))
results.append(("checksums", "the same" if checker.exit_code == 0 else "DIFFERENT"))
if rtt := ping.summary:
    results.append(("round trips", f"{rtt.received} of {rtt.sent} ({rtt.loss:g} % lost)"))
    for name, value in (("min", rtt.rtt_min), ("avg", rtt.rtt_avg), ("max", rtt.rtt_max)):
        results.append((name, f"{1000 * (value or 0):.3f} ms"))
if watchdog.failure:
    results.append(("watchdog", f"failed, not critical: {watchdog.failure.message}"))
print(results)
print("Traces, tables and pictures are in", exp.run_dir)
