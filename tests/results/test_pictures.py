# SPDX-License-Identifier: BSD-3-Clause
"""The pictures of a run: the same bytes for the same run, and what they have to show is in them."""

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from nepi.results import drawing, timeline, topology
from nepi.results.drawing import PlotsMissingError, shortened
from nepi.results.graph import Graph
from tests.results.journals import JournalText, crowd, handover, network, tree

DRAWN = [
    (timeline.draw, handover),
    (timeline.draw, crowd),
    (topology.draw, handover),
    (topology.draw, network),
]


def texts(picture: Path) -> list[str]:
    root = ET.fromstring(picture.read_text())  # noqa: S314 - our own
    found = root.iter("{http://www.w3.org/2000/svg}text")
    return ["".join(one.itertext()).strip() for one in found]


@pytest.fixture(autouse=True)
def _needs_plots() -> None:
    pytest.importorskip("matplotlib")
    pytest.importorskip("networkx")


@pytest.mark.parametrize(("draw", "make"), DRAWN)
def test_the_same_run_is_drawn_the_same(
    tmp_path: Path, draw: Callable[[Path, Path], Path], make: Callable[[Path], Path]
) -> None:
    events = make(tmp_path / "events.jsonl")
    drawn = [draw(events, tmp_path / f"{number}.svg").read_bytes() for number in (1, 2)]
    assert drawn[0] == drawn[1]
    assert b"dc:date" not in drawn[0]


def test_the_timeline_names_resources_reasons_and_times(tmp_path: Path) -> None:
    events = handover(tmp_path / "events.jsonl")
    shown = texts(timeline.draw(events, tmp_path / "t.svg"))
    assert {"server", "client", "linux::Ping", "linux::Node"} <= set(shown)
    assert "exit code 3: nobody feeds me" in shown
    assert {"waiting", "delay of a condition", "started", "failed"} <= set(shown)
    assert "Run 20261122150405000678" in shown
    assert any(text.startswith("time since t = 0 (2026-11-22") for text in shown)


def test_a_crowd_is_named_too(tmp_path: Path) -> None:
    shown = texts(timeline.draw(crowd(tmp_path / "events.jsonl"), tmp_path / "t.svg"))
    assert {f"client-{number}" for number in range(1, 191)} <= set(shown)


def test_of_too_many_the_failed_ones_are_shown(tmp_path: Path) -> None:
    journal = JournalText()
    for guid in range(1, 1001):
        journal.add(guid, f"r{guid}", "linux::Application")
        journal.step(guid, "deploy", 0.0, 1.0)
    journal.reached(1000, "FAILED", 2.0, "broken")
    journal.line(2.0, "aborted", guid=1000, step="start", failure=None)
    journal.line(2.0, "retried", guid=1, step="start", failure=None, at=3.0)
    shown = texts(timeline.draw(journal.write(tmp_path / "e.jsonl"), tmp_path / "t.svg"))
    assert "r1000" in shown
    assert "r900" not in shown
    assert "600 of 1000 resources are not shown" in "\n".join(shown)
    assert {"aborted", "tried again"} <= set(shown)
    assert any("nothing was started" in text for text in shown)


def test_nothing_at_all_can_be_drawn(tmp_path: Path) -> None:
    events = JournalText().write(tmp_path / "events.jsonl")
    assert texts(timeline.draw(events, tmp_path / "timeline.svg"))
    topology.draw(events, tmp_path / "topology.svg", title="empty")
    assert texts(tmp_path / "topology.svg") == ["empty"]
    topology.draw(Graph.of([], []), tmp_path / "topology.svg")


def test_the_topology_names_resources_and_kinds(tmp_path: Path) -> None:
    shown = texts(topology.draw(network(tmp_path / "events.jsonl"), tmp_path / "t.svg"))
    assert {"s1", "h1", "h1-eth0", "wire-1", "iperf-1", "netns::Link"} <= set(shown)
    assert {"host", "switch", "link", "interface", "application", "failed"} <= set(shown)


def test_names_are_shown_as_they_are_and_never_obeyed(tmp_path: Path) -> None:
    journal = JournalText()
    name = "$x_1$ <b> & 日本 \\frac"
    journal.add(1, name, "linux::Node")
    journal.aim(0.0, 1)
    journal.step(1, "deploy", 0.0, 1.0)
    journal.reached(1, "FAILED", 2.0, "$y")
    events = journal.write(tmp_path / "events.jsonl")
    for draw in (timeline.draw, topology.draw):
        assert name in texts(draw(events, tmp_path / "t.svg", title="$"))


def test_many_alike_are_drawn_as_one_and_counted(tmp_path: Path) -> None:
    shown = texts(topology.draw(crowd(tmp_path / "events.jsonl"), tmp_path / "t.svg"))
    assert "21 \N{MULTIPLICATION SIGN} linux::Application" in shown
    shown = texts(topology.draw(tree(tmp_path / "events.jsonl"), tmp_path / "t.svg"))
    assert shown.count("netns::Node") == 216
    assert "200 resources" not in " ".join(shown)


def test_a_graph_too_large_is_drawn_by_type(tmp_path: Path) -> None:
    events = tree(tmp_path / "events.jsonl", depth=2, fan=25)
    shown = texts(topology.draw(events, tmp_path / "t.svg"))
    assert "651 resources, alike ones drawn as one" in shown
    assert "625 \N{MULTIPLICATION SIGN} netns::Node" in shown


def test_without_matplotlib_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(drawing, "import_module", missing)
    with pytest.raises(PlotsMissingError) as caught:
        timeline.draw(handover(tmp_path / "events.jsonl"), tmp_path / "t.svg")
    assert str(caught.value) == (
        "no pictures: matplotlib is not installed; pip install 'nepi7[plots]' brings it"
    )
    assert not (tmp_path / "t.svg").exists()


def test_whether_pictures_can_be_drawn_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert drawing.available()

    def nothing(name: str) -> None:
        del name

    monkeypatch.setattr(drawing, "find_spec", nothing)
    assert not drawing.available()


@pytest.mark.parametrize(
    ("text", "short"), [("abc", "abc"), ("a\n b", "a b"), ("abcdefghij", "abcd…ij")]
)
def test_long_texts_lose_their_middle(text: str, short: str) -> None:
    assert shortened(text, 7) == short
