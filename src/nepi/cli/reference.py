# SPDX-License-Identifier: BSD-3-Clause
"""The reference pages, written from the declarations: `nepi types --markdown docs/reference`.

Nothing of what the pages say is decided here. They depend on the declarations only, not on the
machine that writes them.
"""

import inspect
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, get_args

from typer.models import ArgumentInfo

from nepi.cli import output
from nepi.cli.kinds import known, sections
from nepi.core.lifecycle import LANDS, TRANSITIONS, State, Step
from nepi.formats.schema import schema
from nepi.resource import Registry, TypeInfo

Command = Callable[..., object]
"""A function that is a verb of `nepi`, with the declarations of its parameters."""

MADE = "<!-- Written by `make docs` from the declarations in the code: change those. -->"


def write(folder: Path, commands: Iterable[Command]) -> None:
    """Write every page into *folder*; pages of types that are no more go away."""
    pages_of_types = folder / "types"
    if pages_of_types.is_dir():
        shutil.rmtree(pages_of_types)
    for name, text in pages(commands).items():
        page = folder / name
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(text, encoding="utf-8")
    output.say(f"wrote {folder}")


def pages(commands: Iterable[Command]) -> dict[str, str]:
    """Return every page, by its path below the folder of the reference."""
    infos, _ = known(Registry.installed())
    return {
        "index.md": _page(_index(infos)),
        "life-cycle.md": _page(_life_cycle()),
        "command-line.md": _page(_command_line(commands)),
        "experiment.schema.json": json.dumps(schema(), indent=2, ensure_ascii=False) + "\n",
        **{f"types/{_file(info.rtype)}": _page(_type(info)) for info in infos},
    }


def _page(lines: Iterable[str]) -> str:
    return "\n".join([MADE, "", *lines]).rstrip() + "\n"


def _file(rtype: str) -> str:
    return rtype.replace("::", "-").lower() + ".md"


def _index(infos: Sequence[TypeInfo]) -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "* [The life of a resource](life-cycle.md)"
    yield "* [The command line](command-line.md)"
    yield "* [The JSON schema of descriptions](experiment.schema.json)"
    yield ""
    yield "## Resource types"
    yield ""
    yield "An attribute can be changed until its resource is deployed, unless its line says more."
    yield ""
    links = [(f"[{info.rtype}](types/{_file(info.rtype)})", info.help) for info in infos]
    yield from _table(("type", "what it is"), links)


def _type(info: TypeInfo) -> Iterator[str]:
    yield f"# {info.rtype}"
    yield ""
    yield info.text
    if info.aliases:
        yield ""
        yield f"Also known as {', '.join(f'`{alias}`' for alias in info.aliases)}."
    for title, columns, rows in sections(info):
        yield ""
        yield f"## {title}"
        yield ""
        yield from _table(columns, rows)


def _table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for row in rows:
        cells = (output.said(cell).replace("|", "\\|").replace("\n", " ") for cell in row)
        yield f"| {' | '.join(cells)} |"


# -- the life-cycle -----------------------------------------------------------------------------

REACHED_BY: Mapping[State, str] = {LANDS[step]: str(step) for step in Step}


def diagram() -> Iterator[str]:
    """The table of transitions as a mermaid diagram."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield "    direction LR"
    yield "    [*] --> NEW"
    released = [state for (state, step) in TRANSITIONS if step is Step.RELEASE]
    for (state, step), landing in TRANSITIONS.items():
        if step is not Step.RELEASE:
            yield f"    {state} --> {landing}: {step}"
    for state in released:
        yield f"    {state} --> RELEASED: release"
    yield "    RELEASED --> [*]"
    yield "```"


def _life_cycle() -> Iterator[str]:
    yield "# The life of a resource"
    yield ""
    yield "A step leads from one state to the next. A step that fails leads to FAILED instead."
    yield "A resource that is STARTED and comes to its end by itself is STOPPED, or FAILED."
    yield "No other transition exists."
    yield ""
    yield from diagram()
    yield ""
    states = [(str(int(state)), state.name, REACHED_BY.get(state, "")) for state in State]
    yield from _table(("number", "state", "reached by"), states)


# -- the command line ---------------------------------------------------------------------------


def _command_line(commands: Iterable[Command]) -> Iterator[str]:
    yield "# The command line"
    yield ""
    yield "Every command has `--help`. `nepi --install-completion` makes Tab complete them."
    for command in commands:
        yield ""
        yield from _command(command)


def _command(function: Command) -> Iterator[str]:
    yield f"## nepi {function.__name__}"
    yield ""
    yield inspect.getdoc(function) or ""
    rows = [_parameter(each) for each in inspect.signature(function).parameters.values()]
    if rows:
        yield ""
        yield from _table(("", "", ""), rows)


def _parameter(parameter: inspect.Parameter) -> tuple[str, str, str]:
    kind, said = get_args(parameter.annotation)
    spellings = [each for each in (said.default, *(said.param_decls or ())) if each is not ...]
    if isinstance(said, ArgumentInfo):
        required = parameter.default is inspect.Parameter.empty
        return f"`{said.metavar}`", "required" if required else "", said.help or ""
    name = ", ".join(f"`{each}`" for each in spellings or [f"--{parameter.name.replace('_', '-')}"])
    value = "" if kind is bool else said.metavar or _values(kind)
    return f"{name} {value}".rstrip(), "", said.help or ""


def _values(kind: Any) -> str:
    for each in get_args(kind):
        if isinstance(each, type) and issubclass(each, Enum):
            return " or ".join(str(choice.value) for choice in each)
    return "VALUE"
