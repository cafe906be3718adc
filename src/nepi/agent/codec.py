# SPDX-License-Identifier: BSD-3-Clause
"""Frames of the agent's protocol, to bytes and back. No sockets here, and no meaning of any header.

A frame is two big-endian 32-bit lengths, a JSON object (the header) and raw bytes (the blob).
"""

from __future__ import annotations

import json
import struct
from typing import cast

Header = dict[str, object]
Frame = tuple[Header, bytes]

# What both ends must agree upon before anything else: told in the first request.
PROTOCOL = 1
LENGTHS = struct.Struct(">II")
MAX_HEADER = 4 << 20
MAX_BLOB = 16 << 20
# What files and output travel in: large enough to be cheap, small enough to let others through.
BLOCK = 256 << 10


class ProtocolError(Exception):
    """What arrived is no frame of this protocol: the connection is of no further use."""


def encode(header: Header, blob: bytes = b"") -> bytes:
    """One frame; text that is no valid Unicode (file names) survives as lone surrogates."""
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    if len(text) > MAX_HEADER or len(blob) > MAX_BLOB:
        raise ProtocolError(
            f"a frame of {len(text)} + {len(blob)} bytes is longer than {MAX_HEADER} + {MAX_BLOB}"
        )
    return LENGTHS.pack(len(text), len(blob)) + text + blob


class Decoder:
    """Takes bytes as they come and gives whole frames; never holds more than one unfinished."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes."""
        self._buffer += data
        frames: list[Frame] = []
        at = 0
        while (end := self._end(at)) is not None:
            frames.append(self._frame(at, end))
            at = end
        del self._buffer[:at]
        return frames

    def _end(self, at: int) -> int | None:
        """Where the frame that begins at `at` ends, if it is whole."""
        if len(self._buffer) - at < LENGTHS.size:
            return None
        header, blob = LENGTHS.unpack_from(self._buffer, at)
        if header > MAX_HEADER or blob > MAX_BLOB:
            raise ProtocolError(f"a frame announces {header} + {blob} bytes: not this protocol")
        end: int = at + LENGTHS.size + header + blob
        return end if end <= len(self._buffer) else None

    def _frame(self, at: int, end: int) -> Frame:
        length, _ = LENGTHS.unpack_from(self._buffer, at)
        start = at + LENGTHS.size
        header = _header(bytes(self._buffer[start : start + length]))
        return header, bytes(self._buffer[start + length : end])


def _header(text: bytes) -> Header:
    try:
        value = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ProtocolError(f"a header is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ProtocolError("a header is not a JSON object")
    return cast("Header", value)
