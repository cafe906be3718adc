# SPDX-License-Identifier: BSD-3-Clause
"""References in texts: filled in, found, and written back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.formats.references import Filled, ReferenceProblemError, escaped, words

KNOWN: dict[str, object] = {"port": 9000, "a.directory": "/run/a-1", "run_dir": "/run"}


def lookup(word: str) -> object:
    try:
        return KNOWN[word]
    except KeyError:
        raise ReferenceProblemError(f"nothing is called {word}") from None


fill = Filled(lookup)


@pytest.mark.parametrize(
    ("value", "filled"),
    [
        ("no reference, ${HOME} and {braces}", "no reference, ${HOME} and {braces}"),
        ("${{ port }}", 9000),
        ("nc -l ${{ port }} > ${{a.directory}}/x", "nc -l 9000 > /run/a-1/x"),
        ("${{ '${{' }} port }}", "${{ port }}"),
        ({"k": ["${{ port }}", 1, None]}, {"k": [9000, 1, None]}),
    ],
)
def test_references_are_filled_in(value: object, filled: object) -> None:
    assert fill(value) == filled


@pytest.mark.parametrize("text", ["${{ nobody }}", "${{ port", "a ${{ 'x }}"])
def test_a_reference_to_nothing_is_refused(text: str) -> None:
    with pytest.raises(ReferenceProblemError):
        fill(text)


def test_the_words_of_references_are_found() -> None:
    assert words({"a": "${{ x }} and ${{ y.z }}", "b": ["${{ '${{' }}"]}) == {"x", "y.z"}


def test_a_directory_is_written_as_the_reference_to_it() -> None:
    known = {"/run": "run_dir", "/run/a-1": "a.directory"}
    written = escaped(["cat /run/a-1/x /run/a-12/y /runner", ("/run",)], known)
    assert written == ["cat ${{ a.directory }}/x ${{ run_dir }}/a-12/y /runner", ["${{ run_dir }}"]]


@given(st.text(alphabet="${} '/runa-12.x"))
def test_what_is_written_is_filled_in_as_the_same_text(text: str) -> None:
    known = {"/run": "run_dir", "/run/a-1": "a.directory"}
    assert fill(escaped(text, known)) == text
