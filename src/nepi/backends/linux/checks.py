# SPDX-License-Identifier: BSD-3-Clause
"""What is checked of an application's settings when they are made: functions of values alone."""

from collections.abc import Mapping
from pathlib import Path

from nepi.backends.linux.inputs import Content


def check_env(env: Mapping[str, str]) -> None:
    """Raise ValueError if a name cannot be that of an environment variable."""
    for name in env:
        if not name or "=" in name:
            raise ValueError(f"{name!r} is not the name of an environment variable")


def check_argv(command: str | list[str]) -> None:
    """Raise ValueError for a list that names no program."""
    if not isinstance(command, str) and not (command and command[0]):
        raise ValueError(
            'a list has to begin with a program: ["ls", "-l"]; a text is run by a shell'
        )


def refuse_sudo(wanted: bool) -> None:  # noqa: FBT001 - validators take the value alone
    """Raise ValueError if privileges are asked for that cannot be had yet."""
    if wanted:
        raise ValueError(
            "applications run as the user who runs NEPI, sudo comes with a later release: "
            "run NEPI as root, or allow the program what it needs (setcap)"
        )


def stdin_of_classic(text: str) -> Content:
    """Return what NEPI scripts mean: the file of this name, or else the text itself."""
    try:
        path = Path(text).expanduser()
        return path if path.is_file() else text
    except (OSError, ValueError, RuntimeError):  # too long or odd for a path: so it is a text
        return text
