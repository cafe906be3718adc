# SPDX-License-Identifier: BSD-3-Clause
"""What `import nepi` promises to whoever only writes a script."""

import subprocess
import sys

PRINTS_WHAT_IT_LOADS = """
import sys
before = set(sys.modules)
import nepi
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before}))
"""


def test_importing_nepi_loads_attrs_and_nothing_else_of_third_parties() -> None:
    # A process of its own: in this one, other tests have loaded everything already.
    done = subprocess.run(
        [sys.executable, "-c", PRINTS_WHAT_IT_LOADS], capture_output=True, check=True, text=True
    )
    loaded = set(done.stdout.split())
    assert "nepi" in loaded
    assert loaded - {"nepi"} - sys.stdlib_module_names <= {"attr", "attrs"}
