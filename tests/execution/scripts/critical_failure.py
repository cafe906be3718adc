# SPDX-License-Identifier: BSD-3-Clause
"""A command that does not exist: the wait ends, what runs goes on until it is released."""

from nepi.execution.ec import ExperimentController, FailureLevel

ec = ExperimentController("failing")
node = ec.register_resource("linux::Node")
steady = ec.register_resource("linux::Application", command="sleep 600", connectedTo=node)
ec.deploy()
ec.wait_started(steady)

broken = ec.register_resource("linux::Application", connectedTo=node)
ec.set(broken, "command", "no-such-program --at-all")
ec.deploy(broken)
seen = ec.wait_finished([broken, steady])

level = ec.failure_level == FailureLevel.RM_FAILURE
ec.shutdown()
