# SPDX-License-Identifier: BSD-3-Clause
"""Names that people choose never lead anywhere but to one file of their own."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nepi.runtime.names import LONGEST, distinct_name, portable_name

HOSTILE = [
    "",
    ".",
    "..",
    "../..",
    "/",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "\0",
    "a\0b",
    "-rf",
    ".hidden",
    "a\nb",
    "\x1b[2J",
    "\udc80",
    "~root",
    "x" * 5000,
    "é" * 5000,
    "日本語" * 500,
    "con\u202egnp",
    "\u0301",
]

text_of_any_kind = st.text() | st.text(alphabet="./\\\0-~_a") | st.sampled_from(HOSTILE)


@given(text_of_any_kind)
@example("..")
def test_a_portable_name_is_one_harmless_component(text: str) -> None:
    name = portable_name(text)
    assert name not in {"", ".", ".."}
    assert not set(name) & set("/\\\0\n~")
    assert name[0] not in ".-"
    assert len(name.encode()) <= LONGEST


@given(text_of_any_kind, text_of_any_kind)
@example("a/b", "a_b")
@example("x" * 5000, "x" * 5001)
@example("é", "e\u0301")
@example("", "unnamed")
def test_different_texts_have_different_distinct_names(one: str, other: str) -> None:
    assert (distinct_name(one) == distinct_name(other)) == (one == other)


@given(text_of_any_kind)
def test_a_distinct_name_is_harmless_too(text: str) -> None:
    name = distinct_name(text)
    assert name not in {"", ".", ".."}
    assert not set(name) & set("/\\\0\n")
    assert len(name.encode()) < 255


@pytest.mark.parametrize("text", ["client", "client-2", "Überprüfung", "h1.eth0", "日本"])
def test_a_decent_name_stays_as_it_is(text: str) -> None:
    assert distinct_name(text) == text
