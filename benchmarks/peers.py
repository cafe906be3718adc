# SPDX-License-Identifier: BSD-3-Clause
"""The peer, NEPI 6.1.2, in a virtual environment of its own, outside this repository.

It is installed and run, never opened: it is under the GPL, and nothing of it may come in here.
"""

import fcntl
import os
import subprocess
import sys
import venv
from pathlib import Path

from measuring import MeasurementError, Options, Subject

NAME, VERSION = "nepi", "6.1.2"
# It calls a method that threads lost with Python 3.9; put back before any of its code runs.
SHIM = """\
import threading
threading.Thread.isAlive = threading.Thread.is_alive
"""


def place() -> Path:
    """Where the peer's environment is."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    python = f"py{sys.version_info.major}.{sys.version_info.minor}"
    return cache / "nepi7-bench" / f"{NAME}-{VERSION}-{python}"


def peer(options: Options) -> Subject | None:
    """Return the peer, installed if need be; None if the command line leaves it out."""
    if not options.peer:
        return None
    environment = place()
    environment.mkdir(parents=True, exist_ok=True)
    with (environment / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = environment / "ready"
        if not ready.exists():
            _install(environment)
            ready.touch()
    return Subject(f"NEPI {VERSION}", environment / "bin" / "python")


def _install(environment: Path) -> None:
    print(f"Installing the peer, {NAME} {VERSION}, into {environment}", file=sys.stderr, flush=True)
    venv.create(environment, with_pip=True)
    python = environment / "bin" / "python"
    options = ["--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [str(python), "-m", "pip", "install", *options, f"{NAME}=={VERSION}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    if done.returncode:
        raise MeasurementError(
            f"the peer could not be installed; --without-peer leaves it out\n{done.stderr.strip()}"
        )
    library = next(environment.glob("lib/python*/site-packages"))
    (library / "sitecustomize.py").write_text(SHIM, encoding="utf-8")
