# SPDX-License-Identifier: BSD-3-Clause
"""The JSON schema: it takes what is right, refuses what is wrong, and is the published one."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from nepi.formats.jsontext import read_json
from nepi.formats.schema import main, schema
from nepi.formats.yamltext import read_yaml

ROOT = Path(__file__).parent.parent.parent
PUBLISHED = ROOT / "docs" / "reference" / "experiment.schema.json"


def problems(text: str) -> list[str]:
    """What the schema finds wrong."""
    checked: Any = jsonschema.Draft202012Validator(schema())
    return [str(error.message) for error in checked.iter_errors(read_yaml(text).data)]


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


def test_the_published_one_is_up_to_date() -> None:
    told = "write it anew: python -m nepi.formats.schema docs/reference/experiment.schema.json"
    assert json.loads(PUBLISHED.read_text()) == schema(), told


def test_it_is_written_by_a_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tmp_path / "schema.json")])
    main([])
    assert (tmp_path / "schema.json").read_text() == capsys.readouterr().out
    assert json.loads((tmp_path / "schema.json").read_text()) == schema()


@pytest.mark.parametrize("name", ["handover.yaml", "handover.json"])
def test_the_examples_keep_to_it(name: str) -> None:
    text = (ROOT / "examples" / name).read_text()
    tree = read_json(text) if name.endswith("json") else read_yaml(text)
    assert problems(json.dumps(tree.data)) == []


@pytest.mark.parametrize(
    "resource",
    [
        "{type: linux::Node}",
        "{type: LinuxNode, count: 3}",
        "{type: linux::Ping, attributes: {target: b, interval: 100 ms, count: 5}}",
        "{type: linux::Ping, attributes: {target: b, count: '${{ number }}'}}",
        "{type: linux::Application, attributes: {command: [ls, -l], env: {A: b}}}",
        "{type: linux::Application, traces: {stdout: got.bin, stderr: false}, on: [here]}",
        "{type: linux::Node, start: {after: a.started}, stop: [{after: [a.ready], delay: 1 s}]}",
    ],
)
def test_it_takes_what_is_right(resource: str) -> None:
    assert problems(f"resources: {{a: {resource}}}") == []


@pytest.mark.parametrize(
    "text",
    [
        "name: x",
        "resources: {a: {type: linux::Nod}}",
        "resources: {a: {type: linux::Node, attributes: {host: x}}}",
        "resources: {a: {type: linux::Ping}}",
        "resources: {a: {type: linux::Ping, attributes: {target: x, count: 0}}}",
        "resources: {a: {type: linux::Node, traces: {stdout: true}}}",
        "resources: {a: {type: linux::Node, start: {}}}",
        "resources: {a: {type: linux::Node, start: {after: a.begun}}}",
        "resources: {}\nconnections: [[a]]",
        "resources: {}\nat: [{time: 1 s, resource: a}]",
        "resources: {}\non_failure: explode",
        "resources: {}\nnepi: 2",
    ],
)
def test_it_refuses_what_is_wrong(text: str) -> None:
    assert problems(text) != []
