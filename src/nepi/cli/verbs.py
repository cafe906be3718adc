# SPDX-License-Identifier: BSD-3-Clause
"""How every verb ends: which error is told in one message, and which exit code it gives."""

import sys
from typing import Any

import typer
from typer.core import TyperGroup

FAILED, WRONG, INTERRUPTED = 1, 2, 130
"""Exit codes: the experiment failed; what was asked for is wrong; Ctrl-C."""


class CommandLineError(Exception):
    """The command line asks for something that cannot be; the message says what can."""


def documented(error: BaseException) -> bool:
    """Tell whether the message of *error* says all a user needs: it is one of NEPI's own."""
    return isinstance(error, Exception) and type(error).__module__.partition(".")[0] == "nepi"


def complain(text: str) -> None:
    """Print an error on stderr, red where that is a terminal."""
    from nepi.cli.output import console

    console(sys.stderr).print(f"error: {text}", style="red", soft_wrap=True)


class Verbs(TyperGroup):
    """The one place where an error of a verb becomes a message and an exit code."""

    def invoke(self, ctx: Any) -> Any:  # typer does not publish the type of its context
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise typer.Exit(INTERRUPTED) from None
        except Exception as error:
            if not documented(error):
                raise
            complain(str(error))
            raise typer.Exit(WRONG) from None
