# SPDX-License-Identifier: BSD-3-Clause
"""What the kernel lets us do, found out by doing it in namespaces of a process of its own.

`python probing.py` prints one JSON object. Only the standard library, nothing of nepi: it runs as
a child whose end undoes whatever it did, so that a probe leaves no trace on the machine.
"""

import ctypes
import errno
import json
import os
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path

NEW_USER, NEW_NET = 0x10000000, 0x40000000
ROOT, INGRESS = 0xFFFFFFFF, 0xFFFFFFF1
NEW_LINK, NEW_QDISC, DELETE_QDISC = 16, 36, 37
REQUEST, ACKNOWLEDGE, CREATE_NEW = 0x1, 0x4, 0x600
IFF_UP = 1
LOOPBACK = 1


def attribute(kind: int, value: bytes) -> bytes:
    """One netlink attribute, padded to four bytes."""
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + b"\0" * (-length % 4)


# What a discipline refuses to be made without: netem a limit, htb its version and defaults.
OPTIONS = {
    "netem": attribute(2, struct.pack("=6I", 0, 1000, 0, 0, 0, 0)),
    "htb": attribute(2, attribute(2, struct.pack("=5I", 3, 10, 0, 0, 0))),
}
QDISCS = ("netem", "tbf", "htb", "fq_codel", "fq", "cake", "sfq", "clsact")
LINKS = ("veth", "bridge")


class Kernel:
    """A netlink socket in the network namespace of whoever made it."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self._socket.settimeout(5)

    def ask(self, kind: int, flags: int, body: bytes) -> int:
        """Send one request; return 0 or the number of the error."""
        header = struct.pack("=IHHII", 16 + len(body), kind, REQUEST | ACKNOWLEDGE | flags, 1, 0)
        self._socket.send(header + body)
        (answer,) = struct.unpack_from("=i", self._socket.recv(65536), 16)
        return -int(answer)

    def lift_loopback(self) -> int:
        return self.ask(NEW_LINK, 0, struct.pack("=BxHiII", 0, 0, LOOPBACK, IFF_UP, IFF_UP))

    def add_link(self, kind: str) -> int:
        info = attribute(18, attribute(1, kind.encode()))
        return self.ask(NEW_LINK, CREATE_NEW, struct.pack("=BxHiII", 0, 0, 0, 0, 0) + info)

    def add_qdisc(self, kind: str) -> int:
        """Try *kind* on the loopback, and take it away again."""
        parent, handle = (INGRESS, 0xFFFF0000) if kind == "clsact" else (ROOT, 0x10000)
        where = struct.pack("=BxxxiIII", 0, LOOPBACK, handle, parent, 0)
        what = attribute(1, kind.encode() + b"\0") + OPTIONS.get(kind, b"")
        error = self.ask(NEW_QDISC, CREATE_NEW, where + what)
        if not error:
            self.ask(DELETE_QDISC, 0, where)
        # A discipline that only dislikes its options (EINVAL) is there; ENOENT says it is not.
        return 0 if error == errno.EINVAL else error


def enter(flags: int) -> None:
    """Go into new namespaces; in a user namespace, become its root."""
    outside = os.getuid(), os.getgid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    if flags & NEW_USER:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {outside[0]} 1")
        Path("/proc/self/gid_map").write_text(f"0 {outside[1]} 1")


def name(error: int) -> str:
    """Say an error number in words; nothing for success."""
    return os.strerror(error) if error else ""


def inside(flags: int, look: Callable[[Kernel], dict[str, str]]) -> dict[str, str]:
    """What *look* finds in new namespaces, in a child of our own; {"": why} if they cannot be."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        try:
            enter(flags)
            found = look(Kernel())
        except OSError as error:
            found = {"": error.strerror or str(error)}
        os.write(writing, json.dumps(found).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    found = json.loads(text or '{"": "the probe died"}')
    return {str(key): str(value) for key, value in found.items()}


def loopback(kernel: Kernel) -> dict[str, str]:
    """Set the loopback up: the first thing that fails where namespaces are not for us."""
    return {"": name(kernel.lift_loopback())}


def network(kernel: Kernel) -> dict[str, str]:
    """Make what emulated networks are made of."""
    return {
        **{f"link {kind}": name(kernel.add_link(kind)) for kind in LINKS},
        **{f"qdisc {kind}": name(kernel.add_qdisc(kind)) for kind in QDISCS},
    }


def probe() -> dict[str, str]:
    """What was tried -> why it does not work ("" where it does)."""
    found = {
        "user namespace": inside(NEW_USER | NEW_NET, loopback)[""],
        "network namespace": inside(NEW_NET, loopback)[""],
    }
    flags = NEW_NET if not found["network namespace"] else NEW_USER | NEW_NET
    for what, why in inside(flags, network).items():
        found[what or "network"] = why
    return found


if __name__ == "__main__":
    json.dump(probe(), sys.stdout)
