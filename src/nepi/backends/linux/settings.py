# SPDX-License-Identifier: BSD-3-Clause
"""What can be configured of applications; what is done with it is in `application`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from nepi.backends.linux.checks import check_argv, check_env, refuse_sudo, stdin_of_classic
from nepi.backends.linux.inputs import Given, check_names
from nepi.core.lifecycle import State, Step
from nepi.hosts import Host
from nepi.resource import (
    Connects,
    MaybeQuantity,
    MaybeWholeQuantity,
    Quantity,
    Resource,
    Trace,
    Value,
    attribute,
)


class Settings(Resource):
    """The attributes, traces and connections of an application."""

    command: str | list[str] = attribute(
        default="",
        kw_only=False,
        validate=check_argv,
        help="Text that /bin/sh runs, or a list: program and arguments, without a shell",
    )
    env: Value[Mapping[str, str], Mapping[str, str]] = attribute(
        default={}, validate=check_env, help="Added to its environment"
    )
    stdin: Path | str | bytes | None = attribute(
        default=None,
        from_classic=stdin_of_classic,
        help="What it reads: a file (Path), or text, or bytes; nothing by default",
    )
    files: Value[Given, Given] = attribute(
        default=(),
        validate=check_names,
        help="Put into its folder before: files and folders, or names and what is in them",
    )
    code: str = attribute(default="", help='Put into its folder as the executable file "code"')
    collect: Value[Sequence[str], Sequence[str]] = attribute(
        default=(), help="Files it leaves (*.csv), fetched into its directory when it has ended"
    )
    working_directory: str = attribute(
        default="", help="Where it runs; by default in its folder, which relative paths start from"
    )
    expected_exit: Value[int | tuple[int, ...], int | Sequence[int]] = attribute(
        default=0, help="Exit codes that are no failure; -15 is the end by signal 15"
    )
    merge_stderr: bool = attribute(default=False, help="Write stderr into stdout")
    stop_signal: Literal["TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "KILL"] = attribute(
        default="TERM", help="How it is asked to end"
    )
    grace: Quantity = attribute(
        default=5.0, unit="s", ge=0, help="How long it may take to end before it is killed"
    )
    memory_limit: MaybeWholeQuantity = attribute(
        default=None, unit="B", gt=0, help="Address space it may have at most"
    )
    cpu_time_limit: MaybeQuantity = attribute(
        default=None, unit="s", gt=0, help="CPU time it may use at most, in whole seconds"
    )
    open_files_limit: int | None = attribute(default=None, ge=3, help="Files it may have open")
    process_limit: int | None = attribute(
        default=None, gt=0, help="Processes that its user may have, all together"
    )
    file_size_limit: MaybeWholeQuantity = attribute(
        default=None, unit="B", ge=0, help="Size that a file it writes may have"
    )
    output_limit: MaybeWholeQuantity = attribute(
        default=None, unit="B", gt=0, help="How much of each output is kept: the newest"
    )
    affinity: Value[tuple[int, ...], Sequence[int]] = attribute(
        default=(), ge=0, help="Cores that it may run on; all by default"
    )
    nice: int = attribute(default=0, ge=-20, le=19, help="Priority: 19 lets all others go first")
    sudo: bool = attribute(default=False, validate=refuse_sudo, help="Comes with a later release")
    tear_down: str = attribute(default="", help="Shell command run when it is released")

    stdout: Trace = Trace("What the command writes to its standard output")
    stderr: Trace = Trace("What the command writes to its standard error")

    host = Connects(Host, step=Step.PROVISION, state=State.READY, help="Where it runs")
