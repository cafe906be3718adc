# SPDX-License-Identifier: BSD-3-Clause
"""The bars and marks of a timeline: how each phase looks. What stands around them is elsewhere."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from attrs import frozen

from nepi.results import drawing
from nepi.results.history import History, Lane
from nepi.results.phases import Phase

Handle = Any
"""What a legend shows of something drawn."""


@frozen
class _Look:
    """How a phase is drawn: a pattern and a height besides the colour, for print and all eyes."""

    face: str
    height: float
    hatch: str = ""
    edge: str = "none"


_LOOKS: Mapping[Phase, _Look] = MappingProxyType(
    {
        Phase.PREPARING: _Look(drawing.SKY, 0.56),
        Phase.WAITING: _Look("#f2f2f2", 0.32, "////", "#a8a8a8"),
        Phase.DELAY: _Look("#fdf0d0", 0.32, "||||||", drawing.ORANGE),
        Phase.STARTED: _Look(drawing.GREEN, 0.72),
        Phase.STOPPED: _Look("#b5b5b5", 0.14),
        Phase.FAILED: _Look(drawing.VERMILION, 0.14),
        Phase.ENDING: _Look(drawing.PURPLE, 0.40),
    }
)


def bars(axes: drawing.Axes, lanes: Sequence[Lane]) -> list[Handle]:
    """Draw the phases of all lanes, the first on row 0."""
    from matplotlib.collections import PolyCollection
    from matplotlib.patches import Patch

    handles: list[Handle] = []
    for phase, look in _LOOKS.items():
        boxes = _boxes(lanes, phase, look.height)
        if not boxes:
            continue
        # An edge of its own colour keeps what was short visible.
        edge = look.face if look.edge == "none" else look.edge
        style: dict[str, Any] = {"facecolor": look.face, "edgecolor": edge, "linewidth": 0.5}
        axes.add_collection(PolyCollection(boxes, hatch=look.hatch, zorder=2, **style))
        if phase is not Phase.FAILED:  # its mark says so already
            handles.append(Patch(hatch=look.hatch, label=str(phase), **style))
    return handles


def _boxes(lanes: Sequence[Lane], phase: Phase, height: float) -> list[list[tuple[float, float]]]:
    half = height / 2
    return [
        [(s.begin, y - half), (s.end, y - half), (s.end, y + half), (s.begin, y + half)]
        for y, lane in enumerate(lanes)
        for s in lane.spans
        if s.phase is phase
    ]


def marks(axes: drawing.Axes, past: History, lanes: Sequence[Lane], size: float) -> list[Handle]:
    """Draw where something failed, was tried again, and where all was aborted."""
    failed = [(lane.failed_at, y) for y, lane in enumerate(lanes) if lane.failed_at is not None]
    retried = [(at, y) for y, lane in enumerate(lanes) for at in lane.retries]
    handles: list[Handle] = []
    if failed:
        style: dict[str, Any] = {"marker": "X", "color": drawing.VERMILION, "markersize": size}
        handles += _points(axes, failed, "failed", **style)
    if retried:
        style = {"marker": "v", "color": "#8a5f00", "markersize": size}
        handles += _points(axes, retried, "tried again", **style)
    if past.aborted is not None:
        style = {"color": drawing.VERMILION, "linewidth": 1.1}
        handles.append(axes.axvline(past.aborted, label="aborted", zorder=3, **style))
    return handles


def _points(
    axes: drawing.Axes, points: Sequence[tuple[float, int]], label: str, **style: Any
) -> list[Handle]:
    drawn: list[Handle] = axes.plot(
        [x for x, _ in points],
        [y for _, y in points],
        linestyle="none",
        markeredgecolor="white",
        markeredgewidth=0.6,
        zorder=5,
        label=label,
        **style,
    )
    return drawn
