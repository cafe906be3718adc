# SPDX-License-Identifier: BSD-3-Clause
"""What `import nepi` adds to the start of the interpreter, and what it loads."""

import json
import subprocess
import sys
import time
from functools import partial

from measuring import (
    OURS,
    SCENARIOS,
    MeasurementError,
    Options,
    Report,
    Row,
    Sample,
    Subject,
    Target,
    column,
    environment,
    in_turn,
    main,
)
from peers import peer

PLAIN = "import nepi"
USED = "import nepi; nepi.Experiment; from nepi import linux; linux.Node"
CLASSIC = "import nepi.execution.ec"
ALLOWED = {"attr", "attrs"}
MS = 1000.0


def start(subject: Subject, statement: str) -> Sample:
    """The wall time of an interpreter that carries out *statement* and ends."""
    begun = time.monotonic()
    run(subject, "-c", statement)
    return {"wall": time.monotonic() - begun}


def run(subject: Subject, *argv: str) -> str:
    """Run an interpreter and return what it printed."""
    done = subprocess.run(
        [str(subject.python), "-W", "ignore", *argv],
        env=environment(subject),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise MeasurementError(f"{subject.name}, {argv}: {done.stderr.strip()}")
    return done.stdout


def over(found: dict[str, list[Sample]], name: str, base: str) -> list[float]:
    """What each round of *name* took more than the same round of *base*, in ms."""
    pairs = zip(column(found[name], "wall"), column(found[base], "wall"), strict=True)
    return [(wall - start) * MS for wall, start in pairs]


def measure(options: Options, report: Report) -> None:
    """Fill in what the imports take and load."""
    other = peer(options)
    statements = {"start": "pass", "plain": PLAIN, "used": USED, "classic": CLASSIC}
    jobs = {name: partial(start, OURS, said) for name, said in statements.items()}
    if other:
        jobs["start of peer"] = partial(start, other, "pass")
        jobs["peer"] = partial(start, other, CLASSIC)
    found = in_turn(jobs, rounds=options.rounds, report=report)
    base = column(found["start"], "wall", scale=MS)
    report.rows += [
        Row(PLAIN, "ms", over(found, "plain", "start"), base, "bare start", Target(150)),
        Row("Experiment, linux.Node used", "ms", over(found, "used", "start"), base, "bare start"),
    ]
    ours = over(found, "classic", "start")
    theirs = over(found, "peer", "start of peer") if other else ()
    report.rows.append(Row(CLASSIC, "ms", ours, theirs, other.name if other else ""))
    loaded: list[str] = json.loads(run(OURS, str(SCENARIOS / "loaded.py"), "nepi").splitlines()[-1])
    strangers = sorted(set(loaded) - ALLOWED - {"nepi"})
    report.rows.append(
        Row("third-party modules but attrs", "", [float(len(strangers))], target=Target(0))
    )
    report.notes.append(f"import nepi loads of others: {', '.join(loaded) or 'nothing'}")


if __name__ == "__main__":
    sys.exit(main("imports", measure, rounds=11))
