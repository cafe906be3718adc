# SPDX-License-Identifier: BSD-3-Clause
"""How the benchmarks measure: children in turn, medians, rows with a target, one table.

What is measured, and beside what, is told by the scripts; nothing here knows NEPI.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path
from typing import Literal

Sample = dict[str, float]
SCENARIOS = Path(__file__).parent / "scenarios"
PLACES = ("TMPDIR", "XDG_STATE_HOME", "XDG_CACHE_HOME", "NEPI_LOCAL_DIR")
"""Where children leave something; told to be a folder that is removed."""
QUIET = 0.1
"""Others may use so much of one core while a sample is taken."""
MORE = 3
"""So many times the rounds, at most, on a machine that is never quiet."""


class MeasurementError(Exception):
    """A child did not end, or not well; the message holds the end of what it said."""


@dataclass(frozen=True)
class Subject:
    """One who is measured: the interpreter, and so the packages, of its children."""

    name: str
    python: Path


OURS = Subject("NEPI 7", Path(sys.executable))


@dataclass(frozen=True)
class Target:
    """What the median has to be: the figure itself, or its ratio to the one beside it."""

    bound: float
    of: Literal["figure", "ratio"] = "figure"
    sense: Literal["at most", "at least"] = "at most"

    def met(self, value: float) -> bool:
        return value <= self.bound if self.sense == "at most" else value >= self.bound

    def text(self, unit: str) -> str:
        sign = "<=" if self.sense == "at most" else ">="
        return f"{sign} {self.bound:g} {'x' if self.of == 'ratio' else unit}".rstrip()


@dataclass(frozen=True)
class Row:
    """One figure of ours, what stands beside it, and what it has to be."""

    what: str
    unit: str
    ours: Sequence[float]
    beside: Sequence[float] = ()
    label: str = ""
    target: Target | None = None

    @property
    def ratio(self) -> float | None:
        if not self.beside or statistics.median(self.beside) == 0:
            return None
        return statistics.median(self.ours) / statistics.median(self.beside)

    @property
    def missed(self) -> bool:
        if self.target is None:
            return False
        value = self.ratio if self.target.of == "ratio" else statistics.median(self.ours)
        return value is not None and not self.target.met(value)

    @property
    def verdict(self) -> str:
        if self.target is None or (self.target.of == "ratio" and self.ratio is None):
            return "-"
        return "FAIL" if self.missed else "PASS"

    def cells(self) -> tuple[str, ...]:
        ratio = self.ratio
        return (
            self.what,
            spread(self.ours, self.unit),
            f"{self.label} {spread(self.beside, self.unit)}" if self.beside else "-",
            "-" if ratio is None else f"{ratio:.3g}",
            "-" if self.target is None else self.target.text(self.unit),
            self.verdict,
        )


@dataclass
class Report:
    """What one script has found."""

    title: str
    rows: list[Row] = field(default_factory=list[Row])
    notes: list[str] = field(default_factory=list[str])
    disturbed: float = 0.0

    @property
    def missed(self) -> bool:
        return any(row.missed for row in self.rows)

    def text(self) -> str:
        head = ("case", OURS.name, "beside", "ratio", "target", "")
        table = [head, *(row.cells() for row in self.rows)]
        widths = [max(len(line[column]) for line in table) for column in range(len(head))]
        lines = [
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
            for line in table
        ]
        facts = ", ".join(f"{name} {value}" for name, value in self.circumstances().items())
        notes = [f"  {note}" for note in self.notes]
        return "\n".join([self.title, *(f"  {line}" for line in lines), *notes, f"  {facts}"])

    def circumstances(self) -> dict[str, str]:
        """Return what the figures depend on."""
        return machine() | {"others used": f"{max(0.0, self.disturbed):.0%} of a core"}

    def data(self) -> dict[str, object]:
        return {
            "title": self.title,
            "machine": self.circumstances(),
            "passed": not self.missed,
            "notes": self.notes,
            "rows": [
                {
                    "case": row.what,
                    "unit": row.unit,
                    "ours": list(row.ours),
                    "beside": list(row.beside),
                    "label": row.label,
                    "ratio": row.ratio,
                    "target": None if row.target is None else row.target.text(row.unit),
                    "verdict": row.verdict,
                }
                for row in self.rows
            ],
        }


@dataclass(frozen=True)
class Options:
    """What the command line of a benchmark says."""

    rounds: int
    peer: bool
    as_json: bool


def spread(values: Sequence[float], unit: str) -> str:
    """Write the median, and the range where there is one: `0.31 s (0.29-0.35)`."""
    text = f"{statistics.median(values):.3g} {unit}".rstrip()
    return f"{text} ({min(values):.3g}-{max(values):.3g})" if len(values) > 1 else text


def machine() -> dict[str, str]:
    """What the figures depend on."""
    cpus = Path("/proc/cpuinfo")
    models = [line for line in _lines(cpus) if line.startswith("model name")]
    return {
        "python": platform.python_version(),
        "kernel": platform.release(),
        "cpu": models[0].partition(":")[2].strip() if models else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def child(subject: Subject, *argv: str, timeout: float = 120) -> Sample:
    """Run a script of scenarios/ as *subject*; its last line of output is its figures."""
    with tempfile.TemporaryDirectory(prefix="nepi7-bench-") as scratch:
        try:
            done = subprocess.run(
                [str(subject.python), "-W", "ignore", str(SCENARIOS / argv[0]), *argv[1:]],
                env=environment(subject) | dict.fromkeys(PLACES, scratch),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            msg = f"{subject.name}, {' '.join(argv)}: not done after {timeout:g} s"
            raise MeasurementError(msg) from late
    if done.returncode:
        end = "\n".join(done.stderr.splitlines()[-15:])
        raise MeasurementError(f"{subject.name}, {' '.join(argv)}: exit {done.returncode}\n{end}")
    sample: Sample = json.loads(done.stdout.splitlines()[-1])
    return sample


def environment(subject: Subject) -> dict[str, str]:
    """Return the environment of this process without what would disturb *subject*."""
    # PYTHONPATH would let a peer import us in its own place.
    dropped = ("NEPI_",) if subject is OURS else ("NEPI_", "PYTHON")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}


def in_turn(
    jobs: Mapping[str, Callable[[], Sample]], *, rounds: int, report: Report | None = None
) -> dict[str, list[Sample]]:
    """Carry the jobs out in turn, *rounds* times; return the samples of each.

    On a machine that others use there are more rounds, and the least disturbed samples count.
    """
    tried: dict[str, list[tuple[float, Sample]]] = {name: [] for name in jobs}
    for done in range(1, MORE * rounds + 1):
        for name, job in jobs.items():
            others, begun = _cpu_of_others(), time.monotonic()
            sample = job()
            used = (_cpu_of_others() - others) / (time.monotonic() - begun)
            tried[name].append((used, sample))
        if done >= rounds and all(_quiet(tries) >= rounds for tries in tried.values()):
            break
    best = {name: sorted(tries, key=itemgetter(0))[:rounds] for name, tries in tried.items()}
    if report is not None:
        report.disturbed = max(report.disturbed, *(tries[-1][0] for tries in best.values()))
    return {name: [sample for _, sample in tries] for name, tries in best.items()}


def _quiet(tries: Sequence[tuple[float, Sample]]) -> int:
    return sum(used < QUIET for used, _ in tries)


def _cpu_of_others() -> float:
    """Return the CPU seconds that neither this process nor its children have used; grows."""
    lines = _lines(Path("/proc/stat"))
    if not lines:
        return 0.0
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, lines[0].split()[1:9])
    busy = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    ours = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return busy - sum(used.ru_utime + used.ru_stime for used in ours)


def column(samples: Sequence[Sample], name: str, *, scale: float = 1) -> list[float]:
    """Return one figure of each sample."""
    return [sample[name] * scale for sample in samples]


def main(title: str, measure: Callable[[Options, Report], None], *, rounds: int = 3) -> int:
    """Run one benchmark from the command line; the exit code is 1 when a target was missed."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.add_argument("--rounds", type=int, default=rounds, help=f"default: {rounds}")
    parser.add_argument("--without-peer", action="store_true", help="leave NEPI 6.1.2 out")
    said = parser.parse_args()
    report = Report(title)
    try:
        measure(Options(said.rounds, not said.without_peer, said.json), report)
    except MeasurementError as problem:
        print(f"{title}: {problem}", file=sys.stderr)
        return 2
    print(json.dumps(report.data()) if said.json else report.text(), flush=True)
    return int(report.missed)
