# SPDX-License-Identifier: BSD-3-Clause
"""The verbs of `nepi` and their options. What they do is in the modules named after them.

Those are imported when their verb is used, so that `nepi --help` and completion are quick.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from nepi.cli.verbs import Verbs

app = typer.Typer(
    cls=Verbs,
    help="Describe a network experiment as a graph of resources, and carry it out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


class OnFailure(StrEnum):
    """What happens when a critical resource fails."""

    RELEASE = "release"
    ABORT = "abort"


File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A Python script, or a description in YAML or JSON.",
        exists=True,
        dir_okay=False,
    ),
]
Arguments = Annotated[
    list[str] | None, typer.Argument(metavar="[-- ARGS]", help="Arguments for the script.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME.ATTRIBUTE=VALUE",
        help="Give an attribute of a resource another value: client.count=20. Repeatable.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Run = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run's id or the beginning of it, its directory, an experiment's name, or: last.",
    ),
]


@app.command()
def run(
    file: File,
    args: Arguments = None,
    *,
    settings: Settings = None,
    local_dir: Annotated[
        Path | None, typer.Option(help="Where run directories are made.", file_okay=False)
    ] = None,
    on_failure: Annotated[
        OnFailure | None,
        typer.Option(help="When a critical resource fails: release everything, or leave it be."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on stdout, at the end.")
    ] = False,
    events: Annotated[
        bool,
        typer.Option(
            "--events", help="Print every event on stdout as it happens, a JSON line each."
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show nothing but what the script prints.")
    ] = False,
) -> None:
    """Carry an experiment out, and show the state of every resource meanwhile.

    Ends with 0 if all went well, 1 if the experiment failed, 2 if it could not be begun because
    of what is written in FILE or on the command line, 130 after Ctrl-C (which releases everything).
    """
    from nepi.cli import running

    chosen: Literal["release", "abort"] | None = None
    if on_failure is not None:
        chosen = "abort" if on_failure is OnFailure.ABORT else "release"
    options = running.Options(
        settings=tuple(settings or ()),
        local_dir=local_dir,
        on_failure=chosen,
        as_json=as_json,
        events=events,
        quiet=quiet,
    )
    raise typer.Exit(running.run(file, args or [], options))


@app.command()
def plan(
    file: File, args: Arguments = None, *, settings: Settings = None, as_json: Json = False
) -> None:
    """Print the order of the steps and when each is expected; touch nothing."""
    from nepi.cli import planning

    planning.plan(file, args or [], settings or [], as_json=as_json)


@app.command()
def check(file: File, *, settings: Settings = None, as_json: Json = False) -> None:
    """Say whether a description is right, without running it. Ends with 2 if it is not."""
    from nepi.cli import planning

    planning.check(file, settings or [], as_json=as_json)


@app.command()
def types(
    rtype: Annotated[
        str | None, typer.Argument(metavar="[TYPE]", help="Tell all about this one: linux::Ping.")
    ] = None,
    *,
    as_json: Json = False,
    markdown: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write the reference pages there.", file_okay=False),
    ] = None,
) -> None:
    """List the types of resources, or one type's attributes, traces and connections."""
    from nepi.cli import kinds

    if markdown is not None:
        from nepi.cli import reference

        verbs = (command.callback for command in app.registered_commands)
        reference.write(markdown, [verb for verb in verbs if verb])
    elif rtype is None:
        kinds.every(as_json=as_json)
    else:
        kinds.one(rtype, as_json=as_json)


@app.command()
def schema() -> None:
    """Print the JSON schema of experiment descriptions, for editors and validators."""
    from nepi.cli import output
    from nepi.formats import schema as schemas

    output.answer(schemas.schema())


@app.command()
def runs(*, as_json: Json = False) -> None:
    """List the runs on this machine: living, orphaned, over."""
    from nepi.cli import past

    past.every(as_json=as_json)


@app.command()
def show(run: Run, *, as_json: Json = False) -> None:
    """Tell about one run: outcome, resources, traces, pictures."""
    from nepi.cli import past

    past.one(run, as_json=as_json)


@app.command()
def logs(
    run: Run,
    resource: Annotated[str, typer.Argument(metavar="RESOURCE", help="The name of a resource.")],
    *,
    trace: Annotated[
        str | None,
        typer.Option(help="Which trace: stdout, stderr, ... [default: stdout and stderr]"),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on while the run lives.")
    ] = False,
) -> None:
    """Print what a resource wrote."""
    from nepi.cli import reading

    reading.logs(run, resource, trace=trace, follow=follow)


@app.command()
def clean(
    run: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUN]...", help="Only these. [default: all dead runs]"),
    ] = None,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be removed.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Remove what runs left behind whose controller died: processes, agents, files of agents.

    Run directories and their traces stay. What a living run made is not touched.
    """
    from nepi.cli import cleaning

    raise typer.Exit(cleaning.clean(run or [], dry_run=dry_run, yes=yes, as_json=as_json))


@app.command()
def doctor(*, as_json: Json = False) -> None:
    """Try what this machine can do; say what is missing and how to get it."""
    from nepi.cli import doctor as doctor_

    raise typer.Exit(0 if doctor_.doctor(as_json=as_json) else 1)


@app.command()
def version() -> None:
    """Print the version of NEPI."""
    from importlib import metadata

    from nepi.cli import output

    output.say(metadata.version("nepi7"))
