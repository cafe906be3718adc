# SPDX-License-Identifier: BSD-3-Clause
"""`topology.svg`: the resources of a run and how they are connected, a shape for each kind."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from attrs import frozen

from nepi.results import drawing
from nepi.results.graph import Graph, Kind, Vertex, by_type, folded, from_events
from nepi.results.layout import Position, Size, layout
from nepi.results.terminal import cells

FOLD_FROM = 40
"""From this many resources on, alike ones at the same places are drawn as one."""

MOST = 400
"""More boxes would be no picture any more: then there is one for each type."""

_ALIKE = 3
_NAME = 28
_NAME_POINTS = 9.0
_TYPE_POINTS = 6.8
_CELL = 0.64 / 72
"""Inches that one cell of text takes, a point of its size: DejaVu Sans on average, and a bit."""


@frozen
class _Look:
    """How a kind is drawn: colours, the width of the line, room around the text (inches)."""

    face: str
    edge: str
    line: float
    room: Size


_LOOKS: Mapping[Kind, _Look] = MappingProxyType(
    {
        Kind.HOST: _Look("#d9ebf7", drawing.BLUE, 1.8, (0.24, 0.22)),
        Kind.SWITCH: _Look("#f6e3ee", "#a3527e", 1.4, (0.30, 0.20)),
        Kind.LINK: _Look("#fdf0d0", "#9a6a00", 1.2, (0.50, 0.16)),
        Kind.INTERFACE: _Look("#ffffff", drawing.GREY, 1.0, (0.40, 0.26)),
        Kind.APPLICATION: _Look("#dcf1ea", drawing.GREEN, 1.2, (0.24, 0.16)),
    }
)


@frozen
class _Label:
    """The two lines of text in a box."""

    name: str
    type: str

    @classmethod
    def of(cls, vertex: Vertex) -> "_Label":
        name = drawing.shortened(vertex.name, _NAME)
        many = f"{vertex.count} \N{MULTIPLICATION SIGN} " if vertex.count > 1 else ""
        return cls(name, many + drawing.shortened(vertex.rtype, _NAME))

    def size(self, look: _Look) -> Size:
        name = cells(self.name) * _NAME_POINTS
        kind = cells(self.type) * _TYPE_POINTS
        width = max(name, kind) * _CELL
        height = (_NAME_POINTS + _TYPE_POINTS) * 1.25 / 72
        return width + look.room[0], height + look.room[1]


def draw(source: Path | Graph, path: Path, *, title: str = "") -> Path:
    """Draw a graph, or the one that a journal tells of, to *path*, an SVG file."""
    whole = source if isinstance(source, Graph) else from_events(source)
    graph = _legible(whole)
    labels = {vertex.key: _Label.of(vertex) for vertex in graph.vertices}
    sizes = {v.key: labels[v.key].size(_LOOKS[v.kind]) for v in graph.vertices}
    picture = _Picture(graph, labels, sizes, layout(sizes, graph.edges))
    return drawing.draw(
        path,
        lambda figure: picture.paint(figure, title, _remark(whole, graph)),
        size=picture.size,
        title=title or "Topology",
    )


def _legible(graph: Graph) -> Graph:
    if len(graph.vertices) < FOLD_FROM:
        return graph
    smaller = folded(graph, above=_ALIKE)
    return smaller if len(smaller.vertices) <= MOST else by_type(graph)


def _remark(whole: Graph, shown: Graph) -> str:
    if len(shown.vertices) == len(whole.vertices):
        return ""
    return f"{len(whole.vertices)} resources, alike ones drawn as one"


class _Picture:
    """One topology being painted, in inches."""

    def __init__(
        self,
        graph: Graph,
        labels: Mapping[int, _Label],
        sizes: Mapping[int, Size],
        places: Mapping[int, Position],
    ) -> None:
        self.graph = graph
        self.labels = labels
        self.sizes = sizes
        self.places = places
        self.left, self.right = self._reach(0)
        self.bottom, self.top = self._reach(1)
        self.size = (self.right - self.left, self.top - self.bottom)

    def _reach(self, axis: int) -> tuple[float, float]:
        low = [self.places[key][axis] - size[axis] / 2 for key, size in self.sizes.items()]
        high = [self.places[key][axis] + size[axis] / 2 for key, size in self.sizes.items()]
        return min(low, default=0.0) - 0.1, max(high, default=0.0) + 0.1

    def paint(self, figure: drawing.Figure, title: str, remark: str) -> None:
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        axes.set_xlim(self.left, self.right)
        axes.set_ylim(self.bottom, self.top)
        axes.set_axis_off()
        kinds = {vertex.key: vertex.kind for vertex in self.graph.vertices}
        for edge in sorted(self.graph.edges):
            self._edge(axes, edge, runs_on=Kind.APPLICATION in {kinds[key] for key in edge})
        for vertex in self.graph.vertices:
            self._vertex(axes, vertex)
        self._title(axes, title, remark)
        self._legend(axes)

    def _edge(self, axes: drawing.Axes, edge: tuple[int, int], *, runs_on: bool) -> None:
        # What carries traffic is drawn stronger than what only runs somewhere.
        (x0, y0), (x1, y1) = (self.places[key] for key in edge)
        color, width = (drawing.GREY, 0.8) if runs_on else (drawing.INK, 1.6)
        axes.plot((x0, x1), (y0, y1), color=color, linewidth=width, zorder=1)

    def _vertex(self, axes: drawing.Axes, vertex: Vertex) -> None:
        x, y = self.places[vertex.key]
        width, height = self.sizes[vertex.key]
        if vertex.count > 1:
            axes.add_patch(_shape(vertex.kind, (x + 0.06, y - 0.06), (width, height)))
        axes.add_patch(_shape(vertex.kind, (x, y), (width, height), failed=vertex.failed))
        label = self.labels[vertex.key]
        _text(axes, (x, y + 0.055), label.name, _NAME_POINTS, drawing.INK)
        _text(axes, (x, y - 0.095), label.type, _TYPE_POINTS, "#4a4a4a")
        if vertex.failed:
            style = {"marker": "X", "markersize": 9, "markeredgecolor": "white"}
            axes.plot(
                (x + width * 0.3,),
                (y + height / 2,),
                color=drawing.VERMILION,
                zorder=4,
                clip_on=False,
                **style,
            )

    def _title(self, axes: drawing.Axes, title: str, remark: str) -> None:
        style: dict[str, Any] = {"fontsize": 10.5, "fontweight": "bold", "parse_math": False}
        axes.text(self.left + 0.1, self.top + (0.28 if remark else 0.12), title, **style)
        axes.text(self.left + 0.1, self.top + 0.1, remark, fontsize=8, color=drawing.GREY)

    def _legend(self, axes: drawing.Axes) -> None:
        x, y = self.left + 0.1, self.bottom - 0.22
        present = {vertex.kind for vertex in self.graph.vertices}
        for kind in Kind:
            if kind in present:
                shape = _shape(kind, (x + 0.17, y), (0.34, 0.17))
                shape.set_clip_on(False)
                axes.add_patch(shape)
                style: dict[str, Any] = {"fontsize": 7.5, "va": "center"}
                axes.text(x + 0.42, y, str(kind), **style)
                x += 0.42 + 0.07 * len(kind) + 0.22
        if any(vertex.failed for vertex in self.graph.vertices):
            style = {"marker": "X", "markersize": 8, "markeredgecolor": "white"}
            axes.plot((x + 0.1,), (y,), color=drawing.VERMILION, clip_on=False, **style)
            axes.text(x + 0.26, y, "failed", fontsize=7.5, va="center")


def _text(axes: drawing.Axes, place: Position, text: str, size: float, color: str) -> None:
    style: dict[str, Any] = {"fontsize": size, "color": color, "zorder": 3}
    axes.text(*place, text, ha="center", va="center", parse_math=False, **style)


def _shape(kind: Kind, place: Position, size: Size, *, failed: bool = False) -> Any:
    from matplotlib.patches import Ellipse, FancyBboxPatch, Polygon, Rectangle

    look = _LOOKS[kind]
    style: dict[str, Any] = {
        "facecolor": look.face,
        "edgecolor": drawing.VERMILION if failed else look.edge,
        "linewidth": look.line + (0.6 if failed else 0.0),
        "zorder": 2,
    }
    (x, y), (width, height) = place, size
    corner = (x - width / 2, y - height / 2)
    if kind is Kind.HOST:
        return Rectangle(corner, width, height, **style)
    if kind is Kind.APPLICATION:
        rounding = f"round,pad=0,rounding_size={height * 0.42:.4f}"
        return FancyBboxPatch(corner, width, height, boxstyle=rounding, **style)
    if kind is Kind.INTERFACE:
        return Ellipse(place, width, height, **style)
    cut = (height * 0.55, height * 0.5) if kind is Kind.LINK else (height * 0.28, height * 0.28)
    return Polygon(_cut_corners(place, size, cut), closed=True, **style)


def _cut_corners(place: Position, size: Size, cut: Size) -> list[Position]:
    """Return a box without its corners: an octagon, or a hexagon where the cuts meet."""
    (x, y), (a, b) = place, (size[0] / 2, size[1] / 2)
    c, d = a - cut[0], b - cut[1]
    around = [(a, d), (c, b), (-c, b), (-a, d), (-a, -d), (-c, -b), (c, -b), (a, -d)]
    return [(x + dx, y + dy) for dx, dy in around]
