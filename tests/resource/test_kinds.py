# SPDX-License-Identifier: BSD-3-Clause
"""Values: what is taken, what is refused, and that writing and reading give the same."""

import base64
import ipaddress
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum, IntEnum, StrEnum
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any, Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nepi.resource.annotations import MaybeQuantity, Value, kind_of


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Shape(Enum):
    ROUND = (1, 2)


@pytest.mark.parametrize(
    ("annotation", "unit", "given", "inside"),
    [
        (str, None, "a", "a"),
        (bool, None, True, True),
        (bool, None, "Yes", True),
        (bool, None, "off", False),
        (bool, None, 1, True),
        (int, None, 5, 5),
        (int, None, "5", 5),
        (int, None, 5.0, 5),
        (int, "B", "1 KiB", 1024),
        (int, "packets", "100 packets", 100),
        (float, None, 5, 5.0),
        (float, None, "1e3", 1000.0),
        (float, "s", "200 ms", 0.2),
        (float, "%", "0.5 %", 0.5),
        (float | None, "s", "1 min", 60.0),
        (float | None, "s", None, None),
        (MaybeQuantity, "bit/s", "1 Mbit/s", 1e6),
        (Value[int, int | str], "B", "2 kB", 2000),
        (Path, None, "a/b", Path("a/b")),
        (Path, None, PurePath("a"), Path("a")),
        (Path, None, {"path": "a"}, Path("a")),
        (bytes, None, b"x", b"x"),
        (bytes, None, bytearray(b"x"), b"x"),
        (bytes, None, {"base64": "eA=="}, b"x"),
        (Colour, None, "red", Colour.RED),
        (Colour, None, Colour.RED, Colour.RED),
        (Size, None, "SMALL", Size.SMALL),
        (Shape, None, "ROUND", Shape.ROUND),
        (Literal["a", 1], None, "a", "a"),
        (Literal["a", 1], None, 1, 1),
        (Literal["a", 1], None, "1", 1),
        (ipaddress.IPv4Address, None, "10.0.0.1", ipaddress.IPv4Address("10.0.0.1")),
        (ipaddress.IPv6Network, None, "fd00::/8", ipaddress.IPv6Network("fd00::/8")),
        (
            ipaddress.IPv4Address | ipaddress.IPv6Address,
            None,
            "::1",
            ipaddress.IPv6Address("::1"),
        ),
        (list[str], None, ("a", "b"), ["a", "b"]),
        (list[str], None, "a; b;", ["a", "b"]),
        (list[str], None, '["a;b"]', ["a;b"]),
        (tuple[int, ...], None, ["1", 2], (1, 2)),
        (Sequence[float], "s", ["1 s", 2], (1.0, 2.0)),
        (dict[str, str], None, {"A": "b"}, {"A": "b"}),
        (dict[str, str], None, 'A=b "C=d e"', {"A": "b", "C": "d e"}),
        (dict[str, int], None, '{"a": 1}', {"a": 1}),
        (Mapping[Colour, float], "s", {"red": "1 ms"}, {Colour.RED: 0.001}),
        (str | list[str], None, "ls -l", "ls -l"),
        (str | list[str], None, ("ls", "-l"), ["ls", "-l"]),
        (Path | str | bytes | None, None, "text", "text"),
        (Path | str | bytes | None, None, {"path": "p"}, Path("p")),
        (Path | str | bytes | None, None, {"base64": "eA=="}, b"x"),
        (int | str, None, "5", "5"),
        (object, None, [1, {"a": None}], [1, {"a": None}]),
        (Any, None, "x", "x"),
    ],
)
def test_taken(annotation: Any, unit: str | None, given: object, inside: object) -> None:
    kind = kind_of(annotation, unit)
    found = kind.parse(given)
    assert found == inside
    assert type(found) in {type(inside), MappingProxyType}
    assert kind.holds(found)
    assert kind.parse(json.loads(json.dumps(kind.plain(found)))) == inside


@pytest.mark.parametrize(
    ("annotation", "unit", "given", "reason"),
    [
        (str, None, 5, 'it takes text, in quotes: "5"'),
        (str, None, None, "it takes text"),
        (str, None, "a\0b", "NUL"),
        (bool, None, "perhaps", "true or false"),
        (bool, None, 2, "true or false"),
        (bool, None, None, "true or false"),
        (int, None, True, "a whole number"),
        (int, None, 1.5, "a whole number"),
        (int, None, "many", "a whole number"),
        (int, None, float("inf"), "a whole number"),
        (int, None, [], "a whole number"),
        (int, "B", "half", "64 KiB"),
        (float, None, "much", "a number"),
        (float, None, "nan", "a number"),
        (float, None, False, "a number"),
        (float, "s", [], "200 ms"),
        (float, None, 10**400, "a number"),
        (Path, None, "", "path of anything"),
        (Path, None, "a\0", "path of anything"),
        (Path, None, 5, "a path"),
        (Path, None, {"path": 5}, "a path"),
        (bytes, None, "text", "base64"),
        (bytes, None, {"base64": "***"}, "not base64"),
        (bytes, None, {"base64": "\N{SNOWMAN}"}, "not base64"),
        (Colour, None, "gren", "did you mean 'green'"),
        (Colour, None, 5, "one of red, green"),
        (Literal[1], None, True, "one of 1"),
        (ipaddress.IPv4Address, None, "10.0.0.256", "10.0.0.256"),
        (ipaddress.IPv4Address, None, 5, "IPv4Address"),
        (list[int], None, 5, "list of integer"),
        (list[int], None, "[1", "not JSON"),
        (list[int], None, "[" * 100_000, "not JSON"),
        (list[int], None, '{"a": 1}', "whole number"),
        (dict[str, int], None, 5, "a mapping"),
        (dict[str, int], None, "novalue", "NAME=VALUE"),
        (dict[str, int], None, 'A="', "quotation"),
        (dict[str, int], None, {"a": "b"}, "a: 'b'"),
        (int | list[int], None, {}, "whole number; .*list"),
    ],
)
def test_refused(annotation: Any, unit: str | None, given: object, reason: str) -> None:
    kind = kind_of(annotation, unit)
    with pytest.raises(ValueError, match=reason):
        kind.parse(given)
    assert not kind.holds(given) or annotation is str


