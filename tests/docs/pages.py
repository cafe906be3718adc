# SPDX-License-Identifier: BSD-3-Clause
"""The blocks of a page of documentation, and what a reader would do with them.

A block with a title (```python title="first.py") is written to that file. In a console block, the
lines after `$ ` are commands, and what follows is what they print. `...` stands for anything, on a
line of its own for any lines; times, run ids and folders are as they were when it was written.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)(?:[ ]+title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LANGUAGES = frozenset({"python", "yaml", "json", "toml", "console", "text", "mermaid"})
VARYING = (
    (re.compile(r"\d\d:\d\d:\d\d\.\d{3} +"), "NOW "),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "DATE"),
    (re.compile(r"\b\d{20}\b"), "RUN"),
    (re.compile(r"t=\d+\.\d+"), "t=TIME"),
    (re.compile(r"\b\d+(\.\d+)? s\b"), "TIME"),
    (re.compile(r"(?<= )/\S*(?=/nepi-runs/)"), "FOLDER"),
)
"""What differs from run to run."""
PATIENCE = 120


@frozen
class Block:
    """One fenced block."""

    language: str
    title: str
    text: str


@frozen
class Command:
    """A command of a console block, and what it prints."""

    text: str
    expected: str


def pages() -> list[Path]:
    """Every page that is written by hand."""
    by_hand = (page for page in (ROOT / "docs").rglob("*.md") if "reference" not in page.parts)
    return [ROOT / "README.md", *sorted(by_hand)]


def blocks(page: Path) -> list[Block]:
    """The blocks of *page*, in their order."""
    text = page.read_text(encoding="utf-8")
    found = [Block(match[1], match[2] or "", match[3]) for match in BLOCK.finditer(text)]
    assert text.count("\n```") == 2 * len(found), f"{page}: a block that cannot be read"
    return found


def masked(output: str) -> str:
    """What is said in *output*, whenever and wherever."""
    for pattern, name in VARYING:
        output = pattern.sub(name, output)
    return output


def matches(expected: str, output: str) -> bool:
    """Tell whether *output* is what a page says; spaces and empty lines do not count."""
    pattern = "".join(_line_pattern(line) for line in _lines(masked(expected)))
    return (
        re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(masked(output)))) is not None
    )


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _line_pattern(line: str) -> str:
    if line == "...":
        return r"(?:.*\n)*"
    return ".*".join(re.escape(part) for part in line.split("...")) + r"\n"


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, expected = part.partition("\n")
        yield Command(command, expected)


class Reader:
    """Does what a page says, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("examples",):
            (folder / name).symlink_to(ROOT / name)
        binaries = Path(sys.executable).parent
        self._environment = {
            **os.environ,
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "XDG_STATE_HOME": str(folder / ".state"),
            "NEPI_LOCAL_DIR": str(folder / "nepi-runs"),
        }

    def follow(self, page: Path) -> None:
        """Do all that *page* says, and see that it is as the page says."""
        for block in blocks(page):
            assert block.language in LANGUAGES, f"{page}: nobody tests {block.language}"
            if block.title:
                file = self.folder / block.title
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text, encoding="utf-8")
            elif block.language == "console":
                for command in commands(block):
                    self._run(command)
            else:
                assert block.language in {"text", "mermaid"}, f"{page}: a block without a title"

    def _run(self, command: Command) -> None:
        done = subprocess.run(
            ["bash", "-c", command.text],
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert matches(command.expected, done.stdout), (
            f"$ {command.text}\nshould print:\n{command.expected}\nbut prints:\n{done.stdout}"
        )
        if not command.expected:
            assert done.returncode == 0, f"$ {command.text}\nended with {done.returncode}"
