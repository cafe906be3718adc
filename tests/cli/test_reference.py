# SPDX-License-Identifier: BSD-3-Clause
from pathlib import Path

import pytest

from nepi.cli import reference
from nepi.cli.app import app
from nepi.core.lifecycle import TRANSITIONS, Step

COMMITTED = Path(__file__).parents[2] / "docs" / "reference"


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    verbs = [command.callback for command in app.registered_commands if command.callback]
    return reference.pages(verbs)


def test_the_committed_pages_are_what_make_docs_writes(pages: dict[str, str]) -> None:
    there = {
        path.relative_to(COMMITTED).as_posix(): path.read_text(encoding="utf-8")
        for path in COMMITTED.rglob("*")
        if path.is_file()
    }
    stale = [name for name in pages.keys() | there.keys() if pages.get(name) != there.get(name)]
    assert stale == [], "run `make docs` and commit what it writes"


def test_the_diagram_has_every_transition_and_no_other(pages: dict[str, str]) -> None:
    drawn = [line.strip() for line in pages["life-cycle.md"].splitlines() if " --> " in line]
    expected = {f"{state} --> {to}: {step}" for (state, step), to in TRANSITIONS.items()}
    assert set(drawn) - expected == {"[*] --> NEW", "RELEASED --> [*]"}
    assert expected <= set(drawn)


def test_every_verb_is_on_the_page_of_the_command_line(pages: dict[str, str]) -> None:
    text = pages["command-line.md"]
    names = [command.callback.__name__ for command in app.registered_commands if command.callback]
    assert all(f"## nepi {name}\n" in text for name in names)
    assert "| `--set` NAME.ATTRIBUTE=VALUE |" in text
    assert "| `--on-failure` release or abort |" in text


def test_every_step_is_reached_by_some_state(pages: dict[str, str]) -> None:
    rows = [line for line in pages["life-cycle.md"].splitlines() if line.startswith("| ")]
    assert all(any(line.endswith(f"| {step} |") for line in rows) for step in Step)


def test_pages_of_types_that_are_no_more_go_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "types" / "omf-node.md"
    old.parent.mkdir()
    old.write_text("gone")
    reference.write(tmp_path, [])
    assert not old.exists()
    assert (tmp_path / "types" / "linux-node.md").exists()
    assert capsys.readouterr().out == f"wrote {tmp_path}\n"
