# SPDX-License-Identifier: BSD-3-Clause
"""What holds for every test: no test checks a duration, and `root` tests want root."""

import os

import pytest
from hypothesis import settings

# A deadline would make slow machines fail: durations belong in benchmarks.
settings.register_profile("house", deadline=None, print_blob=True)
settings.load_profile("house")


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("root") is not None and os.geteuid() != 0:
        pytest.skip("needs root")
