# SPDX-License-Identifier: BSD-3-Clause
"""`timeline.svg`: a Gantt chart of the states of every resource of a run, from its journal."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import frozen

from nepi.core.lifecycle import Step
from nepi.results import drawing
from nepi.results.bars import bars, marks
from nepi.results.conditions import Wait
from nepi.results.history import History, Lane, history

MOST_LANES = 400
"""More would be no picture any more: those that failed come first, a line says what is left out."""

_PLOT_WIDTH = 7.0
_MOST_ARROWS = 24
_LEGEND = 8
_NAME = 36
_REASON = 64


@frozen
class _Scale:
    """Sizes for a number of lanes: inches a lane, points of text, whether types are told."""

    lane: float
    text: float
    types: bool

    @classmethod
    def of(cls, lanes: int) -> "_Scale":
        if lanes <= 12:  # noqa: PLR2004 - as legible as a page allows, then smaller
            return cls(0.36, 9.0, types=True)
        if lanes <= 40:  # noqa: PLR2004
            return cls(0.21, 8.0, types=False)
        return cls(0.125, 6.5, types=False)


def draw(events: Path, path: Path, *, title: str = "") -> Path:
    """Draw the run whose journal is *events* to *path*, an SVG file."""
    return draw_history(history(events), path, title=title)


def draw_history(past: History, path: Path, *, title: str = "") -> Path:
    """Draw what is known of a run to *path*, an SVG file."""
    lanes = _shown(past.lanes)
    scale = _Scale.of(len(lanes))
    size = (_PLOT_WIDTH, max(1, len(lanes)) * scale.lane)

    def paint(figure: drawing.Figure) -> None:
        _Chart(figure, past, lanes, scale).paint(title)

    return drawing.draw(path, paint, size=size, title=title or f"Timeline of run {past.run_id}")


def _shown(lanes: Sequence[Lane]) -> list[Lane]:
    if len(lanes) <= MOST_LANES:
        return list(lanes)
    kept = sorted(lanes, key=lambda lane: lane.failed_at is None)[:MOST_LANES]
    return sorted(kept, key=lambda lane: lane.guid)


class _Chart:
    """One chart being painted; a lane a row, the first on top."""

    def __init__(
        self, figure: drawing.Figure, past: History, lanes: Sequence[Lane], scale: _Scale
    ) -> None:
        self.past = past
        self.lanes = lanes
        self.scale = scale
        self.height = float(figure.get_figheight())
        self.axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.rows = {lane.guid: row for row, lane in enumerate(lanes)}

    def paint(self, title: str) -> None:
        self._frame()
        handles = [
            *bars(self.axes, self.lanes),
            *marks(self.axes, self.past, self.lanes, self._mark),
        ]
        self._names()
        self._arrows()
        self._reasons()
        self._heading(title, handles)

    def _frame(self) -> None:
        axes, past = self.axes, self.past
        margin = max(past.end - past.begin, 1e-3) * 0.015
        axes.set_xlim(past.begin - margin, past.end + margin)
        axes.set_ylim(max(len(self.lanes), 1) - 0.4, -0.6)
        axes.set_yticks([])
        for side in ("left", "right", "top"):
            axes.spines[side].set_visible(False)
        axes.set_axisbelow(True)
        axes.grid(axis="x", color=drawing.FAINT, linewidth=0.6)
        axes.tick_params(axis="x", labelsize=8, top=self._tall, labeltop=self._tall)
        axes.set_xlabel(self._time_label(), fontsize=8.5)
        if past.has_zero:
            axes.axvline(0, color=drawing.INK, linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
        for row in range(0, len(self.lanes), 2):
            axes.axhspan(row - 0.5, row + 0.5, color="#fafafa", linewidth=0, zorder=0)

    @property
    def _mark(self) -> float:
        return max(4.5, self.scale.lane * 22)

    @property
    def _tall(self) -> bool:
        return self.height > 6  # noqa: PLR2004 - inches: the axis below is out of sight

    def _time_label(self) -> str:
        moment = datetime.fromtimestamp(self.past.zero_wall, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        if not self.past.has_zero:
            return f"time since the run began ({moment}) [s]; nothing was started"
        return f"time since t = 0 ({moment}) [s]"

    def _names(self) -> None:
        for row, lane in enumerate(self.lanes):
            name = lane.name or f"{lane.rtype.rpartition('::')[2]}-{lane.guid}"
            lift = 0.13 if self.scale.types else 0.0
            self._beside(row - lift, drawing.shortened(name, _NAME), self.scale.text, drawing.INK)
            if self.scale.types:
                self._beside(row + 0.22, lane.rtype, 6.5, drawing.GREY)

    def _beside(self, y: float, text: str, size: float, color: str, *, right: bool = False) -> None:
        self.axes.annotate(
            text,
            (1.0 if right else 0.0, y),
            xycoords=self.axes.get_yaxis_transform(),
            xytext=(6 if right else -6, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            fontsize=size,
            color=color,
            parse_math=False,
            annotation_clip=False,
        )

    def _reasons(self) -> None:
        size = min(self.scale.text, 7.5)
        for row, lane in enumerate(self.lanes):
            if lane.failed_at is not None:
                # Messages name their resource; here its name stands at the other end.
                reason = lane.reason.removeprefix(f"{lane.rtype} {lane.name!r}: ")
                text = drawing.shortened(reason, _REASON)
                self._beside(row, text, size, drawing.VERMILION, right=True)

    def _arrows(self) -> None:
        if len(self.lanes) > _MOST_ARROWS:
            return
        for wait in self.past.waits:
            if wait.guid in self.rows and wait.last in self.rows:
                self._arrow(wait)

    def _arrow(self, wait: Wait) -> None:
        # From the bar that the condition looks at to the edge of the one it let go.
        upper, lower = self.rows[wait.last], self.rows[wait.guid]
        inset = 0.16 if wait.delay > 0 or wait.step is Step.STOP else 0.0
        sign = 1 if lower > upper else -1
        self.axes.annotate(
            "",
            (wait.met, lower - sign * inset),
            xytext=(wait.met, upper),
            arrowprops={
                "arrowstyle": "-|>,head_width=0.16,head_length=0.32",
                "color": drawing.INK,
                "linewidth": 0.8,
                "shrinkA": 0,
                "shrinkB": 0,
            },
            zorder=4,
        )

    def _heading(self, title: str, handles: Sequence[Any]) -> None:
        above = (0.34 if self._tall else 0.12) / self.height
        if handles:
            self.axes.legend(
                handles=handles,
                loc="lower left",
                bbox_to_anchor=(0.0, 1.0 + above),
                ncols=_LEGEND,
                fontsize=7.5,
                handlelength=1.6,
                columnspacing=1.4,
                borderaxespad=0.0,
                borderpad=0.0,
            )
        rows = -(-len(handles) // _LEGEND)
        lines = [title or f"Run {self.past.run_id}", *self._left_out()]
        self.axes.annotate(
            "\n".join(lines),
            (0.0, 1.0),
            xycoords="axes fraction",
            xytext=(0, above * self.height * 72 + rows * 13 + 4),
            textcoords="offset points",
            fontsize=10,
            fontweight="bold",
            parse_math=False,
            annotation_clip=False,
        )

    def _left_out(self) -> list[str]:
        left = len(self.past.lanes) - len(self.lanes)
        return [f"{left} of {len(self.past.lanes)} resources are not shown"] if left else []
