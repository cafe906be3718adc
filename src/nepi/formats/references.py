# SPDX-License-Identifier: BSD-3-Clause
"""`${{ server.directory }}` in the texts of a description: found, filled in, and written back.

What the words inside stand for is known by whoever fills them in.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, cast

from attrs import frozen

OPENING = "${{"
LITERAL = "${{ '${{' }}"
"""How a text says the three characters themselves."""

_REFERENCE = re.compile(r"\$\{\{\s*(?:'(?P<text>[^']*)'|(?P<word>[^'{}]*?))\s*\}\}")


class ReferenceProblemError(ValueError):
    """A reference stands for nothing; the message says what there is."""


@frozen
class Filled:
    """A lookup that also knows the whole value of a text that is one reference and nothing else."""

    lookup: Callable[[str], object]

    def __call__(self, value: object) -> object:
        """Return *value* with every reference in its texts replaced."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            items = cast("Mapping[str, object]", value).items()
            return {key: self(item) for key, item in items}
        if isinstance(value, list | tuple):
            return [self(item) for item in cast("list[Any]", value)]
        return value

    def _text(self, text: str) -> object:
        if OPENING not in text:
            return text
        whole = _REFERENCE.fullmatch(text)
        if whole is not None and whole["word"] is not None:
            return self.lookup(whole["word"])
        parts: list[str] = []
        end = 0
        for found in _REFERENCE.finditer(text):
            parts += [self._plain(text[end : found.start()]), self._replaced(found)]
            end = found.end()
        return "".join([*parts, self._plain(text[end:])])

    def _replaced(self, found: re.Match[str]) -> str:
        word = found["word"]
        return found["text"] if word is None else str(self.lookup(word))

    def _plain(self, text: str) -> str:
        if OPENING in text:
            raise ReferenceProblemError(
                f"a reference is written {OPENING} name.directory }}}}; "
                f"the three characters alone are written {LITERAL}"
            )
        return text


def words(value: object) -> frozenset[str]:
    """Return what the references in *value* name."""
    found: set[str] = set()

    def noted(word: str) -> str:
        found.add(word)
        return ""

    Filled(noted)(value)
    return frozenset(found)


def needs_escaping(value: object, folder: str) -> bool:
    """Tell whether there is anything in *value* that `escaped` would change."""
    if isinstance(value, str):
        return OPENING in value or folder in value
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value).values()
        return any(needs_escaping(item, folder) for item in items)
    if isinstance(value, list | tuple):
        return any(needs_escaping(item, folder) for item in cast("list[Any]", value))
    return False


def escaped(value: object, known: Mapping[str, str]) -> object:
    """Return *value* as it is written: the texts of *known* as references to what they are.

    *known* maps a text (a directory) to the word for it; the longest text is tried first.
    """
    texts = sorted(filter(None, known), key=len, reverse=True)
    # A directory ends where its name does: server-2 is not the beginning of server-20.
    pattern = re.compile(
        "|".join([*(re.escape(text) + r"(?![\w.-])" for text in texts), r"\$\{\{"])
    )

    def written(found: re.Match[str]) -> str:
        word = known.get(found[0])
        return LITERAL if word is None else f"{OPENING} {word} }}}}"

    def walk(part: object) -> object:
        if isinstance(part, str):
            return pattern.sub(written, part)
        if isinstance(part, Mapping):
            items = cast("Mapping[str, object]", part).items()
            return {key: walk(item) for key, item in items}
        if isinstance(part, list | tuple):
            return [walk(item) for item in cast("list[Any]", part)]
        return part

    return walk(value)
