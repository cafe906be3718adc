# SPDX-License-Identifier: BSD-3-Clause
"""The keeper's end of the line to its agent: descriptors come in, exit codes go out.

The agent's end is in kept.
"""

from __future__ import annotations

import json
import os
import socket
from collections import deque

from nepi.agent.codec import Header
from nepi.agent.loop import READ, WRITE, Loop

# The most descriptors the kernel takes in one message.
_MAX_DESCRIPTORS = 253


class Line:
    """What is held for the agents outlives each of them; a line is opened for each."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._control: socket.socket | None = None
        self._waiting: deque[bytes] = deque()
        self.held: dict[str, int] = {}
        # The agent has said that the run is over.
        self.over = False

    def open(self, control: socket.socket) -> None:
        """Another agent has begun."""
        control.setblocking(False)
        self._control = control
        self._loop.watch(control.fileno(), READ, self._ready)

    def close(self) -> None:
        """The agent has ended; what it said last is still heard."""
        control, self._control = self._control, None
        if control is not None:
            while self._listen(control):
                pass
            self._loop.unwatch(control.fileno())
            control.close()
        self._waiting.clear()

    def say(self, message: Header) -> None:
        """To the agent; if it does not live, the next one reads it in the directories."""
        if self._control is not None:
            self._waiting.append(json.dumps(message).encode())
            self._send(self._control)

    def _ready(self, mask: int) -> None:
        control = self._control
        if control is None:
            return
        if mask & WRITE:
            self._send(control)
        if mask & ~WRITE and not self._listen(control):
            self._loop.unwatch(control.fileno())

    def _listen(self, control: socket.socket) -> bool:
        """Hears one message; says whether there may be another."""
        try:
            data, descriptors, _, _ = socket.recv_fds(control, 65536, _MAX_DESCRIPTORS)
        except OSError as error:
            return isinstance(error, BlockingIOError) and self._control is control
        if data:
            self._obey(json.loads(data), descriptors)
        return bool(data)

    def _obey(self, message: Header, descriptors: list[int]) -> None:
        name = message.get("keep")
        if isinstance(name, str) and descriptors:
            os.set_inheritable(descriptors[0], False)
            self.held[name] = descriptors[0]
        name = message.get("drop")
        if isinstance(name, str) and name in self.held:
            os.close(self.held.pop(name))
        if message.get("quit"):
            self.over = True

    def _send(self, control: socket.socket) -> None:
        while self._waiting:
            try:
                control.send(self._waiting[0])
            except BlockingIOError:
                self._loop.watch(control.fileno(), READ | WRITE, self._ready)
                return
            except OSError:
                # It has just died; its end comes as a signal.
                self._waiting.clear()
                return
            self._waiting.popleft()
        self._loop.watch(control.fileno(), READ, self._ready)
