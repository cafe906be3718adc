# SPDX-License-Identifier: BSD-3-Clause
# NEPI scripts say no types, and this one is as they are.
# mypy: ignore-errors
# pyright: basic, reportOptionalMemberAccess=false, reportOperatorIssue=false
# ruff: noqa: ANN001, ANN003, ANN201
"""A file goes from a client to a server; three conditions say when what begins and ends."""

import os
import socket

from nepi.execution.ec import ExperimentController
from nepi.execution.resource import ResourceAction, ResourceState

with socket.create_server(("127.0.0.1", 0)) as probe:
    port = probe.getsockname()[1]

content = os.urandom(20_000).hex()

ec = ExperimentController("netcat")


def add_application(command, **attributes):
    """Register an application on the node."""
    guid = ec.register_resource("linux::Application")
    ec.set(guid, "command", command)
    for name, value in attributes.items():
        ec.set(guid, name, value)
    ec.register_connection(guid, node)
    return guid


node = ec.register_resource("linux::Node")
ec.set(node, "hostname", "localhost")

server = add_application(f"nc -l -N 127.0.0.1 {port}")
client = add_application(f"nc -N 127.0.0.1 {port}", stdin=content)
watcher = add_application("while echo tick; do sleep 0.01; done")
checker = add_application(f"cat ../*-{server}/stdout | wc -c")

ec.register_condition(client, ResourceAction.START, server, ResourceState.STARTED, "300ms")
ec.register_condition(watcher, ResourceAction.STOP, client, ResourceState.STOPPED)
ec.register_condition(checker, ResourceAction.START, [server, client], ResourceState.STOPPED)

ec.deploy()
ec.wait_finished([server, client, watcher, checker])

received = ec.trace(server, "stdout")
counted = int(ec.trace(checker, "stdout"))
beginning = ec.trace(server, "stdout", "stream", block=100, offset=1)
gap = (ec.get_start_time(client) - ec.get_start_time(server)).total_seconds()
order = [ec.get_stop_time(client), ec.get_stop_time(watcher)]
names = [ec.state(guid, hr=True) for guid in (server, client, watcher, checker)]

ec.shutdown()
