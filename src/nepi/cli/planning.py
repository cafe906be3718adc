# SPDX-License-Identifier: BSD-3-Clause
"""`nepi plan` and `nepi check`: what would happen, and whether it could; nothing is touched."""

from collections.abc import Sequence
from pathlib import Path

from nepi.cli import output
from nepi.cli.script import located


def plan(file: Path, args: Sequence[str], settings: Sequence[str], *, as_json: bool) -> None:
    """Print the order of the steps of *file* and when each is expected."""
    from nepi.planning import plan as planned

    with located(file):
        found = planned(file, argv=tuple(args), overrides=tuple(settings))
    if as_json:
        output.answer(found.as_data())
    else:
        output.say(found.text())


def check(file: Path, settings: Sequence[str], *, as_json: bool) -> None:
    """Say that *file* is right, or raise what is wrong with it."""
    from nepi.planning import plan as planned

    with located(file):
        found = planned(file, overrides=tuple(settings))
    if as_json:
        output.answer({"file": str(file), "valid": True, "resources": len(found.resources)})
    else:
        output.say(f"{file} is right")
