# SPDX-License-Identifier: BSD-3-Clause
"""The programs that experiments run: whether they are here and work, and how to get them."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping

from attrs import frozen

from nepi.cli.finding import PATIENCE, Finding


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


def programs() -> Iterator[Finding]:
    """Look for every program, and try those that may be there in vain."""
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
