# SPDX-License-Identifier: BSD-3-Clause
"""What is wrong with a description file, and where."""

from collections.abc import Iterable

Path = tuple[str | int, ...]
"""Where something stands in a description: the keys and indices that lead to it."""


def written(path: Iterable[str | int]) -> str:
    """Return *path* as one writes it: `resources.client.start.after`, `at[2].time`."""
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in path]
    return "".join(parts).removeprefix(".")


class DescriptionError(Exception):
    """A description cannot be read as one; the message says where and what would do."""

    def __init__(self, problem: str, *, source: str = "", line: int = 0, path: Path = ()) -> None:
        place = ":".join([source or "the description", *([str(line)] if line else [])])
        where = f"{written(path)}: " if path else ""
        super().__init__(f"{place}: {where}{problem}")
        self.problem = problem
        self.source = source
        self.line = line
        self.path = path
