# SPDX-License-Identifier: BSD-3-Clause
"""Fixtures for pytest; importing this needs it."""

from collections.abc import Iterator

import pytest

from nepi.runtime.engine import Engine
from nepi.runtime.virtual import VirtualEngine


@pytest.fixture
def virtual_engine() -> Iterator[VirtualEngine]:
    """Give an engine on a virtual clock: whole experiments in no time."""
    with VirtualEngine() as engine:
        yield engine


@pytest.fixture
def real_engine() -> Iterator[Engine]:
    """Give an engine with threads, on the real clock; without a journal."""
    with Engine() as engine:
        yield engine
