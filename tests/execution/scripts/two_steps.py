# SPDX-License-Identifier: BSD-3-Clause
"""An interactive session: the second half is described while the first one runs; one part fails."""

from nepi.execution.ec import ExperimentController
from nepi.execution.resource import ResourceAction, ResourceState

ec = ExperimentController("two-steps")
node = ec.register_resource("linux::Node")
ec.deploy(node)
ec.wait_started(node)

server = ec.register_resource("linux::Application", command="sleep 600", connectedTo=node)
ec.deploy([server])
ec.wait_started(server)

watchdog = ec.register_resource("linux::Application", connectedTo=node)
ec.set(watchdog, "command", "echo no luck >&2; exit 3")
ec.set(watchdog, "critical", False)
reader = ec.register_resource("linux::Application", connectedTo=node, command="echo done")
ec.register_condition(reader, ResourceAction.START, watchdog, ResourceState.STOPPED)
ec.deploy([watchdog, reader])
ec.wait_finished([watchdog, reader])

failed = ec.state(watchdog, hr=True)
complaint = ec.trace(watchdog, "stderr")
answer = ec.trace(reader, "stdout")
aborted = ec.abort

ec.stop(server)
stopped = ec.state(server)
ec.shutdown()
