# SPDX-License-Identifier: BSD-3-Clause
"""`nepi run`: carries out a script or a description, shows it, and says how it went."""

import os
import signal
import sys
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Literal, cast

from attrs import frozen

from nepi.cli import output
from nepi.cli.audience import Audience
from nepi.cli.capture import Captured, OnStderr
from nepi.cli.faces import Events, Face, Lines, Live
from nepi.cli.picture import final
from nepi.cli.screen import Screen
from nepi.cli.script import FileError, execute, is_description, located
from nepi.cli.verbs import FAILED, INTERRUPTED, WRONG, complain

GOOD = 0
MANY = 4
"""Experiments in one script from which on only the last of them gets a table at the end."""


@frozen
class Options:
    """What the command line says about a run."""

    settings: tuple[str, ...] = ()
    local_dir: Path | None = None
    on_failure: Literal["release", "abort"] | None = None
    as_json: bool = False
    events: bool = False
    quiet: bool = False


@frozen
class Result:
    """The exit code, and the error that it is because of."""

    code: int = GOOD
    error: str = ""


def run(file: Path, args: Sequence[str], options: Options) -> int:
    """Carry out *file*, show it, and return the exit code."""
    with ExitStack() as stack:
        stack.enter_context(_ended_orderly())
        face, answers = _stage(options, stack)
        audience = Audience(face)
        try:
            result = _attempt(file, args, options, audience)
        finally:
            audience.close()
        result = _judged(result, audience)
        if options.as_json or options.events:
            _answer(result, audience, answers)
    if not (options.as_json or options.events or options.quiet):
        _conclude(audience)
    if result.error:
        complain(result.error)
    return result.code


@contextmanager
def _ended_orderly() -> Generator[None]:
    """Inside, whoever ends us (kill, a closed terminal) is obeyed as if it was Ctrl-C."""
    kinds = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(kind, signal.default_int_handler) for kind in kinds]
    try:
        yield
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def _stage(options: Options, stack: ExitStack) -> tuple[Face, int]:
    """Arrange who writes where; return the face, and the descriptor for JSON."""
    if options.as_json or options.events:
        real = stack.enter_context(OnStderr()).real
        if options.events:
            return Events(real), real
        return (Face() if options.quiet else Lines(sys.stderr.fileno())), real
    if options.quiet:
        return Face(), 1
    if os.isatty(1) and os.environ.get("TERM") != "dumb":
        screen = Screen(os.dup(1))
        stack.callback(screen.close)
        stack.enter_context(Captured(screen.print))
        return Live(screen), 1
    # Lines of both kinds keep their order and are never mixed, PYTHONUNBUFFERED or not.
    printed = cast("TextIOWrapper[BinaryIO]", sys.stdout)
    printed.reconfigure(line_buffering=True, write_through=False)
    return Lines(1), 1


def _attempt(file: Path, args: Sequence[str], options: Options, audience: Audience) -> Result:
    """Carry *file* out; an error that the user can act upon becomes a result."""
    from nepi.experiment import Surroundings, surrounded

    surroundings = Surroundings(
        local_dir=options.local_dir,
        on_failure=options.on_failure,
        overrides=options.settings,
        created=audience.watch,
        source=file,
    )
    try:
        with located(file), surrounded(surroundings):
            if is_description(file):
                _carry_out(file, options.settings)
            else:
                execute(file, args)
            _release_forgotten(audience)
    except KeyboardInterrupt:
        return Result(INTERRUPTED, "interrupted")
    except SystemExit as exit_:
        return _exited(exit_)
    except FileError as error:
        begun = any(one.progress.items for one in audience.experiments)
        return Result(FAILED if begun else WRONG, str(error))
    return Result()


def _exited(exit_: SystemExit) -> Result:
    if exit_.code is None or isinstance(exit_.code, int):
        return Result(exit_.code or GOOD)
    return Result(FAILED, str(exit_.code))


def _carry_out(file: Path, settings: tuple[str, ...]) -> None:
    """Deploy what *file* describes, wait for all that ends, release it."""
    from nepi.experiment import Experiment

    with Experiment.load(file, overrides=settings) as experiment:
        experiment.deploy()
        experiment.wait()


def _release_forgotten(audience: Audience) -> None:
    """Release what the script has left to its end, while that can be shown."""
    from nepi.experiment import Phase

    for experiment in audience.experiments.values():
        if experiment.state is Phase.RUNNING:
            experiment.release()


def _judged(result: Result, audience: Audience) -> Result:
    """An experiment that failed makes the run fail, whatever its script thinks of it."""
    for watched in audience.experiments:
        if watched.progress.aborted and result.code == GOOD:
            return Result(FAILED, f"{watched.name} was aborted: {watched.progress.aborted}")
    return result


def _conclude(audience: Audience) -> None:
    """Leave a table of what became of every resource, and where the results are."""
    watched = [one for one in audience.experiments if one.progress.items]
    if len(watched) > MANY:
        output.say(f"{len(watched)} experiments; the last:")
    for one in watched[-1:] if len(watched) > MANY else watched:
        output.say()
        output.show(*final(one.progress), title=one.name)
        output.say(_where(audience.experiments[one].run_dir))


def _where(run_dir: Path) -> str:
    """Where the results are, and which of them are pictures."""
    pictures = ", ".join(path.name for path in sorted(run_dir.glob("*.svg")))
    return f"Results: {run_dir}" + (f" ({pictures})" if pictures else "")


def _answer(result: Result, audience: Audience, descriptor: int) -> None:
    from nepi.cli.past import told

    runs = [told(one.run_dir) for one in audience.experiments.values() if one.run_dir.exists()]
    data = {"exit_code": result.code, "error": result.error or None, "runs": runs}
    output.write(descriptor, output.as_json({"kind": "result", **data}) + "\n")
