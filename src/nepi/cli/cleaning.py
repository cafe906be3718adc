# SPDX-License-Identifier: BSD-3-Clause
"""`nepi clean`: shows what dead runs left behind, asks, and has it removed."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import typer

from nepi.cli import output
from nepi.cli.verbs import FAILED, WRONG, CommandLineError
from nepi.runtime.cleaning import Cleaned, Orphan, orphan_of, orphans, remove
from nepi.runtime.finding import find
from nepi.runtime.runs import RunStatus

OTHER_CHOICE = """\
What is removed cannot be gone on with. The other choice, to attach to such a run and let it go on,
will be `nepi attach` in a later release."""
LONGEST = 80
"""Characters of a command line that are shown."""
FEW = 10
"""Of more runs than this that left nothing but their entry, only the number is shown."""


def clean(names: Sequence[str], *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Remove what orphaned runs left, all or those that are named; return the exit code."""
    found = [_orphan(name) for name in dict.fromkeys(names)] if names else orphans()
    if not as_json:
        _tell(found)
    removable = [orphan for orphan in found if not orphan.obstacle]
    asks = bool(removable) and not (dry_run or yes)
    if asks and (as_json or not sys.stdin.isatty()):
        output.warn("Nothing was touched. There is nobody to be asked: say --yes to remove it.")
        return WRONG
    cleaned: list[Cleaned] = []
    if removable and not dry_run and (yes or typer.confirm("Remove it?")):
        cleaned = [remove(orphan) for orphan in removable]
    _conclude(found, cleaned, as_json=as_json)
    return FAILED if any(one.remaining for one in cleaned) else 0


def _orphan(name: str) -> Orphan:
    entry = find(name)
    if entry.status is not RunStatus.ORPHANED:
        raise CommandLineError(
            f"run {entry.run_id} is {entry.status}: only an orphaned run, whose controller died, "
            "is cleaned up"
        )
    return orphan_of(entry)


def _tell(found: Sequence[Orphan]) -> None:
    if not found:
        output.say("Nothing to clean: no run is orphaned.")
        return
    columns = ("run", "experiment", "begun", "what is left", "directory")
    shown = [orphan for orphan in found if orphan.leftovers or orphan.obstacle]
    bare = len(found) - len(shown)
    if bare <= FEW:
        shown, bare = list(found), 0
    if shown:
        output.show(columns, [_row(orphan) for orphan in shown], title="Orphaned runs")
    if bare:
        output.say(f"{bare} orphaned runs left nothing but their entry among the runs.")
    processes = [row for orphan in found for row in _processes(orphan)]
    if processes:
        output.say()
        output.show(("run", "process", "command"), processes)
    output.say()
    output.say(OTHER_CHOICE)


def _row(orphan: Orphan) -> tuple[object, ...]:
    entry = orphan.entry
    begun = f"{entry.started.astimezone():%Y-%m-%d %H:%M:%S}"
    agents = sum(1 for left in orphan.leftovers if left.directory)
    parts = [
        _number(orphan.processes, "process", "processes"),
        _number(agents, "agent's directory", "agents' directories"),
    ]
    left = orphan.obstacle or ", ".join(part for part in parts if part) or "nothing but this entry"
    return entry.run_id, entry.exp_id, begun, left, entry.directory


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}" if count else ""


def _processes(orphan: Orphan) -> Iterator[tuple[object, ...]]:
    for left in orphan.leftovers:
        for process in left.processes:
            command = shlex.join(process.command)
            shown = command if len(command) <= LONGEST else command[: LONGEST - 3] + "..."
            yield orphan.entry.run_id, process.pid, shown


def _conclude(found: Sequence[Orphan], cleaned: Sequence[Cleaned], *, as_json: bool) -> None:
    if as_json:
        removed = [_removed(one) for one in cleaned]
        output.answer({"orphans": [_as_data(orphan) for orphan in found], "cleaned": removed})
        return
    told = [one for one in cleaned if one.ended or one.remaining]
    quiet = len(cleaned) - len(told)
    for one in cleaned if quiet <= FEW else told:
        ended = _number(one.ended, "process", "processes") or "nothing"
        output.say(f"{one.entry.run_id}: ended {ended}, {_rest(one)}")
    if quiet > FEW:
        output.say(f"{quiet} more runs had nothing to end; their results stay where they are")
    if found and not cleaned:
        output.say("Nothing was touched.")


def _rest(one: Cleaned) -> str:
    if one.remaining:
        pids = ", ".join(str(pid) for pid in one.remaining)
        return f"but these go on, perhaps they are another user's: {pids}"
    return f"its results stay in {one.entry.directory}"


def _as_data(orphan: Orphan) -> dict[str, Any]:
    return {
        "run": orphan.entry.run_id,
        "experiment": orphan.entry.exp_id,
        "directory": str(orphan.entry.directory),
        "obstacle": orphan.obstacle or None,
        "processes": [
            {"pid": process.pid, "command": list(process.command)}
            for left in orphan.leftovers
            for process in left.processes
        ],
        "agents": [str(left.directory) for left in orphan.leftovers if left.directory],
    }


def _removed(one: Cleaned) -> dict[str, Any]:
    return {"run": one.entry.run_id, "ended": one.ended, "remaining": list(one.remaining)}
