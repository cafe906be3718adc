# SPDX-License-Identifier: BSD-3-Clause
"""The experiment of handover.py, written as scripts for NEPI are."""

import socket

from nepi.execution.ec import ExperimentController
from nepi.execution.resource import ResourceAction, ResourceState
from nepi.execution.trace import TraceAttr

IN_PARTS = "for part in $(seq 16); do head -c 512K; sleep 0.1; done"  # so that it takes a while

with socket.socket() as probe:  # a port that nobody uses now
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]

ec = ExperimentController(exp_id="handover_classic")

node = ec.register_resource("linux::Node")
ec.set(node, "hostname", "localhost")


def application(command: str, rtype: str = "linux::Application", **attributes: object) -> int:
    """Register an application on the node."""
    guid = ec.register_resource(rtype)
    if command:
        ec.set(guid, "command", command)
    for name, value in attributes.items():
        ec.set(guid, name, value)
    ec.register_connection(guid, node)
    return guid


data = application("head -c 8M /dev/urandom")
sent = ec.trace(data, "stdout", TraceAttr.PATH)
server = application(f"nc -l -N 127.0.0.1 {port}")
got = ec.trace(server, "stdout", TraceAttr.PATH)
client = application(f"({IN_PARTS}) < {sent} | nc -N 127.0.0.1 {port}")
ping = application("", "linux::Ping", target="127.0.0.1", interval="0.1")
checker = application(f'[ "$(sha256sum < {sent})" = "$(sha256sum < {got})" ]')
watchdog = application("echo 'nobody has fed me' >&2; exit 3", critical=False)

START, STOP = ResourceAction.START, ResourceAction.STOP
STARTED, STOPPED = ResourceState.STARTED, ResourceState.STOPPED
ec.register_condition(server, START, data, STOPPED)
ec.register_condition(client, START, server, STARTED, "1s")
ec.register_condition(ping, START, client, STARTED)
ec.register_condition(ping, STOP, client, STOPPED)
ec.register_condition(checker, START, [server, client], STOPPED)
ec.register_condition(watchdog, START, client, STARTED)

ec.deploy()
ec.wait_finished([data, server, client, ping, checker, watchdog])

size = ec.trace(server, "stdout", TraceAttr.SIZE)
start, stop = ec.get_start_time(client), ec.get_stop_time(client)
seconds = (stop - start).total_seconds() if start and stop else 0.0
words = ec.trace(ping, "stdout").splitlines()[-2:]

print("received   ", size, "B")
print("in         ", f"{seconds:.2f} s")
print("throughput ", f"{8 * size / seconds / 1e6:.1f} Mbit/s")
print("checksums  ", "the same" if ec.state(checker) == STOPPED else "DIFFERENT")
print("ping       ", *words, sep="\n  ")
print("watchdog   ", ec.state(watchdog, hr=True), ec.trace(watchdog, "stderr").strip())
print("traces in  ", ec.run_dir)

ec.shutdown()