@pytest.mark.parametrize(
    ("annotation", "strategy"),
    [
        (str, st.text()),
        (bool, st.booleans()),
        (int, st.integers()),
        (float, st.floats(allow_nan=False, allow_infinity=False)),
        (Path, st.text(min_size=1).map(Path)),
        (bytes, st.binary()),
        (Colour | None, st.sampled_from([*Colour, None])),
        (Literal["a", 1, True], st.sampled_from(["a", 1, True])),
        (ipaddress.IPv6Address, st.ip_addresses(v=6)),
        (list[str], st.lists(st.text())),
        (tuple[bytes, ...], st.lists(st.binary()).map(tuple)),
        (dict[str, str], st.dictionaries(st.text(), st.text())),
        (Mapping[str, float | None], st.dictionaries(st.text(), st.none() | st.just(1.5))),
        (
            Path | str | bytes | list[str],
            st.text(min_size=1).map(Path) | st.text() | st.binary() | st.lists(st.text()),
        ),
    ],
    ids=str,
)
@given(data=st.data())
def test_written_values_are_read_as_the_same(
    annotation: Any, strategy: st.SearchStrategy[Any], data: st.DataObject
) -> None:
    kind = kind_of(annotation)
    value = data.draw(strategy)
    assume("\0" not in str(value).replace("\\x00", "\0"))
    inside = kind.parse(value)
    assert inside == value
    assert kind.parse(json.loads(json.dumps(kind.plain(inside)))) == inside


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.mark.parametrize(
    "annotation",
    [
        str | list[str],
        int | None,
        Path | bytes | None,
        dict[str, list[float]],
        Colour,
        ipaddress.IPv4Interface,
    ],
    ids=str,
)
@given(value=JSON)
def test_whatever_is_given_nothing_but_value_errors_are_raised(
    annotation: Any, value: object
) -> None:
    kind = kind_of(annotation)
    inside: object = None
    with suppress(ValueError):
        inside = kind.parse(value)
    assert inside is None or kind.holds(inside)


def test_bytes_are_told_from_text_by_their_tag() -> None:
    plain = kind_of(Path | str | bytes).plain
    assert plain("x") == "x"
    assert plain(Path("x")) == {"path": "x"}
    assert plain(b"x") == {"base64": base64.b64encode(b"x").decode()}
    assert kind_of(Path).plain(Path("x")) == "x"


def test_names_for_the_documentation() -> None:
    assert kind_of(str | list[str]).name == "text or list of text"
    assert kind_of(dict[str, float], "s").name == "mapping of text to number"
    assert kind_of(Colour | None).name == "one of red, green"
    assert kind_of(ipaddress.IPv4Address).name == "IPv4Address"
    assert kind_of(object).name == "anything"


def test_choices() -> None:
    assert kind_of(Colour | None).choices() == ("red", "green")
    assert kind_of(list[Literal["a", "b"]]).choices() == ("a", "b")
    assert kind_of(str | int).choices() == ()


def test_schemas() -> None:
    text: Any = {"type": "string"}
    tagged: Any = {
        "type": "object",
        "properties": {"base64": text},
        "required": ["base64"],
        "additionalProperties": False,
    }
    assert kind_of(bool).schema() == {"type": "boolean"}
    assert kind_of(int).schema() == {"type": "integer"}
    assert kind_of(int, "B").schema() == {"type": ["integer", "string"]}
    assert kind_of(float).schema() == {"type": "number"}
    assert kind_of(float, "s").schema() == {"type": ["number", "string"]}
    assert kind_of(Colour).schema() == {"enum": ["red", "green"]}
    assert kind_of(ipaddress.IPv4Address).schema() == text
    assert kind_of(object).schema() == {}
    assert kind_of(bytes).schema() == tagged
    assert kind_of(list[str]).schema() == {"type": ["array", "string"], "items": text}
    assert kind_of(dict[str, str]).schema() == {
        "type": ["object", "string"],
        "additionalProperties": text,
    }
    path = kind_of(Path).schema()["anyOf"]
    assert kind_of(Path | str | None).schema() == {"anyOf": [*as_list(path), {"type": "null"}]}


def as_list(value: object) -> list[object]:
    assert isinstance(value, list)
    return list(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


@pytest.mark.parametrize(
    ("annotation", "unit"),
    [(set[str], None), (complex, None), (tuple[int, int], None), (list, None), (int, "miles")],
)
def test_an_annotation_that_says_nothing_is_refused(annotation: Any, unit: str | None) -> None:
    with pytest.raises(TypeError, match=r"cannot be a|no unit 'miles'"):
        kind_of(annotation, unit)


def test_most_kinds_are_recognised_without_a_tag() -> None:
    assert kind_of(int).tagged(5) == 5
    assert kind_of(list[str] | dict[str, str]).plain(["a"]) == ["a"]
