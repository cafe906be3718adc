# SPDX-License-Identifier: BSD-3-Clause
"""The agent's side of its keeper: descriptors that must outlive it, and the word to end."""

from __future__ import annotations

import json
import os
import socket

from nepi.agent.codec import Header


class Kept:
    """Descriptors by name, held by the keeper too: the next agent has them at once."""

    def __init__(self, control: socket.socket, held: dict[str, int]) -> None:
        self._control = control
        self.held = held
        self.alone = False

    def keep(self, name: str, descriptor: int) -> None:
        """From now on the keeper holds a copy under this name."""
        self.held[name] = descriptor
        self._send({"keep": name}, [descriptor])

    def drop(self, name: str) -> None:
        """The keeper closes its copy; a name it never had is no error."""
        if self.held.pop(name, None) is not None:
            self._send({"drop": name}, [])

    def quit(self) -> None:
        """Everything of the run is over: the keeper removes the directory and ends."""
        self._send({"quit": True}, [])

    def receive(self) -> Header | None:
        """What the keeper says; None when it is gone."""
        data = self._control.recv(65536)
        if not data:
            return None
        message: Header = json.loads(data)
        return message

    def fileno(self) -> int:
        return self._control.fileno()

    def _send(self, message: Header, descriptors: list[int]) -> None:
        if self.alone:
            return
        try:
            socket.send_fds(self._control, [json.dumps(message).encode()], descriptors)
        except OSError as error:
            # Without its keeper the agent goes on; that it is gone is told by its end of file.
            os.write(2, f"keeper: {error}\n".encode())
