# SPDX-License-Identifier: BSD-3-Clause
"""run.json: all that somebody else needs to know of where, when and with what a run was made.

What the run did is in the journal; what it was meant to do, in experiment.json.
"""

import os
import platform
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from threading import Lock
from typing import Any, Self

from nepi.runtime import machine
from nepi.runtime.directory import RunDirectory
from nepi.runtime.masking import mask, masked_arguments, masked_environment
from nepi.runtime.revision import revision

FORMAT = 1
DISTRIBUTION = "nepi7"
_REQUIRED_NAME = re.compile(r"[A-Za-z0-9._-]+")


class Provenance:
    """The content of one run's run.json, written anew at every change; safe from any thread."""

    def __init__(
        self, run: RunDirectory, data: dict[str, Any], *, secrets: Iterable[str] = ()
    ) -> None:
        self._run = run
        self._data = data
        self._secrets = tuple(secrets)
        self._lock = Lock()

    @classmethod
    def begin(
        cls,
        run: RunDirectory,
        *,
        source: Path | None = None,
        seeds: Mapping[str, int] | None = None,
        hosts: Iterable[str] = (),
        secrets: Iterable[str] = (),
        argv: Sequence[str] | None = None,
    ) -> Self:
        """Write down what is known when a run begins.

        *source* is the script or description it comes from, *secrets* are texts that must not be
        written anywhere.
        """
        known = tuple(secrets)
        data: dict[str, Any] = {
            **_run(run),
            **_call(sys.orig_argv if argv is None else argv, known),
            "source": _source(source),
            "description_sha256": _description_hash(run),
            "seeds": dict(seeds or {}),
            "hosts": sorted(hosts),
            "versions": versions(),
            "python": python(),
            **this_machine(),
        }
        begun = cls(run, data, secrets=known)
        begun._save()
        return begun

    @classmethod
    def reopen(cls, run: RunDirectory, *, secrets: Iterable[str] = ()) -> Self:
        """Go on with the run.json that is there (attach, clean)."""
        return cls(run, run.read_json(run.provenance.name), secrets=secrets)

    def update(self, **facts: Any) -> None:
        """Write down what became known meanwhile: engines=..., hosts=..., seeds=...."""
        with self._lock:
            self._data.update(facts)
            self._save()

    def finish(
        self, outcome: str, *, reason: str = "", resources: Mapping[str, Any] | None = None
    ) -> None:
        """Write down how the run ended, and why; *resources*: how each of them did."""
        self.update(
            ended=_now(),
            outcome=outcome,
            reason=mask(reason, self._secrets),
            description_sha256=_description_hash(self._run),
            **({} if resources is None else {"resources": dict(resources)}),
        )

    def _save(self) -> None:
        self._run.write_json(self._run.provenance.name, self._data)


def versions() -> dict[str, str]:
    """Return the versions of NEPI, its requirements and platforms, and of what is imported."""
    loaded = {name for name in sys.modules if "." not in name} - sys.stdlib_module_names
    names = {DISTRIBUTION} | {name for name in loaded if not name.startswith("_")}
    for requirement in _requirements():
        matched = _REQUIRED_NAME.match(requirement)
        names |= {matched.group()} if matched else set()
    for entry in metadata.entry_points(group="nepi.backends"):
        names |= {entry.dist.name} if entry.dist else set()
    # One package may have been named in two spellings; its own is kept.
    found = dict(_version(name) for name in sorted(names))
    return {name: found[name] for name in sorted(found, key=str.lower) if name}


def python() -> dict[str, str]:
    """Return which Python this is."""
    return {
        "version": platform.python_version(),
        "implementation": platform.python_implementation(),
        "executable": sys.executable,
    }


def this_machine() -> dict[str, Any]:
    """Return what of the machine may change a result."""
    kernel = platform.uname()
    return {
        "host": machine.hostname(),
        "boot_id": machine.boot_id(),
        "system": machine.system(),
        "kernel": {"name": kernel.system, "release": kernel.release, "version": kernel.version},
        "cpu": {
            "model": machine.cpu_model(),
            "architecture": kernel.machine,
            "usable": machine.cpus(),
        },
        "memory_bytes": machine.memory(),
        "sysctls": machine.sysctls(),
    }


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _run(run: RunDirectory) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "run_id": run.run_id,
        "exp_id": run.exp_id,
        "started": _now(),
        "ended": None,
        "outcome": None,
        "reason": "",
    }


def _call(arguments: Sequence[str], secrets: Sequence[str]) -> dict[str, Any]:
    return {
        "command": masked_arguments(arguments, secrets=secrets),
        "directory": mask(str(Path.cwd()), secrets),
        "environment": masked_environment(os.environ, prefix="NEPI_", secrets=secrets),
    }


def _requirements() -> list[str]:
    try:
        # Those of an extra are noted as well where they are installed: numbers depend on them.
        needed = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    return [one for one in needed if "extra == 'dev'" not in one.replace('"', "'")]


def _version(name: str) -> tuple[str, str]:
    try:
        distribution = metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError):
        return "", ""
    return distribution.name, distribution.version


def _source(path: Path | None) -> dict[str, Any] | None:
    if path is None or not path.is_file():
        return None
    return {
        "path": str(path.absolute()),
        "sha256": sha256(path.read_bytes()).hexdigest(),
        "git": revision(path.absolute().parent),
    }


def _description_hash(run: RunDirectory) -> str | None:
    try:
        return sha256(run.description.read_bytes()).hexdigest()
    except FileNotFoundError:
        return None
