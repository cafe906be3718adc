# SPDX-License-Identifier: BSD-3-Clause
"""The resources of a run and how they are connected, as a graph; draws nothing."""

import re
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from attrs import frozen

from nepi.runtime.journal import read


class Kind(StrEnum):
    """What a resource is to somebody who looks at the topology."""

    HOST = "host"
    SWITCH = "switch"
    LINK = "link"
    INTERFACE = "interface"
    APPLICATION = "application"


_WORDS: Mapping[str, Kind] = MappingProxyType(
    {
        **dict.fromkeys(("node", "host", "container", "machine", "vm", "router"), Kind.HOST),
        **dict.fromkeys(("station", "pod", "server"), Kind.HOST),
        **dict.fromkeys(("switch", "bridge", "hub", "lan", "ap"), Kind.SWITCH),
        **dict.fromkeys(("link", "channel", "wire", "tunnel", "medium", "cable"), Kind.LINK),
        **dict.fromkeys(("interface", "device", "port", "tap", "tun"), Kind.INTERFACE),
        **dict.fromkeys(("address", "route", "nic"), Kind.INTERFACE),
    }
)
"""The last word of a type's name says what it is; what is none of these runs on something."""

_LAST_WORD = re.compile(r"(?:[A-Z]+|[A-Z]?[a-z]+)\d*$")


def kind_of(rtype: str) -> Kind:
    """Return what resources of this type are."""
    found = _LAST_WORD.search(rtype)
    word = found.group().rstrip("0123456789").lower() if found else ""
    return _WORDS.get(word, Kind.APPLICATION)


@frozen
class Vertex:
    """One resource, or *count* alike ones drawn as one."""

    key: int
    name: str
    rtype: str
    kind: Kind
    failed: bool = False
    count: int = 1


@frozen
class Graph:
    """Vertices, and edges between their keys."""

    vertices: tuple[Vertex, ...]
    edges: frozenset[tuple[int, int]]

    @classmethod
    def of(cls, vertices: Iterable[Vertex], edges: Iterable[tuple[int, int]]) -> "Graph":
        """Return the graph of these; edges to what is not there, or from a thing to itself, go."""
        known = {vertex.key: vertex for vertex in vertices}
        pairs = {(min(edge), max(edge)) for edge in edges}
        kept = (edge for edge in pairs if edge[0] != edge[1] and known.keys() >= set(edge))
        return cls(tuple(known.values()), frozenset(kept))

    def neighbours(self) -> dict[int, frozenset[int]]:
        """Return the keys next to each key."""
        found: dict[int, set[int]] = {vertex.key: set() for vertex in self.vertices}
        for one, other in self.edges:
            found[one].add(other)
            found[other].add(one)
        return {key: frozenset(others) for key, others in found.items()}


def from_events(path: Path) -> Graph:
    """Return the graph that the journal of a run tells of; JournalError when it is none."""
    return from_records(read(path).records)


def from_records(records: Iterable[Mapping[str, Any]]) -> Graph:
    """Return the graph of the resources and connections in the records of a journal."""
    added: list[Mapping[str, Any]] = []
    edges: list[tuple[int, int]] = []
    failed: set[int] = set()
    for record in records:
        if record["kind"] == "add":
            added.append(record)
        elif record["kind"] == "connect":
            edges.append((record["guid"], record["other"]))
        elif record["kind"] == "reached" and record["state"] == "FAILED":
            failed.add(record["guid"])
    return Graph.of((_vertex(record, failed) for record in added), edges)


def _vertex(record: Mapping[str, Any], failed: set[int]) -> Vertex:
    guid, rtype = record["guid"], record["rtype"]
    name = record["name"] or f"{rtype.rpartition('::')[2]}-{guid}"
    return Vertex(guid, name, rtype, kind_of(rtype), failed=guid in failed)


def folded(graph: Graph, *, above: int) -> Graph:
    """Return a smaller graph: alike applications at the same places as one, if there are many.

    Only groups of more than *above*; hosts, links and what failed stay as they are.
    """
    near = graph.neighbours()

    def alike(vertex: Vertex) -> object:
        if vertex.failed or vertex.kind is not Kind.APPLICATION:
            return vertex.key
        return vertex.name.rstrip("0123456789"), vertex.rtype, near[vertex.key]

    return _grouped(graph, alike, above=above)


def by_type(graph: Graph) -> Graph:
    """Return the graph of the types in *graph*, each with how many there are."""
    return _grouped(graph, lambda vertex: vertex.rtype, above=1)


def _grouped(graph: Graph, alike: Callable[[Vertex], object], *, above: int) -> Graph:
    groups: dict[object, list[Vertex]] = {}
    for vertex in graph.vertices:
        groups.setdefault(alike(vertex), []).append(vertex)
    stands_for = {vertex.key: vertex.key for vertex in graph.vertices}
    kept: list[Vertex] = []
    for group in groups.values():
        if len(group) <= above:
            kept.extend(group)
            continue
        kept.append(_merged(group))
        stands_for |= {vertex.key: group[0].key for vertex in group}
    edges = ((stands_for[one], stands_for[other]) for one, other in graph.edges)
    return Graph.of(kept, edges)


def _merged(group: list[Vertex]) -> Vertex:
    first = group[0]
    return Vertex(
        first.key,
        f"{first.name} … {group[-1].name}",
        first.rtype,
        first.kind,
        failed=any(vertex.failed for vertex in group),
        count=sum(vertex.count for vertex in group),
    )
