# SPDX-License-Identifier: BSD-3-Clause
"""The names that `import nepi` gives, each loaded when it is first used."""

import subprocess
import sys

import pytest

import nepi

USES = """
import sys
import nepi

def loaded(name):
    return any(module == name or module.startswith(name + ".") for module in sys.modules)

assert not loaded("nepi.experiment") and not loaded("nepi.backends") and not loaded("asyncio")
from nepi import linux
assert not loaded("nepi.backends.linux.application")
linux.Application
nepi.Experiment
names = {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names
names = {name for name in names if not name.startswith("_")} - {"nepi", "attr", "attrs"}
assert not names & {"yaml", "rich", "typer", "matplotlib", "networkx"}, names
"""


def test_each_name_is_there_and_known_to_dir() -> None:
    assert set(nepi.__all__) <= set(dir(nepi))
    for name in nepi.__all__:
        assert getattr(nepi, name) is not None
    assert nepi.__version__


def test_a_name_that_is_not_there_is_told() -> None:
    name = "Experimint"
    with pytest.raises(AttributeError, match="module 'nepi' has no attribute 'Experimint'"):
        getattr(nepi, name)


def test_nothing_is_loaded_before_it_is_used() -> None:
    done = subprocess.run(
        [sys.executable, "-c", USES], capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
