# SPDX-License-Identifier: BSD-3-Clause
"""A plan: what is expected to happen, when, and why then; as rows, as data, as text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from attrs import frozen

from nepi.core.lifecycle import State
from nepi.results import Column, Table

NAMED = 4
COLUMNS = (
    Column("expected"),
    Column("step"),
    Column("resource"),
    Column("takes"),
    Column("when"),
)


@frozen
class Row:
    """One step of one resource. *offset* counts from t = 0, or from the end that *era* names."""

    resource: str
    guid: int
    step: str
    era: int
    offset: float
    takes: float | None
    """Seconds; None: nobody knows."""
    because: tuple[str, ...]

    @property
    def expected(self) -> str:
        """When it is expected, as one reads it."""
        if not self.era:
            return f"{self.offset:.3f} s"
        return f"?{self.era}" + (f" + {self.offset:.3f} s" if self.offset else "")

    @property
    def duration(self) -> str:
        """How long it is expected to take, as one reads it."""
        if self.takes is None:
            return "?"
        return f"{self.takes:g} s" if self.takes else "-"

    def as_data(self) -> dict[str, Any]:
        """Return the row as JSON has it."""
        return {
            "resource": self.resource,
            "guid": self.guid,
            "step": self.step,
            "time": None if self.era else round(self.offset, 6),
            "after_unknown": f"?{self.era}" if self.era else None,
            "offset": round(self.offset, 6),
            "takes": self.takes,
            "because": list(self.because),
        }


@frozen
class Plan:
    """Everything that a deployment is expected to lead to."""

    experiment: str
    resources: Mapping[str, str]
    """The type of each resource."""
    rows: tuple[Row, ...]
    eras: tuple[str, ...]
    """What the dates ?1, ?2, ... count from."""
    endless: tuple[str, ...]
    notes: tuple[str, ...]

    def as_data(self) -> dict[str, Any]:
        """Return the plan as JSON has it."""
        return {
            "experiment": self.experiment,
            "resources": dict(self.resources),
            "steps": [row.as_data() for row in self.rows],
            "unknown": {f"?{number}": text for number, text in enumerate(self.eras, 1)},
            "endless": list(self.endless),
            "notes": list(self.notes),
        }

    def text(self) -> str:
        """Return the plan as one reads it: alike steps at the same time on one line."""
        table = Table(COLUMNS, self._lines(), title=f"plan of {self.experiment}")
        return "\n".join([table.text(), "", *self._remarks()])

    def _lines(self) -> Iterator[Sequence[str]]:
        def alike(row: Row) -> tuple[str, ...]:
            return (row.expected, row.step, row.duration, *row.because)

        for (expected, step, takes, *because), rows in groupby(self.rows, alike):
            names = [row.resource for row in rows]
            yield expected, step, listed(names), takes, ", ".join(because)

    def _remarks(self) -> Iterator[str]:
        yield f"{len(self.resources)} resources; times count from when all are READY."
        for number, text in enumerate(self.eras, 1):
            yield f"?{number}: {text}"
        if self.endless:
            yield f"Running until they are released: {listed(self.endless)}."
        yield from self.notes
        yield "Nothing was touched."


def listed(names: Iterable[str]) -> str:
    """Return a few names, and how many more there are."""
    every = list(names)
    more = len(every) - NAMED
    return ", ".join(every[:NAMED]) + (f" and {more} more" if more > 0 else "")


def moment(names: Sequence[str], state: State, delay: float) -> str:
    """Return a condition as one reads it: `1 s after server is STARTED`."""
    verb = "is" if len(names) == 1 else "are"
    return (f"{delay:g} s after " if delay else "") + f"{listed(names)} {verb} {state}"
