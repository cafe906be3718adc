# SPDX-License-Identifier: BSD-3-Clause
"""One run of an experiment on disk: registered, its directory filled, told its outcome.

What happens in it is the engine's business; what the author sees of it, the experiment's.
"""

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from nepi.hosts import Host
from nepi.resource import Resource
from nepi.results.drawing import PlotsMissingError, available
from nepi.results.tables import Tables
from nepi.runtime.atomic import replace_text
from nepi.runtime.directory import RunDirectory
from nepi.runtime.errors import JournalError
from nepi.runtime.provenance import Provenance
from nepi.runtime.runs import Registration, register

COMPLETED = "completed"
FAILED = "failed"
INTERRUPTED = "interrupted"


class Run:
    """The paths of a run, from its planning on; its files, once it has begun."""

    def __init__(self, directory: RunDirectory) -> None:
        self.directory = directory
        self._registration: Registration | None = None
        self._provenance: Provenance | None = None

    @property
    def run_id(self) -> str:
        return self.directory.run_id

    @property
    def path(self) -> Path:
        return self.directory.path

    def begin(
        self,
        *,
        source: Path | None,
        seeds: Mapping[str, int],
        hosts: Iterable[str],
        secrets: tuple[str, ...],
    ) -> None:
        """Register the run, then make its directory and say where it comes from."""
        self._registration = register(self.directory)
        try:
            self.directory.make()
            self._provenance = Provenance.begin(
                self.directory, source=source, seeds=seeds, hosts=hosts, secrets=secrets
            )
        except BaseException as error:
            self._registration.outcome(FAILED, reason=f"it could not begin: {error}")
            self.directory.close()
            raise

    def describe(self, text: str) -> None:
        """Write experiment.json anew."""
        replace_text(self.directory.description, text)

    def record_agent(self, agent: Mapping[str, Any]) -> None:
        """Write into the registry what will outlive this process."""
        assert self._registration is not None, "it has not begun"  # noqa: S101
        self._registration.record_agent(agent)

    def finish(self, outcome: str, *, reason: str, resources: Mapping[str, str]) -> None:
        """Tell how it ended, and give the lock back; from here on the run is over.

        Where the directory takes nothing any more, the register of runs still may.
        """
        try:
            if self._provenance is not None:
                self._provenance.finish(outcome, reason=reason, resources=resources)
        finally:
            try:
                if self._registration is not None:
                    self._registration.outcome(outcome, reason=reason)
            finally:
                self.directory.close()

    def draw(self, name: str, tell: Callable[[str], None]) -> None:
        """Draw topology and timeline, if what draws is installed."""
        if not available():
            tell(str(PlotsMissingError("matplotlib or networkx")))
            return
        from nepi.results import timeline, topology

        title = f"{name} {self.run_id}"
        with suppress(JournalError):  # a full disk has been told of already
            topology.draw(self.directory.events, self.path / "topology.svg", title=title)
            timeline.draw(self.directory.events, self.path / "timeline.svg", title=title)


def script() -> Path | None:
    """Return the script that this process runs, unless it is an installed program."""
    name = getattr(sys.modules["__main__"], "__file__", None)
    path = Path(name).absolute() if name else None
    return None if path is None or path.is_relative_to(sys.prefix) else path


def hosts_of(resources: Iterable[Resource]) -> set[str]:
    """Return the machines that are among *resources*."""
    return {getattr(each, "hostname", each.name) for each in resources if isinstance(each, Host)}


def wall_of(moment: float) -> float:
    """Return the seconds since 1970 of a moment of the engine's clock."""
    return time.time() - time.monotonic() + moment


def tables_of(run: Run, zero: float) -> Tables:
    """Return tables to be filled, whose clock begins at the engine time *zero*."""
    return Tables(run.directory, wall_of(zero))
