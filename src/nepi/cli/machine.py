# SPDX-License-Identifier: BSD-3-Clause
"""What this machine can do for experiments, found out by trying it. Changes nothing on it."""

import contextlib
import json
import os
import platform
import resource as limits
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from attrs import frozen

from nepi.cli import probing
from nepi.cli.output import volume

PATIENCE = 10.0
"""Seconds any one trial may take."""

ENOUGH_DISK = 1 << 30
ENOUGH_FILES = 4096
APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")


@frozen
class Finding:
    """One line of the doctor's report."""

    topic: str
    name: str
    verdict: Literal["ok", "limited", "missing"]
    found: str
    needed_for: str
    remedy: str = ""
    required: bool = False


@frozen
class Tool:
    """A program that experiments run, what for, and the package that brings it."""

    name: str
    needed_for: str
    packages: Mapping[str, str]


def _packages(debian: str, fedora: str, arch: str = "", brew: str = "") -> dict[str, str]:
    return {"apt": debian, "dnf": fedora, "pacman": arch or debian, "brew": brew or debian}


TOOLS = (
    Tool("ping", "linux::Ping", _packages("iputils-ping", "iputils", "iputils", "inetutils")),
    Tool(
        "nc",
        "examples/handover.py",
        _packages("netcat-openbsd", "netcat", "openbsd-netcat", "netcat"),
    ),
    Tool("iperf3", "measuring throughput", _packages("iperf3", "iperf3")),
    Tool("tcpdump", "capturing packets", _packages("tcpdump", "tcpdump")),
    Tool(
        "ip", "looking at namespaces by hand", _packages("iproute2", "iproute", "", "iproute2mac")
    ),
    Tool("ssh", "hosts that are reached over SSH", _packages("openssh-client", "openssh-clients")),
    Tool("dot", "the layout of topology.svg", _packages("graphviz", "graphviz")),
)

INSTALL: Mapping[str, str] = {
    "apt": "apt install",
    "dnf": "dnf install",
    "pacman": "pacman -S",
    "brew": "brew install",
}


def install(packages: Mapping[str, str]) -> str:
    """The command that installs one of *packages* here."""
    for program, words in INSTALL.items():
        if shutil.which(program):
            rights = "" if program == "brew" or os.geteuid() == 0 else "sudo "
            return f"{rights}{words} {packages[program]}"
    return f"install the package {packages['apt']}"


def look() -> Iterator[Finding]:
    """Everything the doctor looks at, in the order it is printed."""
    yield from _interpreter()
    yield from _kernel()
    yield from _tools()
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
}


def _piece(what: str, why: str) -> Finding:
    needed_for = PIECES.get(what, "this queue discipline, if an experiment asks for it")
    if not why:
        return Finding("kernel", what, "ok", "made and removed", needed_for)
    module = what.replace("link ", "").replace("qdisc ", "sch_")
    found = "not in this kernel" if why == "No such file or directory" else why
    rights = "" if os.geteuid() == 0 else "sudo "
    remedy = f"{rights}modprobe {module} (or another kernel; the userspace links need none)"
    return Finding("kernel", what, "limited", found, needed_for, remedy)


def _tools() -> Iterator[Finding]:
    for tool in TOOLS:
        path = shutil.which(tool.name)
        if path is None:
            remedy = install(tool.packages)
            yield Finding("tools", tool.name, "missing", "not found", tool.needed_for, remedy)
        else:
            yield TRIALS.get(tool.name, _present)(tool, path)


def _present(tool: Tool, path: str) -> Finding:
    return Finding("tools", tool.name, "ok", path, tool.needed_for)


def _try_ping(tool: Tool, path: str) -> Finding:
    """A ping may be there and still not be allowed to open its socket."""
    trial = _output([path, "-c", "1", "-W", "1", "127.0.0.1"])
    if "1 received" in trial or "1 packets received" in trial:
        return Finding("tools", tool.name, "ok", f"{path}, answered by 127.0.0.1", tool.needed_for)
    why = trial.strip().rpartition("\n")[2] or "no answer from 127.0.0.1"
    remedy = f"sudo setcap cap_net_raw+ep {path}"
    return Finding("tools", tool.name, "limited", f"{path}: {why}", tool.needed_for, remedy)


def _try_netcat(tool: Tool, path: str) -> Finding:
    """There are several netcats; the examples use -N of OpenBSD's."""
    if "OpenBSD" in _output([path, "-h"]):
        return Finding("tools", tool.name, "ok", f"{path}, of OpenBSD", tool.needed_for)
    found = f"{path}, without the option -N"
    return Finding("tools", tool.name, "limited", found, tool.needed_for, install(tool.packages))


TRIALS = {"ping": _try_ping, "nc": _try_netcat}


def _output(argv: list[str]) -> str:
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return done.stdout


def _room() -> Iterator[Finding]:
    runs = Path(os.environ.get("NEPI_LOCAL_DIR", "nepi-runs"))
    yield _disk("run directory", runs, "what runs leave behind", "NEPI_LOCAL_DIR")
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    registry = Path(state).expanduser() / "nepi"
    yield _disk("state directory", registry, "nepi runs, nepi clean", "XDG_STATE_HOME")
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
            remedy = "pip install 'nepi7[plots]'"
            yield Finding("extras", module, "missing", "not installed", needed_for, remedy)
