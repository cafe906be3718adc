# SPDX-License-Identifier: BSD-3-Clause
"""Declarations of traces."""

from nepi.execution.trace import Trace, TraceAttr


def test_a_trace_is_disabled_until_it_is_enabled() -> None:
    trace = Trace("pcap", "What was captured")
    other = trace.copy()

    other.enabled = True

    assert (trace.name, trace.help, trace.enabled) == ("pcap", "What was captured", False)
    assert other.enabled
    assert Trace("stdout", "Output", enabled=True).enabled


def test_what_can_be_asked_has_the_names_scripts_use() -> None:
    assert list(TraceAttr) == ["all", "stream", "path", "size"]
