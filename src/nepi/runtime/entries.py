# SPDX-License-Identifier: BSD-3-Clause
"""The files under $XDG_STATE_HOME/nepi/runs, one a run: what is in them and how it is checked.

What an entry means is told by runs.py.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypedDict, cast

from nepi.runtime.atomic import DiskFullError, replace_text
from nepi.runtime.directory import read_json

FORMAT = 1


class RunsError(Exception):
    """The register of runs cannot be used; the message says what to do."""


class StoredEntry(TypedDict):
    """The content of an entry."""

    format: int
    run_id: str
    exp_id: str
    directory: str
    started: str
    host: str
    boot_id: str
    controller: dict[str, Any]
    agents: list[dict[str, Any]]
    outcome: str | None
    reason: str
    ended: str | None


_KINDS: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {
        **dict.fromkeys(("run_id", "exp_id", "directory", "started"), (str,)),
        **dict.fromkeys(("host", "boot_id", "reason"), (str,)),
        **dict.fromkeys(("outcome", "ended"), (str, type(None))),
        "controller": (dict,),
        "agents": (list,),
    }
)


def registry_dir() -> Path:
    """Return the folder of the entries; it need not exist."""
    state = os.environ.get("XDG_STATE_HOME", "")
    # The XDG rules say that a relative path is to be ignored.
    home = Path(state) if state.startswith("/") else Path.home() / ".local" / "state"
    return home / "nepi" / "runs"


def files() -> Iterator[Path]:
    """Return whatever is in the folder, but for what is being written (it begins with a dot)."""
    folder = registry_dir()
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as found:
        yield from (folder / one.name for one in found if not one.name.startswith("."))


def write(file: Path, stored: StoredEntry) -> None:
    """Replace an entry by this content, in one instant."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_text(file, json.dumps(stored, indent=1, ensure_ascii=False) + "\n")
    except DiskFullError:
        raise
    except OSError as error:
        raise RunsError(
            f"cannot register the run in {file.parent}: {error.strerror}."
            " Set XDG_STATE_HOME to a directory you may write to"
        ) from error


def load(file: Path) -> StoredEntry:
    """Return the content of an entry of ours; RunsError says why it is none."""
    owner = file.lstat().st_uid
    if owner != os.geteuid():
        raise RunsError(f"belongs to user {owner}")
    data = read_json(file)
    if data.get("format") != FORMAT:
        raise RunsError(f"has format {data.get('format')!r}, this NEPI reads {FORMAT}")
    wrong = [name for name, kinds in _KINDS.items() if not isinstance(data.get(name, ...), kinds)]
    if wrong:
        raise RunsError(f"has no proper {', '.join(sorted(wrong))}")
    return cast("StoredEntry", data)
