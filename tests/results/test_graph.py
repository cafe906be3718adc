# SPDX-License-Identifier: BSD-3-Clause
"""The graph of a run is what its journal says, and stays legible when it is large."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.results import layout as layouts
from nepi.results import springs
from nepi.results.drawing import PlotsMissingError
from nepi.results.graph import (
    Graph,
    Kind,
    Vertex,
    by_type,
    folded,
    from_events,
    from_records,
    kind_of,
)
from nepi.results.layout import Position, Size, by_graphviz, layout
from nepi.results.springs import by_networkx
from tests.results.journals import crowd, network, tree


@pytest.mark.parametrize(
    ("rtype", "kind"),
    [
        ("linux::Node", Kind.HOST),
        ("LinuxNode", Kind.HOST),
        ("netns::Router", Kind.HOST),
        ("ns3::WifiNetDevice", Kind.INTERFACE),
        ("netns::Link", Kind.LINK),
        ("ns3::CsmaChannel", Kind.LINK),
        ("netns::Switch", Kind.SWITCH),
        ("linux::Application", Kind.APPLICATION),
        ("linux::Iperf3", Kind.APPLICATION),
        ("qemu::VM", Kind.HOST),
        ("", Kind.APPLICATION),
        ("::", Kind.APPLICATION),
    ],
)
def test_a_type_is_told_by_its_name(rtype: str, kind: Kind) -> None:
    assert kind_of(rtype) is kind


def test_the_graph_is_what_the_journal_says(tmp_path: Path) -> None:
    graph = from_events(network(tmp_path / "events.jsonl"))
    names = {vertex.key: vertex for vertex in graph.vertices}
    edges = {frozenset((names[a].name, names[b].name)) for a, b in graph.edges}
    assert frozenset(("h1", "h1-eth0")) in edges
    assert frozenset(("neck", "way out")) in edges
    assert [vertex.name for vertex in graph.vertices if vertex.failed] == ["neck"]
    assert len(edges) == len(graph.edges) == 19


def test_a_resource_without_a_name_is_called_by_its_type() -> None:
    assert Graph.of([], []).vertices == ()
    records = [{"kind": "add", "guid": 7, "name": "", "rtype": "linux::Ping"}]
    assert from_records(records).vertices[0].name == "Ping-7"


def test_edges_that_lead_nowhere_are_left_out() -> None:
    graph = Graph.of([Vertex(1, "a", "x", Kind.HOST)], [(1, 1), (1, 2), (3, 4)])
    assert graph.edges == frozenset()


def test_alike_applications_at_the_same_place_are_one(tmp_path: Path) -> None:
    graph = from_events(crowd(tmp_path / "events.jsonl"))
    small = folded(graph, above=3)
    names = {vertex.name for vertex in small.vertices}
    assert len(graph.vertices) == 200
    assert len(small.vertices) < 40
    assert {"server", "h1", "h9"} <= names
    assert sum(vertex.count for vertex in small.vertices) == 200
    assert {vertex.name for vertex in graph.vertices if vertex.failed} <= names


def test_different_names_and_few_alike_stay_as_they_are() -> None:
    host = Vertex(0, "h", "linux::Node", Kind.HOST)
    apps = [Vertex(n, f"a{n}", "linux::Application", Kind.APPLICATION) for n in range(1, 4)]
    graph = Graph.of([host, *apps], [(0, app.key) for app in apps])
    assert folded(graph, above=3) == graph
    assert len(folded(graph, above=2).vertices) == 2


def test_a_graph_of_types_counts_its_resources(tmp_path: Path) -> None:
    graph = by_type(from_events(network(tmp_path / "events.jsonl")))
    counts = {vertex.rtype: (vertex.count, vertex.failed) for vertex in graph.vertices}
    assert counts["netns::Node"] == (4, False)
    assert counts["netns::Link"] == (5, True)
    assert counts["netns::Switch"] == (1, False)
    assert len(graph.edges) == 6


SIZES = st.tuples(st.floats(0.2, 3.0), st.floats(0.2, 1.0))


def covers(places: dict[int, Position], sizes: dict[int, Size]) -> list[tuple[int, int]]:
    return [
        (a, b)
        for a in places
        for b in places
        if a < b
        and all(
            abs(places[a][axis] - places[b][axis]) < (sizes[a][axis] + sizes[b][axis]) / 2
            for axis in (0, 1)
        )
    ]


@given(st.lists(SIZES, min_size=2, max_size=12), st.data())
def test_without_graphviz_no_box_covers_another(boxes: list[Size], data: st.DataObject) -> None:
    sizes = dict(enumerate(boxes))
    ends = st.tuples(st.sampled_from(list(sizes)), st.sampled_from(list(sizes)))
    edges = [(a, b) for a, b in data.draw(st.lists(ends, max_size=15)) if a != b]
    places = by_networkx(sizes, edges)
    assert places.keys() == sizes.keys()
    assert covers(places, sizes) == []


def test_the_layout_of_a_large_tree_covers_nothing_and_is_always_the_same(tmp_path: Path) -> None:
    graph = from_events(tree(tmp_path / "events.jsonl", fan=4))
    sizes: dict[int, Size] = {vertex.key: (0.9, 0.45) for vertex in graph.vertices}
    for lay in (layout, by_networkx):
        places = lay(sizes, graph.edges)
        assert places.keys() == sizes.keys()
        assert covers(places, sizes) == []
        assert lay(sizes, graph.edges) == places


def test_one_box_and_none_need_no_layout() -> None:
    assert layout({}, []) == {}
    assert layout({5: (1, 1)}, []) == {5: (0.0, 0.0)}


def test_a_machine_without_graphviz_uses_the_other_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: dict[int, Size] = {1: (1.0, 0.5), 2: (1.0, 0.5)}
    monkeypatch.setenv("PATH", str(tmp_path))
    assert by_graphviz(sizes, [(1, 2)]) is None
    assert layout(sizes, [(1, 2)]) == by_networkx(sizes, [(1, 2)])


def test_a_graphviz_that_fails_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "dot"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert by_graphviz({1: (1.0, 0.5)}, []) is None


def test_a_graphviz_that_takes_too_long_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layouts, "PATIENCE", 0.0)
    assert by_graphviz({1: (1.0, 0.5)}, []) is None


def test_without_networkx_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(springs, "import_module", missing)
    with pytest.raises(PlotsMissingError, match=r"nepi7\[plots\]"):
        by_networkx({1: (1.0, 0.5)}, [])
