# SPDX-License-Identifier: BSD-3-Clause
"""YAML and JSON as plain data: what is read, what is refused, and what comes back unchanged."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.formats.errors import DescriptionError, written
from nepi.formats.jsontext import read_json, write_json
from nepi.formats.tree import LARGEST, text_of
from nepi.formats.yamltext import DEEPEST, read_yaml, write_yaml

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["on", "yes", "null", "~", "", "1e5", "0o17", "0x1f", "12:30", "2020-01-01"])
)
plain = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner)
)


@given(st.dictionaries(st.text(), plain))
def test_what_is_written_as_yaml_is_read_as_the_same(data: dict[str, object]) -> None:
    assert read_yaml(write_yaml(data)).data == data


@given(st.dictionaries(st.text(), plain))
def test_what_is_written_as_json_is_read_as_the_same(data: dict[str, object]) -> None:
    assert read_json(write_json(data.items())).data == data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("12:30", "12:30"),
        ("2020-01-01", "2020-01-01"),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("~", None),
        ("True", True),
        ("'20'", "20"),
        ("-.inf", float("-inf")),
        ("1_000", "1_000"),
    ],
)
def test_a_plain_word_means_what_yaml_1_2_says(text: str, value: object) -> None:
    assert repr(read_yaml(f"[{text}]\n").data) == repr([value])


def test_not_a_number_is_read_as_such() -> None:
    assert repr(read_yaml("[.nan]").data) == "[nan]"


def test_the_line_of_everything_is_known_and_that_of_nothing_is_the_nearest() -> None:
    text = "name: x\nresources:\n  a:\n    on: [b,\n      c]\n"
    tree = read_yaml(text)
    assert tree.line(("resources", "a", "on", 1)) == 5
    assert tree.line(("resources", "a", "type")) == 3
    assert tree.line(()) == 1


def test_the_line_of_a_part_of_json_is_known_even_with_tabs() -> None:
    tree = read_json('{\n\t"a": {\n\t\t"b": [1,\n2]}}')
    assert tree.line(("a", "b", 1)) == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [1, 2", "is not YAML"),
        ("a: 1\na: 2\n", "line:2: the key 'a' stands here twice"),
        ("a: *b\n", "*b stands for nothing"),
        ("a: &b [*b]\n", "*b contains itself"),
        ("a: !!python/object:os.system x\n", "tags mean nothing here"),
        ("a: !secret x\n", "tags mean nothing here"),
        ("? [1]\n: 2\n", "a key has to be a plain word"),
        ("a: 1\n---\nb: 2\n", "a second document begins here"),
        ("[" * (DEEPEST + 2) + "]" * (DEEPEST + 2), "nested deeper than 100 levels"),
        ("a: \0", "is not YAML"),
        ("a: " + "9" * 5000, "too many digits"),
    ],
)
def test_yaml_that_is_none_or_a_trick_is_refused(text: str, said: str) -> None:
    with pytest.raises(DescriptionError) as refused:
        read_yaml(text, "line")
    assert said in str(refused.value)


def test_a_yaml_bomb_is_refused_before_it_goes_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(DescriptionError, match="aliases add more than"):
        read_yaml("\n".join(lines))


def test_an_alias_means_what_it_stands_for() -> None:
    assert read_yaml("a: &x {k: 1}\nb: *x\n").data == {"a": {"k": 1}, "b": {"k": 1}}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1,}', "file:1: is not JSON"),
        ('{"a": 1,\n "a": 2}', "file:2: the key 'a' stands here twice"),
        ("[" * 100_000, "is nested too deeply"),
        ("9" * 5000, "is not JSON"),
        ("", "is not JSON"),
    ],
)
def test_json_that_is_none_or_a_trick_is_refused(text: str, said: str) -> None:
    with pytest.raises(DescriptionError) as refused:
        read_json(text, "file")
    assert said in str(refused.value)


def test_a_file_of_another_encoding_is_refused_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "latin.yaml"
    file.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(DescriptionError, match=r"latin.yaml:2: is not UTF-8 \(byte 0xe9\)"):
        text_of(file)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    file = tmp_path / "marked.yaml"
    file.write_bytes(b"\xef\xbb\xbfa: 1\n")
    assert text_of(file) == "a: 1\n"


@pytest.mark.parametrize("name", ["missing.yaml", "."])
def test_what_cannot_be_read_says_why(tmp_path: Path, name: str) -> None:
    with pytest.raises(DescriptionError, match="cannot be read"):
        text_of(tmp_path / name)


def test_a_file_without_end_is_refused() -> None:
    with pytest.raises(DescriptionError, match=f"longer than {LARGEST // 2**20} MiB"):
        text_of(Path("/dev/zero"))


def test_a_path_is_written_as_one_reads_it() -> None:
    assert (
        written(("resources", "client", "start", "after", 0)) == "resources.client.start.after[0]"
    )
