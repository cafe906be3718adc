# SPDX-License-Identifier: BSD-3-Clause
"""Runs a script, or reads a description, up to its first deploy(), where all has been checked.

What the script prints goes to stderr: the plan has stdout for itself.
"""

import runpy
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from nepi.experiment import Experiment, Surroundings, surrounded
from nepi.formats import SUFFIXES
from nepi.planning.errors import PlanningError


class _ReachedError(BaseException):
    """The first deploy(): no script that catches exceptions is to catch this one."""

    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        self.experiment = experiment


def _reached(experiment: Experiment) -> None:
    raise _ReachedError(experiment)


def first_deployment(
    file: Path,
    argv: Sequence[str] = (),
    overrides: Sequence[str] = (),
    *,
    tell: Callable[[str], None],
) -> Experiment:
    """Return the experiment that *file* is about to deploy first; nothing of it was touched.

    *tell* is told what the experiment has to say to its user.
    """
    around = Surroundings(overrides=tuple(overrides), deploying=_reached, tell=tell, source=file)
    try:
        with surrounded(around):
            if file.suffix.lower() in SUFFIXES:
                Experiment.load(file).deploy()
            else:
                _run(file, argv)
    except _ReachedError as reached:
        return reached.experiment
    except SystemExit as end:
        raise PlanningError(f"{file} ended ({end.code}) before it deployed anything") from end
    raise PlanningError(f"{file} never deploys an experiment: it has to call deploy()")


def _run(file: Path, argv: Sequence[str]) -> None:
    if not file.is_file():
        raise PlanningError(f"there is no script {file}")
    with _as_main(file, argv), redirect_stdout(sys.stderr):
        runpy.run_path(str(file), run_name="__main__")


@contextmanager
def _as_main(file: Path, argv: Sequence[str]) -> Generator[None]:
    before, path = sys.argv, sys.path[:]
    sys.argv = [str(file), *argv]
    sys.path.insert(0, str(file.resolve().parent))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = before, path
