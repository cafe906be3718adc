# SPDX-License-Identifier: BSD-3-Clause
"""What this machine can do for experiments, found out by trying it. Changes nothing on it."""

import asyncio
import contextlib
import json
import os
import platform
import resource as limits
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from nepi.cli import probing
from nepi.cli.finding import PATIENCE, Finding
from nepi.cli.output import volume
from nepi.cli.programs import programs
from nepi.hosts import HostError, leftovers
from nepi.hosts.local import LocalMachine
from nepi.runtime.runs import registry_dir

ENOUGH_DISK = 1 << 30
ENOUGH_FILES = 4096
APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")


def look() -> Iterator[Finding]:
    """Everything the doctor looks at, in the order it is printed."""
    yield from _interpreter()
    yield _agent()
    yield from _kernel()
    yield from programs()
    yield from _room()
    yield from _extras()


def _interpreter() -> Iterator[Finding]:
    yield Finding(
        "Python",
        "python",
        "ok",  # else this line would not run
        f"{platform.python_version()} ({sys.executable})",
        "everything",
    )


def _agent() -> Finding:
    """Begin an agent, have it run a command, end it."""
    needed_for = "running processes on this machine"
    begun = time.perf_counter()
    machine = LocalMachine(f"doctor-{secrets.token_hex(8)}")
    try:
        asyncio.run(asyncio.wait_for(_run_nothing(machine), PATIENCE))
    except (HostError, OSError, TimeoutError) as error:
        leftovers.remove(machine.record, grace=0)
        why = str(error) or f"no answer within {PATIENCE:g} s"
        remedy = "see that /tmp can be written to and python3 started"
        return Finding("Python", "agent", "missing", why, needed_for, remedy, required=True)
    took = f"began, ran a command and ended in {time.perf_counter() - begun:.1f} s"
    return Finding("Python", "agent", "ok", took, needed_for)


async def _run_nothing(machine: LocalMachine) -> None:
    async with machine:
        await machine.run(["true"])


def _kernel() -> Iterator[Finding]:
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    if platform.system() != "Linux":
        why = "the platforms of this machine itself"
        remedy = "control experiments on other hosts from here, or use a Linux machine"
        yield Finding("kernel", "kernel", "limited", system, why, remedy)
        return
    yield Finding("kernel", "kernel", "ok", system, "the platforms of this machine itself")
    tried = _tried()
    yield _namespace("user namespace", tried, "emulated networks without root", _allow_namespaces())
    yield _namespace("network namespace", tried, "emulated networks as root", "run as root (sudo)")
    yield from (_piece(what, tried[what]) for what in tried if " namespace" not in what)


def _tried() -> Mapping[str, str]:
    child = subprocess.run(
        [sys.executable, "-I", probing.__file__],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    try:
        found: dict[str, str] = json.loads(child.stdout)
    except ValueError:
        why = child.stderr.strip().rpartition("\n")[2] or f"the probe ended with {child.returncode}"
        return {"user namespace": why, "network namespace": why}
    return found


def _namespace(what: str, tried: Mapping[str, str], needed_for: str, remedy: str) -> Finding:
    why = tried[what]
    # Root needs no user namespace, and whoever has those needs no root.
    either = not (tried["user namespace"] and tried["network namespace"])
    verdict: Literal["limited", "missing"] = "limited" if either else "missing"
    if why:
        return Finding("kernel", what, verdict, why, needed_for, remedy)
    return Finding("kernel", what, "ok", "made, its loopback set up", needed_for)


def _allow_namespaces() -> str:
    with contextlib.suppress(OSError):
        if APPARMOR.read_text().strip() == "1":
            return "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
    return "sudo sysctl -w kernel.unprivileged_userns_clone=1 user.max_user_namespaces=15000"


PIECES: Mapping[str, str] = {
    "link veth": "links between emulated hosts",
    "link bridge": "emulated switches",
    "qdisc netem": "delay and loss by the kernel",
    "qdisc tbf": "link rates by the kernel",
    "qdisc htb": "link rates by class",
    "qdisc clsact": "shaping in the middle of a link",
    "qdisc fq_codel": "other queue disciplines of links",
    "qdisc fq": "other queue disciplines of links",
    "qdisc cake": "other queue disciplines of links",
    "qdisc sfq": "other queue disciplines of links",
}


def _piece(what: str, why: str) -> Finding:
    needed_for = PIECES.get(what, "emulated networks")
    if not why:
        return Finding("kernel", what, "ok", "made and removed", needed_for)
    module = what.replace("link ", "").replace("qdisc ", "sch_")
    found = "not in this kernel" if why == "No such file or directory" else why
    rights = "" if os.geteuid() == 0 else "sudo "
    remedy = f"{rights}modprobe {module}"
    if found != why:
        remedy += "  # if that fails: a kernel that has it"
    return Finding("kernel", what, "limited", found, needed_for, remedy)


def _room() -> Iterator[Finding]:
    runs = Path(os.environ.get("NEPI_LOCAL_DIR", "nepi-runs"))
    yield _disk("run directory", runs, "what runs leave behind", "NEPI_LOCAL_DIR")
    yield _disk("state directory", registry_dir(), "nepi runs, nepi clean", "XDG_STATE_HOME")
    yield _files()


def _disk(name: str, folder: Path, needed_for: str, variable: str) -> Finding:
    """Really write there: permissions, quotas and read-only mounts all show."""
    there = folder
    while not there.exists():
        there = there.parent
    remedy = f"export {variable}=DIRECTORY, one you can write to"
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".nepi-doctor-"):
            free = shutil.disk_usage(there).free
    except OSError as error:
        why = f"{there}: {error.strerror}"
        return Finding("room", name, "missing", why, needed_for, remedy, required=True)
    found = f"{folder}, {volume(free)} free"
    if free < ENOUGH_DISK:
        return Finding("room", name, "limited", found, needed_for, f"free some space, or {remedy}")
    return Finding("room", name, "ok", found, needed_for)


def _files() -> Finding:
    soft, hard = limits.getrlimit(limits.RLIMIT_NOFILE)
    most = "no limit" if hard == limits.RLIM_INFINITY else f"{hard}"
    found = f"{soft}, may be raised to {most}"
    needed_for = "many processes at once: a few each"
    if hard != limits.RLIM_INFINITY and hard < ENOUGH_FILES:
        remedy = f"ulimit -Hn {ENOUGH_FILES} (as root), or raise it in /etc/security/limits.conf"
        return Finding("room", "open files", "limited", found, needed_for, remedy)
    return Finding("room", "open files", "ok", found, needed_for)


def _extras() -> Iterator[Finding]:
    for module in ("matplotlib", "networkx"):
        needed_for = "topology.svg, timeline.svg"
        try:
            yield Finding("extras", module, "ok", version(module), needed_for)
        except PackageNotFoundError:
            remedy = f"{sys.executable} -m pip install {module}"
            yield Finding("extras", module, "missing", "not installed", needed_for, remedy)
