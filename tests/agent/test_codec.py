# SPDX-License-Identifier: BSD-3-Clause
"""Frames come out as they went in; anything else is refused, and nothing worse happens."""

import json
import struct
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.agent.codec import (
    LENGTHS,
    MAX_BLOB,
    MAX_HEADER,
    Decoder,
    Frame,
    Header,
    ProtocolError,
    encode,
)

# Any text JSON can carry, lone surrogates (file names that are no text) among it.
TEXTS = st.text(st.characters(codec="utf-8") | st.integers(0xDC80, 0xDCFF).map(chr))
NUMBERS = st.integers() | st.floats(allow_nan=False)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)
HEADERS = st.dictionaries(TEXTS, VALUES, max_size=5)
FRAMES = st.lists(st.tuples(HEADERS, st.binary(max_size=300)), max_size=5)


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges)]


@given(FRAMES, st.lists(st.integers(0, 10_000), max_size=10))
def test_frames_survive_any_cut(frames: list[Frame], places: list[int]) -> None:
    decoder = Decoder()
    data = b"".join(encode(header, blob) for header, blob in frames)
    found = [frame for piece in cut(data, places) for frame in decoder.feed(piece)]
    assert found == frames


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_arbitrary_bytes_are_refused_or_waited_for(pieces: list[bytes]) -> None:
    decoder = Decoder()
    try:
        for piece in pieces:
            decoder.feed(piece)
    except ProtocolError:
        pass


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_an_arbitrary_header_is_refused_or_is_an_object(text: bytes, blob: bytes) -> None:
    try:
        ((header, got),) = Decoder().feed(LENGTHS.pack(len(text), len(blob)) + text + blob)
    except ProtocolError:
        return
    assert isinstance(header, dict)
    assert got == blob


@pytest.mark.parametrize(
    ("header", "blob"), [(MAX_HEADER + 1, 0), (0, MAX_BLOB + 1), (2**32 - 1, 2**32 - 1)]
)
def test_an_over_long_frame_is_refused_before_it_comes(header: int, blob: int) -> None:
    with pytest.raises(ProtocolError, match="announces"):
        Decoder().feed(struct.pack(">II", header, blob))


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"1", b"null", b'"x"', b"{", b"\xff", b"[" * 100_000, b'{"a":' * 50_000]
)
def test_a_header_that_is_no_object_is_refused(text: bytes) -> None:
    with pytest.raises(ProtocolError):
        Decoder().feed(LENGTHS.pack(len(text), 0) + text)


def test_what_is_too_long_is_not_sent() -> None:
    with pytest.raises(ProtocolError, match="longer"):
        encode({}, bytes(MAX_BLOB + 1))
    with pytest.raises(ProtocolError, match="longer"):
        encode({"a": "x" * MAX_HEADER})


def test_a_frame_is_what_its_format_says() -> None:
    header: Header = {"op": "ping"}
    text = json.dumps(header, separators=(",", ":")).encode()
    assert encode(header, b"ab") == struct.pack(">II", len(text), 2) + text + b"ab"
