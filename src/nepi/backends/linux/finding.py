# SPDX-License-Identifier: BSD-3-Clause
"""Whether commands can be run on a host, found out before anything is started."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from attrs import frozen

from nepi.backends.linux.packages import hint
from nepi.hosts import CommandNotFoundError, Host, HostError, NotExecutableError

# A word that is a plain name, not made of variables, quotes or the like, after NAME=VALUE.
_FIRST = re.compile(
    r"\s*(?:[A-Za-z_]\w*=[^\s'\"`$\\]*\s+)*([\w./+-][\w./+:@%-]*)(?=[\s;&|<>]|$)(?!\s*\()"
)

# Looks for $1 as a shell would; the exit code says what it is, the output where that was.
_LOOK = """
case $1 in
*/*)
  [ -f "$1" ] && [ -x "$1" ] && exit 0
  printf %s "$1"
  [ -e "$1" ] && exit 126
  exit 127 ;;
esac
found=$(command -v -- "$1")
case $found in
/*) [ -x "$found" ] && exit 0 ;;
?*) exit 3 ;;
esac
IFS=:
for folder in $PATH; do
  [ -f "$folder/$1" ] && printf %s "$folder/$1" && exit 126
done
printf %s "$PATH"
exit 127
"""
_BUILT_IN, _NOT_EXECUTABLE, _NOT_FOUND = 3, 126, 127


@frozen
class Wanted:
    """One command that is going to be run."""

    who: str
    """How messages call whom it belongs to."""
    command: str | Sequence[str]
    env: Mapping[str, str]
    cwd: PurePosixPath

    def program(self) -> str | None:
        """Return the program that it begins with; None: only a shell can tell."""
        if not isinstance(self.command, str):
            return self.command[0]
        found = _FIRST.match(self.command)
        return found[1] if found else None


async def find_all(host: Host, wanted: Sequence[Wanted]) -> list[Exception | None]:
    """Say of each command why it cannot be run on *host*; None where nothing speaks against it."""
    programs = [one.program() for one in wanted]
    # The host itself looks where shells would, unless a command has a PATH of its own.
    plain = {
        program
        for one, program in zip(wanted, programs, strict=True)
        if program and "/" not in program and "PATH" not in one.env
    }
    found = await host.which(sorted(plain)) if plain else {}
    return await asyncio.gather(
        *(
            _look(host, one, program if program not in plain or not found[program] else None)
            for one, program in zip(wanted, programs, strict=True)
        )
    )


async def _look(host: Host, one: Wanted, program: str | None) -> Exception | None:
    """Let a shell there look for *program*: it knows paths, its own words and a PATH of its own."""
    if program is None:
        return None
    try:
        looked = await host.run(["/bin/sh", "-c", _LOOK, "sh", program], env=one.env, cwd=one.cwd)
    except HostError as error:
        return error
    where = looked.text
    match looked.exit.code:
        case 0:
            return None
        case code if code == _BUILT_IN and isinstance(one.command, str):
            return None
        case code if code == _NOT_EXECUTABLE:
            return NotExecutableError(
                f"{one.who}: {where} is not executable: chmod +x it, or name its interpreter"
            )
        case _:
            place = "" if "/" in program else f" in PATH ({where})"
            return CommandNotFoundError(
                f"{one.who}: there is no command {program}{place}: {hint(program)}"
            )
