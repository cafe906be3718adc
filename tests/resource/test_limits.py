# SPDX-License-Identifier: BSD-3-Clause
"""Bounds: what is within them, what is not, and how they are told."""

from pathlib import Path
from typing import Any

import pytest

from nepi.resource.limits import Limits, Schema

BOUNDS: list[tuple[Limits, list[Any], list[Any]]] = [
    (Limits(ge=1), [1, 2.5, True], [0, 0.9]),
    (Limits(gt=0, le=2), [0.1, 2], [0, 2.1]),
    (Limits(lt=3), [-5], [3]),
    (Limits(pattern="[a-z]+"), ["abc", 5, None], ["", "Abc", "abc1"]),
    (Limits(min_len=1), ["a", ["b"], (1,), {"c": 1}, Path()], ["", [], (), {}]),
    (Limits(ge=0), [[0, 1], {"a": 5}], [[1, -1], {"a": -5}]),
    (Limits(pattern="x", min_len=1), [["x"]], [[], ["y"]]),
]


@pytest.mark.parametrize(("limits", "good", "bad"), BOUNDS)
def test_bounds(limits: Limits, good: list[object], bad: list[object]) -> None:
    for value in good:
        limits.check(value)
    for value in bad:
        with pytest.raises(ValueError, match=r"has to|look like"):
            limits.check(value)


def test_a_message_names_the_bounds() -> None:
    with pytest.raises(
        ValueError, match="7 is out of range, it has to be at least 1 and at most 5"
    ):
        Limits(ge=1, le=5).check(7)


def test_the_schema_has_the_same_bounds() -> None:
    limits = Limits(ge=1, gt=0, le=5, lt=6, pattern="a|b", min_len=2)
    assert limits.schema({"type": "integer"}) == {
        "type": "integer",
        "minimum": 1,
        "exclusiveMinimum": 0,
        "maximum": 5,
        "exclusiveMaximum": 6,
        "pattern": "^(?:a|b)$",
        "minLength": 2,
    }


def test_bounds_are_put_where_the_values_are() -> None:
    number: Schema = {"type": "number"}
    bounded = {"type": "number", "minimum": 1}
    limits = Limits(ge=1, min_len=2)
    assert limits.schema({"items": number}) == {"items": bounded, "minItems": 2}
    assert Limits(ge=1).schema({"anyOf": [number, {"additionalProperties": number}]}) == {
        "anyOf": [bounded, {"additionalProperties": bounded}]
    }
