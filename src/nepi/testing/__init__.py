# SPDX-License-Identifier: BSD-3-Clause
"""What users test their own resource types and experiments with.

`VirtualEngine` plays whole experiments in no time, `Stand` stands in for a resource, `FakeHost`
for a machine. `pytest_plugins = ["nepi.testing.fixtures"]` in a conftest.py gives the fixtures.
"""

from nepi.core.lifecycle import State, Step
from nepi.hosts.fake import FakeHost
from nepi.runtime.virtual import Stand, VirtualEngine, VirtualLoop

__all__ = ["FakeHost", "Stand", "State", "Step", "VirtualEngine", "VirtualLoop"]
