# SPDX-License-Identifier: BSD-3-Clause
"""`nepi clean`: shows what dead runs left behind, asks, and has it removed."""

import sys
from collections.abc import Sequence

import typer

from nepi.cli import output
from nepi.cli.verbs import WRONG, CommandLineError
from nepi.runtime.cleaning import Orphan, orphans, remove
from nepi.runtime.finding import find
from nepi.runtime.runs import RunStatus

ATTACH = (
    "The other choice, to attach to such a run and let it go on, comes in a later release of NEPI:\n"
    "what is removed now cannot be attached to then."
)


def clean(runs: Sequence[str], *, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Remove what the orphaned *runs*, or all, left behind; return the exit code."""
    found = _chosen(runs)
    if not as_json:
        _tell(found)
    agreed = not dry_run and bool(found) and (yes or _asked(found, as_json=as_json))
    removed = {orphan.entry.run_id: remove(orphan) for orphan in found} if agreed else {}
    if as_json:
        output.answer({"orphans": [_as_data(orphan) for orphan in found], "removed": removed})
    for run, things in removed.items():
        if not as_json:
            output.say(f"{run}: removed {', '.join(things) or 'nothing, for nothing was left'}")
    return WRONG if found and not (agreed or dry_run or _answered(as_json=as_json)) else 0
