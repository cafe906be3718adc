# SPDX-License-Identifier: BSD-3-Clause
"""Keeping secrets out of what is written down: command lines and environment variables."""

import re
from collections.abc import Iterable, Mapping, Sequence

MASK = "***"
_SECRET_WORD = re.compile(
    r"(?i)((?<![a-z])pass|password|passwd|passphrase|secret|token|credential|api[-_]?key)s?$"
)
_USER_INFO = re.compile(r"(?P<scheme>\w[\w+.-]*://)(?P<user>[^/@:\s]*):[^/@\s]*@")
_SHORTEST_SECRET = 3


def names_secret(name: str) -> bool:
    """Tell whether *name* (an option's, a variable's) says that its value is a secret."""
    return bool(_SECRET_WORD.search(name.strip("-")))


def mask(text: str, secrets: Iterable[str]) -> str:
    """Return *text* without these secrets, and without passwords in addresses."""
    # A very short one occurs everywhere by chance: masking it would tell, not hide.
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    return _USER_INFO.sub(rf"\g<scheme>\g<user>:{MASK}@", text)


def masked_arguments(arguments: Sequence[str], *, secrets: Iterable[str] = ()) -> list[str]:
    """Return a command line in which neither known secrets nor values named as such are left."""
    known = tuple(secrets)
    result: list[str] = []
    hide_next = False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        hidden = f"{name}={MASK}" if equals and names_secret(name) else mask(argument, known)
        result.append(MASK if hide_next else hidden)
        hide_next = not equals and argument.startswith("-") and names_secret(name)
    return result


def masked_environment(
    environment: Mapping[str, str], *, prefix: str, secrets: Iterable[str] = ()
) -> dict[str, str]:
    """Return the variables whose names begin with *prefix*, secrets masked."""
    known = tuple(secrets)
    return {
        name: MASK if names_secret(name) else mask(value, known)
        for name, value in sorted(environment.items())
        if name.startswith(prefix)
    }
