# SPDX-License-Identifier: BSD-3-Clause
"""The first experiment of NEPI's manual: a node, an application, what it said."""

from nepi.execution.ec import ExperimentController

ec = ExperimentController(exp_id="ping")

node = ec.register_resource("LinuxNode")
ec.set(node, "hostname", "localhost")
ec.set(node, "cleanExperiment", True)
ec.set(node, "cleanProcesses", True)

app = ec.register_resource("LinuxApplication")
ec.set(app, "command", "ping -c3 -i0.01 127.0.0.1")
ec.register_connection(app, node)

ec.deploy()
ec.wait_finished([app])

output = ec.trace(app, "stdout")
size = ec.trace(app, "stdout", attr="size")
path = ec.trace(app, "stdout", attr="path")
states = [ec.state(node, hr=True), ec.state(app, hr=True)]

ec.shutdown()
