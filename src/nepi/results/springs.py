# SPDX-License-Identifier: BSD-3-Clause
"""A layout of boxes for machines without Graphviz: springs of networkx, then room for every box."""

import math
from collections.abc import Collection, Iterable, Mapping
from importlib import import_module
from typing import Any

from nepi.results.drawing import PlotsMissingError

Position = tuple[float, float]
Size = tuple[float, float]
Edge = tuple[int, int]

GAP = 0.22
"""Inches that two boxes stay apart."""

_ROUNDS = 400
_BETWEEN = 0.5


def length(one: Size, other: Size) -> float:
    """Return how far apart the centres of two connected boxes should be."""
    return (math.hypot(*one) + math.hypot(*other)) / 2 + GAP


def by_networkx(sizes: Mapping[int, Size], edges: Iterable[Edge]) -> dict[int, Position]:
    """Return the centres of boxes of these sizes, none of which covers another."""
    try:
        networkx: Any = import_module("networkx")
    except ImportError as error:
        raise PlotsMissingError("networkx") from error
    graph = networkx.Graph()
    graph.add_nodes_from(sizes)
    graph.add_edges_from(edges)
    parts = [
        _component(networkx, graph.subgraph(sorted(keys)), sizes)
        for keys in networkx.connected_components(graph)
    ]
    return _packed(parts, sizes)


def _component(networkx: Any, graph: Any, sizes: Mapping[int, Size]) -> dict[int, Position]:
    found: Mapping[int, Any] = networkx.spring_layout(graph, seed=7, iterations=300)
    places = {key: (float(x), float(y)) for key, (x, y) in found.items()}
    wanted = sum(length(sizes[a], sizes[b]) for a, b in graph.edges)
    drawn = sum(math.dist(places[a], places[b]) for a, b in graph.edges)
    factor = wanted / drawn if drawn else 1.0
    return _apart({key: (x * factor, y * factor) for key, (x, y) in places.items()}, sizes)


def _apart(places: Mapping[int, Position], sizes: Mapping[int, Size]) -> dict[int, Position]:
    """Push boxes that meet apart, each time the shorter way, until none do."""
    numpy: Any = import_module("numpy")
    keys = sorted(places)
    centres = numpy.array([places[key] for key in keys])
    extents = numpy.array([sizes[key] for key in keys])
    room = (extents[:, None, :] + extents[None, :, :]) / 2 + GAP
    for _ in range(_ROUNDS):
        away = centres[:, None, :] - centres[None, :, :]
        lacking = room - numpy.abs(away)
        numpy.einsum("iij->ij", lacking)[:] = 0
        meets = (lacking > 1e-6).all(axis=2)  # noqa: PLR2004 - less than a hair
        if not meets.any():
            break
        shorter = lacking.argmin(axis=2)[:, :, None] == numpy.arange(2)
        # Of two at the same place the later one goes up and right.
        order = numpy.sign(numpy.subtract.outer(numpy.arange(len(keys)), numpy.arange(len(keys))))
        side = numpy.where(away == 0, order[:, :, None], numpy.sign(away))
        centres += (side * lacking * shorter * meets[:, :, None]).sum(axis=1) * 0.4
    return {key: (float(x), float(y)) for key, (x, y) in zip(keys, centres, strict=True)}


def _packed(
    parts: Iterable[Mapping[int, Position]], sizes: Mapping[int, Size]
) -> dict[int, Position]:
    """Return all parts side by side, in rows of about a page's shape."""
    boxes = sorted(((_bounds(part, sizes), part) for part in parts), key=lambda one: -one[0][3])
    width = 1.4 * math.sqrt(sum((w + _BETWEEN) * (h + _BETWEEN) for (_, _, w, h), _ in boxes))
    placed: dict[int, Position] = {}
    x = y = row = 0.0
    for (left, top, w, h), part in boxes:
        if x > 0 and x + w > width:
            x, y, row = 0.0, y - row - _BETWEEN, 0.0
        for key, (px, py) in part.items():
            placed[key] = (px - left + x, py - top + y)
        x, row = x + w + _BETWEEN, max(row, h)
    return placed


def _bounds(
    part: Mapping[int, Position], sizes: Mapping[int, Size]
) -> tuple[float, float, float, float]:
    """Return left, top, width and height of what the boxes of *part* cover."""
    keys: Collection[int] = part.keys()
    left = min(part[key][0] - sizes[key][0] / 2 for key in keys)
    right = max(part[key][0] + sizes[key][0] / 2 for key in keys)
    bottom = min(part[key][1] - sizes[key][1] / 2 for key in keys)
    top = max(part[key][1] + sizes[key][1] / 2 for key in keys)
    return left, top, right - left, top - bottom
