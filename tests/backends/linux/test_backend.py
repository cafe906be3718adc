# SPDX-License-Identifier: BSD-3-Clause
"""The types of the platform, by name: what is listed is there, and is imported late."""

import subprocess
import sys

import pytest

from nepi.backends import linux
from nepi.resource import Registry, describe

LATE = """
import sys
from nepi.backends import linux
assert not [name for name in sys.modules if name.startswith(("nepi.hosts", "nepi.resource"))]
linux.Node
assert "nepi.backends.linux.node" in sys.modules
assert "nepi.backends.linux.ping" not in sys.modules
"""


@pytest.mark.parametrize("rtype", linux.TYPES)
def test_every_type_is_found_by_its_name_and_described(rtype: str) -> None:
    cls = Registry.installed()[rtype]
    assert getattr(linux, cls.__name__) is cls
    info = describe(cls)
    assert info.rtype == rtype
    assert info.help
    assert all(each.help for each in info.attributes)


@pytest.mark.parametrize(("alias", "rtype"), linux.ALIASES.items())
def test_the_names_of_old_scripts_mean_the_same(alias: str, rtype: str) -> None:
    registry = Registry.installed()
    assert registry[alias] is registry[rtype]
    assert alias in registry[rtype].aliases


def test_nothing_is_imported_before_it_is_used() -> None:
    subprocess.run([sys.executable, "-c", LATE], check=True)


@pytest.mark.parametrize("mistyped", ["Pong", "Pin"])
def test_what_is_not_there_is_no_attribute(mistyped: str) -> None:
    assert "Ping" in dir(linux)
    with pytest.raises(AttributeError, match=f"'{mistyped}'; did you mean 'Ping'"):
        getattr(linux, mistyped)
