# SPDX-License-Identifier: BSD-3-Clause
"""Traces of a running experiment: following one ends when its resource has ended."""

from collections.abc import Callable
from pathlib import Path

from nepi.runtime.following import Follower
from nepi.runtime.traces import TraceFile

WhenEnded = Callable[[Callable[[], None]], None]


class LiveTrace(TraceFile):
    """A trace that may still be written; *ended* calls what it is given once it is not any more."""

    def __init__(self, path: Path, *, name: str, ended: WhenEnded) -> None:
        super().__init__(path, name=name)
        self._ended = ended

    def follow(self, *, offset: int = 0) -> Follower:
        """Return what is there and what comes, until the resource has ended."""
        follower = super().follow(offset=offset)
        self._ended(follower.finish)
        return follower
