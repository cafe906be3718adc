# SPDX-License-Identifier: BSD-3-Clause
"""What every file of the project keeps to, where no tool of `make check` looks."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = (".ci", "benchmarks", "changelog.d", "docs", "examples", "src", "tests", "tools")
FILES_AT_THE_TOP = ("Makefile", "pyproject.toml", ".gitignore", "README.md", "CHANGELOG.md")
SPDX = "SPDX-License-Identifier: BSD-3-Clause"
# From pieces, because this file is read as well. NEPI's old release has the shorter name.
INSTALLS_THE_OLD_RELEASE = re.compile(
    r"\bpip[0-9.]*\s+" + r"install\s(?:[^\n`]*[\s\"'])?" + r"nepi(?![\w-])(?!/)"
)
LIFTS_A_BAN = re.compile("noqa" + r":[^\n]*\bTID251\b")


def files() -> Iterator[Path]:
    """Everything a commit may hold, wherever the tests are run."""
    for folder in FOLDERS:
        for parent, folders, names in os.walk(ROOT / folder):
            folders[:] = [name for name in folders if name != "__pycache__"]
            yield from (Path(parent, name) for name in names)
    yield from (ROOT / name for name in FILES_AT_THE_TOP if (ROOT / name).exists())


def text(path: Path) -> str:
    """The text of a file; pictures and captures have none worth reading."""
    return path.read_text(encoding="utf-8", errors="replace")


def is_program(path: Path) -> bool:
    return (
        path.suffix in {".py", ".pyi", ".sh", ".toml"}
        or path.name == "Makefile"
        or text(path).startswith("#!")
    )


def told(paths: Iterator[Path]) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for path in paths)


def test_every_program_names_its_licence_at_its_top() -> None:
    without = told(
        path
        for path in files()
        if is_program(path) and not any(SPDX in line for line in text(path).splitlines()[:2])
    )
    assert without == []


def test_no_file_tells_anyone_to_install_the_old_release() -> None:
    assert told(path for path in files() if INSTALLS_THE_OLD_RELEASE.search(text(path))) == []


def test_nobody_lifts_the_ban_on_polling() -> None:
    assert told(path for path in files() if LIFTS_A_BAN.search(text(path))) == []


@pytest.mark.parametrize(
    "words", ["nepi", "nepi[plots]", "'nepi[plots]'", "--upgrade nepi", "nepi, then", "nepi==6"]
)
def test_the_old_release_is_recognised(words: str) -> None:
    assert INSTALLS_THE_OLD_RELEASE.search(f"$ python3 -m pip install {words}")


@pytest.mark.parametrize("words", ["nepi7", "'nepi7[plots]'", "-e .", "ruff", "./nepi/ -q"])
def test_this_release_may_be_installed(words: str) -> None:
    assert not INSTALLS_THE_OLD_RELEASE.search(f"$ pip install {words}")
