# SPDX-License-Identifier: BSD-3-Clause
"""What all pictures have in common: one look, the same bytes for the same data, SVG.

matplotlib is imported when something is drawn, and not before; what is drawn lives elsewhere.
"""

import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nepi.runtime.atomic import replace_text

# matplotlib's own types leave every keyword unknown, which the strict checkers refuse.
Figure = Any
Axes = Any

INK = "#222222"
GREY = "#6e6e6e"
FAINT = "#d9d9d9"

# Okabe and Ito's colours, told apart by all kinds of eyes.
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREEN = "#009E73"
BLUE = "#0072B2"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"

_LOOK: Mapping[str, object] = MappingProxyType(
    {
        "font.family": ["sans-serif"],
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 9.0,
        "text.color": INK,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.7,
        "xtick.color": INK,
        "ytick.color": INK,
        "hatch.linewidth": 0.5,
        "legend.frameon": False,
        # Text stays text: it can be searched, and any script shows that the reader has fonts for.
        "svg.fonttype": "none",
        "svg.hashsalt": "nepi",
    }
)


class PlotsMissingError(ImportError):
    """What draws is not installed; everything else works without it."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"no pictures: {what} is not installed; pip install 'nepi7[plots]' brings it"
        )


def available() -> bool:
    """Tell whether pictures can be drawn here."""
    return find_spec("matplotlib") is not None and find_spec("networkx") is not None


def draw(
    path: Path,
    paint: Callable[[Figure], None],
    *,
    size: tuple[float, float],
    title: str = "",
    dpi: float = 150.0,
) -> Path:
    """Let *paint* fill a figure of this size (inches), and write it to *path* as SVG."""
    try:
        matplotlib = import_module("matplotlib")
        figures = import_module("matplotlib.figure")
    except ImportError as error:
        raise PlotsMissingError("matplotlib") from error
    text = StringIO()
    with matplotlib.rc_context(), warnings.catch_warnings():
        # The measures are DejaVu's; the reader's fonts show what it lacks.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(_LOOK)
        figure: Figure = figures.Figure(figsize=size, dpi=dpi)
        paint(figure)
        described = {"Date": None, "Title": title or None, "Creator": "NEPI"}
        figure.savefig(text, format="svg", bbox_inches="tight", pad_inches=0.2, metadata=described)
    replace_text(path, text.getvalue())
    return path


def shortened(text: str, longest: int) -> str:
    """Return *text* on one line, its middle left out where it is too long."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    tail = longest // 3
    return f"{line[: longest - tail - 1]}…{line[-tail:]}"
