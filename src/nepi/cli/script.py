# SPDX-License-Identifier: BSD-3-Clause
"""Running a Python script as `python FILE` would, and telling its errors from ours."""

import runpy
import sys
import traceback
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from nepi.cli.verbs import FAILED, documented
from nepi.core.messages import Failure
from nepi.formats.overriding import OverrideError

BUGS = frozenset(
    {
        *("AttributeError", "UnknownAttributeError", "TypeError", "NameError", "UnboundLocalError"),
        *("KeyError", "IndexError", "ZeroDivisionError", "AssertionError", "NotImplementedError"),
        *("ImportError", "ModuleNotFoundError", "RecursionError", "SyntaxError"),
    }
)
"""What a step fails of when its code is wrong, rather than the world."""


def is_description(file: Path) -> bool:
    """Tell a description from a script; FileError: it is neither."""
    if file.suffix in {".py", ""}:
        return False
    if file.suffix.lower() in {".yaml", ".yml", ".json"}:
        return True
    raise FileError(f"{file} is neither a script (.py) nor a description (.yaml, .json)")


def execute(file: Path, args: Sequence[str]) -> None:
    """Run *file* as the main program, with *args*; what it raises passes through."""
    with _as_main(file, args):
        runpy.run_path(str(file), run_name="__main__")


@contextmanager
def _as_main(file: Path, args: Sequence[str]) -> Generator[None]:
    argv, path = sys.argv, sys.path[:]
    sys.argv = [str(file), *args]
    sys.path.insert(0, str(file.resolve().parent))
    try:
        yield
    finally:
        sys.argv, sys.path[:] = argv, path


def place(error: BaseException, file: Path) -> str:
    """Where in *file* the *error* came from, as FILE:LINE; nothing if it did not."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if Path(frame.filename) == file]
    return f"{file}:{lines[-1]}" if lines else ""


def print_bug(error: BaseException) -> None:
    """Print where a step failed, if that looks like a mistake in its code: its author needs it."""
    failure = getattr(error, "failure", None)
    if isinstance(failure, Failure) and failure.type in BUGS and failure.trace:
        sys.stderr.write(failure.trace.rstrip() + "\n")


def print_traceback(error: BaseException, file: Path) -> None:
    """Print the traceback of *error* as the script's user knows it: from the script on."""
    begin: TracebackType | None = error.__traceback__
    while begin is not None and Path(begin.tb_frame.f_code.co_filename) != file:
        begin = begin.tb_next
    if begin is None and not isinstance(error, SyntaxError):  # not of the script, so of ours
        begin = error.__traceback__
    traceback.print_exception(error.with_traceback(begin))


class FileError(Exception):
    """What is wrong in a script or a description, and where in it."""


@contextmanager
def located(file: Path) -> Generator[None]:
    """Name the place in *file* with NEPI's errors; let others end with the script's traceback."""
    try:
        yield
    except Exception as error:
        if not documented(error):
            print_traceback(error, file)
            raise SystemExit(FAILED) from None
        print_bug(error)
        # What --set says is wrong, not the line of the script that it was meant for.
        where = "" if isinstance(error, OverrideError) else place(error, file)
        raise FileError(f"{where}: {error}" if where else str(error)) from error
