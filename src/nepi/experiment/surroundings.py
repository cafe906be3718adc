# SPDX-License-Identifier: BSD-3-Clause
"""What whoever runs a script decides about the experiments that the script makes.

The command line and the planning set it; an Experiment asks for it. Nothing here knows either.
"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import field, frozen

from nepi.core.stepping import OnFailure

Told = Callable[[Any], object]
"""Takes an Experiment, whose module is above this one."""


@frozen
class Surroundings:
    """Decisions from outside; whatever is None is left to the script."""

    local_dir: Path | None = None
    on_failure: OnFailure | None = None
    overrides: tuple[str, ...] = ()
    """`client.count=20`: applied to the resource of that name when it is added."""
    created: Told | None = None
    """Told of every Experiment, at the end of its construction."""
    deploying: Told | None = None
    """Told at its first deploy(): everything was checked, nothing was touched."""
    tell: Callable[[str], None] | None = None
    """Says a line to the user: what a long wait waits for, what Ctrl-C does; else stderr does."""
    source: Path | None = None
    """The script or the description, for run.json."""
    used: set[str] = field(factory=set[str], eq=False)
    """Those of the overrides that named something."""


_current = Surroundings()


def surroundings() -> Surroundings:
    """Return what holds now."""
    return _current


@contextmanager
def surrounded(by: Surroundings) -> Generator[Surroundings]:
    """Let *by* hold in this process, in all of its threads, until the block is left."""
    global _current  # noqa: PLW0603 - scripts start threads, so no context variable will do
    before, _current = _current, by
    try:
        yield by
    finally:
        _current = before
