# SPDX-License-Identifier: BSD-3-Clause
"""From data to a Description: what is understood, and the place in every refusal."""

import pytest

from nepi.core.lifecycle import State, Step
from nepi.formats.description import Description, Entry, MomentOf, Rule, Timed
from nepi.formats.errors import DescriptionError
from nepi.formats.overriding import Override, OverrideError, Parse, override
from nepi.formats.reading import understand
from nepi.formats.writing import as_data
from nepi.formats.yamltext import read_yaml

WHOLE = """
nepi: 1
name: handover
on_failure: abort
seed: 7
parameters: {port: 9000, copies: 2}
resources:
  here: {type: t::Node}
  server:
    type: t::Application
    on: here
    attributes: {command: "nc -l ${{ port }}"}
    traces: {stdout: false, stderr: err.txt}
    stop: {after: client.stopped}
  client:
    type: t::Application
    count: ${{ copies }}
    on: [here, server]
    start:
      - {after: [server.started, here.ready], delay: 1 s}
      - after: server.ready
connections:
  - [server, here]
at:
  - {time: 500 ms, resource: client, do: stop}
  - {time: 2, resource: server, set: {command: x}}
"""


def read(text: str) -> Description:
    return understand(read_yaml(text, "file.yaml"))


def test_everything_a_description_can_say_is_understood() -> None:
    found = read(WHOLE)
    assert (found.name, found.on_failure, found.seed) == ("handover", "abort", 7)
    assert found.resources[1] == Entry(
        "server",
        "t::Application",
        on=("here",),
        attributes={"command": "nc -l ${{ port }}"},
        traces={"stdout": False, "stderr": "err.txt"},
        rules={Step.STOP: (Rule((MomentOf("client", State.STOPPED),)),)},
    )
    client = found.resources[2]
    assert client.copies() == ("client-1", "client-2")
    after = (MomentOf("server", State.STARTED), MomentOf("here", State.READY))
    assert client.rules[Step.START] == (
        Rule(after, 1.0),
        Rule((MomentOf("server", State.READY),)),
    )
    assert found.connections == (("server", "here"),)
    assert found.at == (
        Timed(0.5, "client", Step.STOP),
        Timed(2.0, "server", values={"command": "x"}),
    )
    assert found.groups()["client"] == ("client-1", "client-2")


def test_what_is_written_means_the_same() -> None:
    found = read(WHOLE)
    from nepi.formats.tree import Tree

    assert understand(Tree(as_data(found))) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "file.yaml: should be a mapping, not nothing"),
        ("- 1", "should be a mapping, not a list"),
        ("name: x", "there is no `resources:`"),
        ("nepi: 2\nresources: {}", "file.yaml:1: nepi: is format 2"),
        ("resourses: {}", "resourses: there is no such key: did you mean 'resources'?"),
        ("resources: []", "resources: should be a mapping, not a list"),
        ("on_failure: explode\nresources: {}", "on_failure: 'explode' is neither release nor"),
        ("seed: true\nresources: {}", "seed: should be a whole number, not True"),
        ("resources:\n  a: {}", "file.yaml:2: resources.a: has no `type:`"),
        ("resources:\n  '': {type: t}", "a resource needs a name"),
        ("resources:\n  a: {type: 1}", "resources.a.type: should be a text, not 1"),
        ("resources:\n  a: {type: t, count: -1}", "resources.a.count: is -1"),
        ("resources:\n  a: {type: t, count: 1.5}", "resources.a.count: should be a whole number"),
        ("resources:\n  a: {type: t, stort: 1}", "did you mean 'start'?"),
        ("resources:\n  a: {type: t, on: b}", "resources.a.on: there is no resource 'b'"),
        (
            "resources:\n  a: {type: t, traces: {x: 1}}",
            "traces.x: should be true, false or a file name",
        ),
        (
            "resources:\n  a:\n    type: t\n    start:\n      after: b.started",
            "file.yaml:5: resources.a.start.after: there is no resource 'b'",
        ),
        ("resources:\n  a: {type: t, start: {after: a}}", "'a' names no moment"),
        ("resources:\n  a: {type: t, start: {after: a.strated}}", "did you mean 'started'?"),
        ("resources:\n  a: {type: t, start: {}}", "resources.a.start: has no `after:`"),
        ("resources:\n  a: {type: t, start: {after: a.ready, delay: fast}}", "start.delay: "),
        ("resources:\n  a: {type: t, start: {after: a.ready, delay: -1}}", "cannot be negative"),
        ("resources:\n  a: {type: t, start: {after: a.ready, delay: [1]}}", "a time like"),
        (
            "resources:\n  a: {type: t, count: 2}\n  a-1: {type: t}",
            "resources.a-1: makes a resource 'a-1', and so does 'a'",
        ),
        ("resources:\n  a: {type: t, count: '${{ n }}'}", "only parameters are known here"),
        ("resources: {}\nconnections: [[a]]", "connections[0]: a connection is a list of two"),
        ("resources: {a: {type: t}}\nconnections: [[a, b]]", "there is no resource 'b'"),
        ("resources: {}\nat: [{time: 1}]", "at[0]: has no `resource:`"),
        ("resources: {}\nat: [{time: 1, resource: a}]", "has either `do: stop`"),
        ("resources: {}\nat: [{time: 1, resource: a, do: x}]", "at[0].do: 'x' cannot be timed"),
        ("resources: {}\nat: [{time: 1, resource: a, do: stop}]", "at[0].resource: there is no"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, said: str) -> None:
    with pytest.raises(DescriptionError) as refused:
        read(text)
    assert said in str(refused.value)


def parse_number(value: object) -> object:
    return int(str(value))


def overridden(*given: str) -> tuple[Description, list[str]]:
    known: dict[str, dict[str, Parse]] = {
        "t::Application": {"command": str, "number": parse_number}
    }
    overrides = [Override.parse(one) for one in given]
    tree, left = override(read_yaml(WHOLE), overrides, lambda rtype: known.get(rtype, {}))
    return understand(tree), [str(one) for one in left]


def test_an_override_changes_what_it_names() -> None:
    found, left = overridden(
        "port=9123",
        "name=other",
        "client.count=20",
        "server.command=true",
        "server.number=20",
        "resources.client.start={after: server.started, delay: 3 s}",
        "resources.server.attributes.number=5",
    )
    assert left == []
    assert found.parameters["port"] == 9123
    assert found.name == "other"
    assert found.resources[2].count == 20
    assert found.resources[1].attributes == {"command": "true", "number": 5}
    assert found.resources[2].rules[Step.START][0].delay == 3.0


@pytest.mark.parametrize(
    "given", ["nothing=1", "client.speed=1", "nobody.count=1", "resources.nobody.count=1"]
)
def test_an_override_that_names_nothing_is_left(given: str) -> None:
    assert overridden(given)[1] == [given]


@pytest.mark.parametrize("given", ["count", "=20", " =20"])
def test_an_override_has_a_name_and_a_value(given: str) -> None:
    with pytest.raises(OverrideError, match="write it like"):
        Override.parse(given)


def test_an_override_inside_a_plain_value_is_refused() -> None:
    with pytest.raises(OverrideError, match="none can be set in it"):
        overridden("resources.server.type.x=1")
