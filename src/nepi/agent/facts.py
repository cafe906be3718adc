# SPDX-License-Identifier: BSD-3-Clause
"""What kind of machine this is: asked once, when a host is discovered."""

from __future__ import annotations

import os
import socket
import struct
import sys

from nepi.agent import fields, processes, syscalls
from nepi.agent.codec import Header
from nepi.agent.errors import AgentError
from nepi.agent.start import find

_RTM_NEWADDR = 20
_RTM_GETADDR = 22
_REQUEST_DUMP = 0x301
_NLMSG_DONE = 3
_NLMSG_ERROR = 2
_IFA_ADDRESS = 1
_IFA_LOCAL = 2


def facts() -> Header:
    """Operating system, cores, memory, kernel."""
    name = os.uname()
    return {
        "hostname": name.nodename,
        "system": name.sysname,
        "kernel": name.release,
        "architecture": name.machine,
        "distribution": _distribution(),
        "cores": syscalls.usable_cores(),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "python": ".".join(map(str, sys.version_info[:3])),
        "implementation": sys.implementation.name,
        "user": os.geteuid(),
        "boot": processes.boot_id(),
    }


def _distribution() -> str:
    try:
        with open("/etc/os-release", encoding="utf-8", errors="replace") as file:
            pairs = (line.rstrip("\n").partition("=") for line in file)
            named = {name: value.strip("\"'") for name, _, value in pairs}
    except OSError:
        return ""
    return named.get("PRETTY_NAME", "")


def which(header: Header) -> Header:
    """Where commands are; null where they are not."""
    path = os.environ.get("PATH", os.defpath)
    return {"found": {name: _where(name, path) for name in fields.texts(header, "names")}}


def _where(name: str, path: str) -> str | None:
    try:
        return find(name, path, "/")
    except AgentError:
        return None


def addresses() -> Header:
    """The addresses of this machine's interfaces, as the kernel lists them."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.send(
            struct.pack("=IHHIIBBBBI", 24, _RTM_GETADDR, _REQUEST_DUMP, 1, 0, 0, 0, 0, 0, 0)
        )
        found: list[Header] = []
        while _take(netlink.recv(65536), found):
            pass
    return {"addresses": found}


def _take(data: bytes, found: list[Header]) -> bool:
    """Notes the addresses of one answer; says whether another follows."""
    at = 0
    while at < len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if kind in (_NLMSG_DONE, _NLMSG_ERROR):
            return False
        if kind == _RTM_NEWADDR and (one := _address(data[at + 16 : at + length])):
            found.append(one)
        at += (length + 3) & ~3
    return True


def _address(body: bytes) -> Header | None:
    family, prefix, _, _, index = struct.unpack_from("=BBBBI", body)
    attributes: dict[int, bytes] = {}
    at = 8
    while at + 4 <= len(body):
        length, kind = struct.unpack_from("=HH", body, at)
        attributes[kind] = body[at + 4 : at + length]
        at += (max(length, 4) + 3) & ~3
    # On a point-to-point interface IFA_ADDRESS is the other end.
    packed = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
    if packed is None or family not in (socket.AF_INET, socket.AF_INET6):
        return None
    try:
        interface = socket.if_indextoname(index)
    except OSError:
        # It went away while the kernel was listing.
        return None
    return {
        "interface": interface,
        "address": f"{socket.inet_ntop(family, packed)}/{prefix}",
    }
