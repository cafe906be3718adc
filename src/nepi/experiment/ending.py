# SPDX-License-Identifier: BSD-3-Clause
"""What is left of an experiment when all of it is released: tables, pictures, its outcome.

Whatever goes wrong here is told and does not keep the run from being over.
"""

import logging
from collections.abc import Callable

from attrs import define, field

from nepi.core.conditions import RUN_START
from nepi.core.lifecycle import State
from nepi.experiment.life import Life
from nepi.experiment.run import COMPLETED, FAILED, tables_of
from nepi.resource import Resource
from nepi.resource.records import kind_of_record
from nepi.results import Column, ColumnType, Table, Tables

log = logging.getLogger(__name__)

SUMMARY = (
    Column("resource", ColumnType.STR, help="Its name"),
    Column("type", ColumnType.STR),
    Column("state", ColumnType.STR, help="The last one before it was RELEASED"),
    Column("started", ColumnType.FLOAT, "s", help="Since t = 0"),
    Column("lasted", ColumnType.FLOAT, "s", help="From STARTED to STOPPED or FAILED"),
    Column("failure", ColumnType.STR, help="Why it failed"),
)


@define(eq=False, kw_only=True)
class Ending:
    """Collects the results of a life, and closes it."""

    life: Life
    name: str
    pictures: bool
    tell: Callable[[str], None]
    _closed: bool = field(default=False, init=False)

    def tables(self) -> Tables:
        """Return what all resources have measured so far."""
        zero = self.life.engine.moment(RUN_START, State.STARTED)
        tables = tables_of(self.life.run, self.life.engine.now() if zero is None else zero)
        for resource in self.life.roster.resources.values():
            self._collect(tables, resource)
        return tables

    def _collect(self, tables: Tables, resource: Resource) -> None:
        if not resource.record_types or resource.guid not in self.life.deployed:
            return
        try:
            for record in resource.records():
                kind = kind_of_record(type(record))
                tables.add(kind, [record], resource=resource.name, guid=resource.guid)
        except Exception as error:
            log.exception("%s: its records cannot be read", resource.label)
            self.tell(f"{resource.label}: its records cannot be read: {error}")

    def summary(self) -> Table:
        """Return one line for every resource: how far it came, when, and why it failed."""
        rows = (self._row(resource) for resource in self.life.roster.resources.values())
        return Table(SUMMARY, rows, title=f"{self.name} {self.life.run.run_id}")

    def _row(self, resource: Resource) -> list[object]:
        guid, engine = resource.guid, self.life.engine
        if guid not in self.life.deployed:
            return [resource.name, resource.rtype, str(State.NEW), None, None, None]
        failure = engine.failure(guid)
        zero = engine.moment(RUN_START, State.STARTED)
        started, ended = (
            self._moment(resource, State.STARTED),
            self._moment(resource, State.STOPPED),
        )
        return [
            resource.name,
            resource.rtype,
            str(engine.outcome(guid)),
            None if started is None or zero is None else round(started - zero, 3),
            None if started is None or ended is None else round(ended - started, 3),
            None if failure is None else _critical(resource) + failure.message,
        ]

    def _moment(self, resource: Resource, state: State) -> float | None:
        """Return when it reached *state*; a failure before is no start."""
        reached = self.life.engine.history(resource.guid)
        if state is State.STARTED:
            times = [one.at for one in reached if one.state is state]
            return times[-1] if times else None
        return self.life.engine.moment(resource.guid, state)

    def close(self, outcome: str = "", *, reason: str = "") -> None:
        """Write down what is left and be over; the second time there is nothing to do."""
        with self.life.lock:
            if self._closed:
                return
            self._closed = self.life.over = True
        if not self.life.begun:
            return
        try:
            self._close_engine()
        finally:
            aborted = self.life.engine.aborted
            outcome = outcome or (FAILED if aborted else COMPLETED)
            reason = reason or (aborted.failure.message if aborted else "")
            try:
                self.life.run.finish(outcome, reason=reason, resources=self._outcomes())
            except OSError as error:
                self.tell(f"the outcome of the run could not be written: {error}")

    def _close_engine(self) -> None:
        try:
            tables = self.tables()
        finally:
            self.life.engine.close()
        try:
            tables.save()
            self.life.describe_anew()
            if self.pictures:
                self.life.run.draw(self.name, self.tell)
        except OSError as error:
            self.tell(f"the results could not be written: {error}")

    def _outcomes(self) -> dict[str, str]:
        resources = self.life.roster.resources
        known = self.life.known()
        return {resources[guid].name: str(self.life.engine.outcome(guid)) for guid in known}


def _critical(resource: Resource) -> str:
    return "" if resource.critical else "(not critical) "
