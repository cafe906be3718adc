# SPDX-License-Identifier: BSD-3-Clause
"""`nepi runs`, `nepi show`: what the register and the run directories tell, as data and as text."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from nepi.cli import output
from nepi.cli.output import clock, volume
from nepi.cli.picture import flat
from nepi.cli.progress import Item, Progress
from nepi.core.lifecycle import State
from nepi.results import TableError, load_table
from nepi.runtime.directory import RunDirectory, RunDirectoryError
from nepi.runtime.errors import JournalError
from nepi.runtime.finding import find
from nepi.runtime.journal import read
from nepi.runtime.runs import RunEntry, survey
from nepi.runtime.traces import traces

# -- nepi runs ----------------------------------------------------------------------------------


def every(*, as_json: bool = False) -> None:
    """Print all runs, the latest last."""
    found = survey()
    if as_json:
        unreadable = [{"file": str(one.file), "reason": one.reason} for one in found.unreadable]
        output.answer({"runs": [_entry(one) for one in found.runs], "unreadable": unreadable})
        return
    if not found.runs:
        output.say("There are no runs yet: make one with  nepi run FILE")
    else:
        columns = ("run", "experiment", "status", "outcome", "started", "lasted", "directory")
        output.show(columns, [_row(one) for one in found.runs])
    for one in found.unreadable:
        output.warn(f"{one.file}: {one.reason}")


def _row(entry: RunEntry) -> tuple[object, ...]:
    started = f"{entry.started.astimezone():%Y-%m-%d %H:%M:%S}"
    lasted = clock((entry.ended - entry.started).total_seconds()) if entry.ended else ""
    where = str(entry.directory) + ("" if entry.exists else " (is gone)")
    return entry.run_id, entry.exp_id, entry.status, entry.outcome, started, lasted, where


def _entry(entry: RunEntry) -> dict[str, Any]:
    return {
        "run": entry.run_id,
        "experiment": entry.exp_id,
        "directory": str(entry.directory),
        "exists": entry.exists,
        "status": str(entry.status),
        "outcome": entry.outcome,
        "reason": entry.reason,
        "started": entry.started.isoformat(),
        "ended": entry.ended.isoformat() if entry.ended else None,
    }


# -- nepi show ----------------------------------------------------------------------------------


def one(text: str, *, as_json: bool = False) -> None:
    """Print what became of the run that *text* names."""
    entry = find(text)
    data = {**_entry(entry), **told(entry.directory)}
    if as_json:
        output.answer(data)
        return
    output.say(f"{entry.exp_id}, run {entry.run_id}: {data['outcome'] or entry.status}")
    for line in _facts(data):
        output.say(line)
    columns = ("resource", "type", "outcome", "started", "lasted", "exit", "")
    output.say()
    output.show(columns, [_resource_row(each) for each in data["resources"]])
    rows = [
        (volume(trace["size"]), Path(trace["path"]).relative_to(entry.directory))
        for resource in data["resources"]
        for trace in resource["traces"]
        if trace["size"]
    ]
    if rows:
        output.say()
        output.show(("size", "trace, in the directory"), rows)


def _facts(data: Mapping[str, Any]) -> Iterator[str]:
    if data["reason"]:
        yield f"because: {data['reason']}"
    if data["started"]:
        started = datetime.fromisoformat(data["started"]).astimezone()
        lasted = ""
        if data["ended"]:
            ended = datetime.fromisoformat(data["ended"])
            lasted = f", lasted {clock((ended - started).total_seconds())}"
        yield f"started {started:%Y-%m-%d %H:%M:%S}{lasted}"
    yield f"directory {data['directory']}"
    for what in ("pictures", "tables"):
        if data[what]:
            yield f"{what} {', '.join(Path(path).name for path in data[what])}"


def _resource_row(resource: Mapping[str, Any]) -> tuple[object, ...]:
    started = resource["started"]
    begun = f"t = {clock(started)}" if started is not None else ""
    failure = flat(resource["failure"] or "")
    if failure and not resource["critical"]:
        failure += " (not critical)"
    return (
        resource["name"],
        resource["type"],
        resource["outcome"],
        begun,
        clock(resource["lasted"]),
        resource["exit_code"],
        failure,
    )


def told(directory: Path) -> dict[str, Any]:
    """Return all that the directory of a run tells of it, as plain data."""
    run = RunDirectory.open(directory)
    try:
        said = run.read_json(run.provenance.name)
    except RunDirectoryError:
        said = {}
    codes = _exit_codes(run.path)
    progress = progress_of(run)
    return {
        "run": run.run_id,
        "experiment": run.exp_id,
        "directory": str(run.path),
        "outcome": said.get("outcome"),
        "reason": said.get("reason") or progress.aborted,
        "started": said.get("started"),
        "ended": said.get("ended"),
        "resources": [_resource(run, progress, item, codes) for item in progress.items.values()],
        "pictures": sorted(str(path) for path in run.path.glob("*.svg")),
        "tables": sorted(str(path) for path in (run.path / "tables").glob("*.csv")),
    }


def progress_of(run: RunDirectory) -> Progress:
    """What the journal of a run tells; nothing where there is none."""
    progress = Progress()
    with suppress(JournalError):
        progress.fold(read(run.events).records)
    return progress


def _resource(
    run: RunDirectory, progress: Progress, item: Item, codes: Mapping[int, object]
) -> dict[str, Any]:
    folder = run.resource_path(item.name, item.guid)
    moments = {state.name: round(progress.time(at), 6) for state, at in item.moments.items()}
    return {
        "name": item.name,
        "guid": item.guid,
        "type": item.rtype,
        "critical": item.critical,
        "state": item.state.name,
        "outcome": item.outcome.name,
        "started": moments.get(State.STARTED.name),
        "lasted": None if item.lasted is None else round(item.lasted, 6),
        "moments": moments,
        "exit_code": codes.get(item.guid),
        "failure": item.failure or None,
        "traces": [
            {"name": trace.name, "size": trace.size, "path": str(trace.path)}
            for trace in traces(folder)
        ],
    }


def _exit_codes(run: Path) -> dict[int, object]:
    """What the applications returned, by guid; a signal that ended one as its negative number."""
    try:
        rows = list(load_table(run, "applications"))
    except (TableError, OSError):
        return {}
    codes: dict[int, object] = {}
    for row in rows:
        signal = row["signal"]
        codes[int(str(row["guid"]))] = row["exit_code"] if signal is None else -int(str(signal))
    return codes
