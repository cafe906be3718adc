# SPDX-License-Identifier: BSD-3-Clause
"""Which program a command begins with, where that is plain to see."""

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.backends.linux.finding import Wanted
from nepi.backends.linux.packages import hint


def program(command: str | list[str]) -> str | None:
    return Wanted("app", command, {}, PurePosixPath("/")).program()


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("nc -l 9000", "nc"),
        ("  iperf3\t-s", "iperf3"),
        ("true", "true"),
        ("a|b", "a"),
        ("a;b", "a"),
        ("a>b", "a"),
        ("LC_ALL=C A= sort -n", "sort"),
        ("./run.sh x", "./run.sh"),
        ("/usr/bin/g++-12 x", "/usr/bin/g++-12"),
        (["a b", "c"], "a b"),
    ],
)
def test_plain_words(command: str | list[str], found: str) -> None:
    assert program(command) == found


@pytest.mark.parametrize(
    "command",
    [
        "(a)",
        "{ a; }",
        "! a",
        "$A x",
        '"a b" c',
        "A='x y' b",
        "A=1",
        "a() { b; }",
        "a () { b; }",
        "~/a",
        "# a",
        "[ -e a ]",
        "a$B c",
        "a'b'",
        "`a` b",
        "",
        "a*",
    ],
)
def test_what_only_a_shell_can_tell(command: str) -> None:
    assert program(command) is None


@given(st.text(alphabet=" =;|a$'\"\\_\n(") | st.text())
def test_no_text_breaks_it(text: str) -> None:
    found = program(text)
    assert found is None or found in text


def test_packages() -> None:
    assert hint("/usr/bin/ping") == "apt install iputils-ping"
    assert hint("something") == "install it, or give its path"
