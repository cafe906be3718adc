# SPDX-License-Identifier: BSD-3-Clause
"""Where the boxes of a graph go, so that none covers another: Graphviz where it is, else networkx.

Boxes are numbers and sizes here: no text of a user ever reaches Graphviz. All lengths are inches.
"""

import subprocess
from collections.abc import Iterable, Mapping

from nepi.results.springs import GAP, Edge, Position, Size, by_networkx, length

__all__ = ["Edge", "Position", "Size", "layout"]

PATIENCE = 20.0
"""Seconds that Graphviz may take."""

_LARGE = 80


def layout(sizes: Mapping[int, Size], edges: Iterable[Edge]) -> dict[int, Position]:
    """Return the centres of boxes of these sizes, connected boxes near each other."""
    listed = sorted(edges)
    if len(sizes) <= 1:
        return dict.fromkeys(sizes, (0.0, 0.0))
    return by_graphviz(sizes, listed) or by_networkx(sizes, listed)


def by_graphviz(sizes: Mapping[int, Size], edges: Iterable[Edge]) -> dict[int, Position] | None:
    """Return Graphviz' layout, or None where it is not installed or takes too long."""
    engine = "neato" if len(sizes) <= _LARGE else "sfdp"
    try:
        done = subprocess.run(
            ["dot", f"-K{engine}", "-Tplain"],
            input=_dot(sizes, edges),
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            text=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    positions = _positions(done.stdout)
    return positions if positions.keys() == sizes.keys() else None


def _dot(sizes: Mapping[int, Size], edges: Iterable[Edge]) -> str:
    lines = [
        "graph {",
        f'overlap=prism; pack=true; packmode="graph"; start=7; sep="+{GAP * 36:g}"; maxiter=2000;',
        'node [shape=box, fixedsize=true, label=""];',
        *(f"n{key} [width={w:.4f}, height={h:.4f}];" for key, (w, h) in sizes.items()),
        *(f"n{a} -- n{b} [len={length(sizes[a], sizes[b]):.4f}];" for a, b in edges),
        "}",
    ]
    return "\n".join(lines)


def _positions(plain: str) -> dict[int, Position]:
    words = (line.split() for line in plain.splitlines())
    return {
        int(line[1][1:]): (float(line[2]), float(line[3]))
        for line in words
        if line and line[0] == "node"
    }
