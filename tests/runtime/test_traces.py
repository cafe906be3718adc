# SPDX-License-Identifier: BSD-3-Clause
"""Traces are read whole, in blocks, and while they are written."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nepi.runtime.traces import MissingTraceError, TraceFile, traces


@pytest.fixture
def trace(tmp_path: Path) -> TraceFile:
    (tmp_path / "stdout").write_bytes(b"one\ntwo\xff\n")
    return TraceFile(tmp_path / "stdout")


def test_a_trace_is_read_whole_or_in_part(trace: TraceFile) -> None:
    assert trace.exists
    assert trace.size == 9
    assert trace.name == "stdout"
    assert trace.read() == b"one\ntwo\xff\n"
    assert trace.read(3, offset=4) == b"two"
    assert trace.read(5, offset=100) == b""
    assert Path(trace).read_bytes() == trace.read()


def test_bytes_that_are_no_text_are_shown_as_such(trace: TraceFile) -> None:
    assert trace.text() == "one\ntwo\ufffd\n"
    assert trace.lines() == ["one", "two\ufffd"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), size=st.integers(1, 50), offset=st.integers(0, 250))
def test_blocks_are_the_content_from_the_offset_on(
    tmp_path: Path, content: bytes, size: int, offset: int
) -> None:
    path = tmp_path / "trace"
    path.write_bytes(content)
    blocks = list(TraceFile(path).blocks(size, offset=offset))
    assert b"".join(blocks) == content[offset:]
    assert all(len(block) == size for block in blocks[:-1])


def test_a_trace_that_was_not_written_says_so(tmp_path: Path) -> None:
    trace = TraceFile(tmp_path / "a" / "pcap")
    assert not trace.exists
    assert trace.size == 0
    for reading in (trace.read, trace.text, trace.blocks):
        with pytest.raises(MissingTraceError, match="not enabled before deploy") as caught:
            reading()
        assert caught.value.path == trace.path


def test_a_block_of_nothing_is_refused(trace: TraceFile) -> None:
    with pytest.raises(ValueError, match="at least one byte"):
        trace.blocks(0)


def test_all_traces_of_a_resource_are_listed(trace: TraceFile) -> None:
    folder = trace.path.parent / "files"
    folder.mkdir()
    (folder / "log").write_text("x")
    assert [one.name for one in traces(trace.path.parent)] == ["files/log", "stdout"]
    assert traces(trace.path.parent / "nowhere") == []
