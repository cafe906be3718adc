# SPDX-License-Identifier: BSD-3-Clause
"""Run every benchmark, one after another; the exit code is 1 when one of them missed a target."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SCRIPTS = ("imports", "conditions", "classic", "deploys", "commands")
LONGEST = 900.0  # seconds; the slowest takes a tenth of it


def carry_out(name: str, options: list[str], *, keep: bool) -> tuple[int, str]:
    """Run one benchmark; return its exit code and, if kept, what it printed."""
    try:
        done = subprocess.run(
            [sys.executable, str(HERE / f"{name}.py"), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if keep else None,
            text=True,
            timeout=LONGEST,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print(f"{name}: not done after {LONGEST:g} s", file=sys.stderr)
        return 2, ""
    return done.returncode, done.stdout or ""


def main() -> int:
    """Run what the command line names; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object for all")
    parser.add_argument("--without-peer", action="store_true", help="leave NEPI 6.1.2 out")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SCRIPTS)}")
    said = parser.parse_args()
    options: list[str] = [flag for flag in ("--json", "--without-peer") if flag in sys.argv]
    codes: dict[str, int] = {}
    found: dict[str, object] = {}
    for name in said.names or SCRIPTS:
        if not (HERE / f"{name}.py").exists():
            parser.error(f"there is no benchmark {name}; there are {', '.join(SCRIPTS)}")
        codes[name], text = carry_out(name, options, keep=said.json)
        if text:
            found[name] = json.loads(text)
    if said.json:
        print(json.dumps(found))
    missed = [name for name, code in codes.items() if code]
    if missed:
        print(f"Missed a target, or failed: {', '.join(missed)}", file=sys.stderr)
    return max(codes.values())


if __name__ == "__main__":
    sys.exit(main())
