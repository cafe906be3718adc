# SPDX-License-Identifier: BSD-3-Clause
# NEPI scripts say no types, and this one is as they are.
# mypy: ignore-errors
# pyright: basic, reportOptionalMemberAccess=false, reportOperatorIssue=false
# ruff: noqa: ANN201, ANN206
"""Types of one's own, among built-in ones: an interface needs its node, a probe its interface."""

from nepi.execution.attribute import Attribute, Flags, Types
from nepi.execution.ec import ExperimentController
from nepi.execution.resource import (
    ResourceFactory,
    ResourceManager,
    ResourceState,
    clsinit_copy,
)

story = []


@clsinit_copy
class Interface(ResourceManager):
    _rtype = "my::Interface"
    _help = "An interface that has to be told its address"
    _platform = "my"

    @classmethod
    def _register_attributes(cls):
        address = Attribute("address", "Its address", flags=Flags.Design)
        mtu = Attribute("mtu", "Largest packet", type=Types.Integer, default=1500, range=(68, 9000))
        cls._register_attribute(address)
        cls._register_attribute(mtu)

    @property
    def node(self):
        (node,) = self.get_connected("linux::Node")
        return node

    def do_discover(self):
        story.append(f"{self.guid} finds {self.node.get('hostname')}")
        super().do_discover()

    def do_provision(self):
        if not self.get("address"):
            raise RuntimeError("no address")
        super().do_provision()

    def do_deploy(self):
        if self.node.state < ResourceState.READY:
            self.ec.schedule(self.reschedule_delay, self.deploy)
            return
        self.do_discover()
        self.do_provision()
        super().do_deploy()


@clsinit_copy
class Probe(ResourceManager):
    _rtype = "my::Probe"

    @property
    def interfaces(self):
        return self.get_connected(Interface.get_rtype())

    def do_deploy(self):
        if any(each.state < ResourceState.READY for each in self.interfaces):
            self.ec.schedule("0.5s", self.deploy)
            return
        super().do_deploy()

    def do_start(self):
        super().do_start()
        mtus = [each.get("mtu") for each in self.interfaces]
        story.append(f"{self.guid} sees {sum(mtus)}")
        self.ec.schedule("10ms", self.stop)

    def do_release(self):
        story.append(f"{self.guid} is released")
        super().do_release()


ResourceFactory.register_type(Interface)
ResourceFactory.register_type(Probe)

ec = ExperimentController("own-types")
probe = ec.register_resource("my::Probe")
interfaces = []
for last in (1, 2):
    node = ec.register_resource("linux::Node", hostname="localhost")
    interface = ec.register_resource("my::Interface")
    ec.set(interface, "address", f"10.0.0.{last}")
    ec.register_connection(interface, node)
    ec.register_connection(probe, interface)
    interfaces.append(interface)
ec.set(interfaces[1], "mtu", 9000)

ec.deploy()
ec.wait_finished(probe)
ready = [ec.get_ready_time(guid) for guid in interfaces]
ec.shutdown()
final = {guid: ec.state(guid, hr=True) for guid in ec.resources}
