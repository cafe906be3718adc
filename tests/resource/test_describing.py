# SPDX-License-Identifier: BSD-3-Clause
"""What can be told of a type: this is all that help, schema and documentation know."""

from typing import Any, cast

import jsonschema
import pytest

from nepi.core.lifecycle import State, Step
from nepi.resource import Column, Phase, Resource, describe
from nepi.resource.records import columns, kind_of_record
from tests.resource.sample import Application, Node, Ping, Reply


def test_the_type() -> None:
    info = describe(Application)
    assert info.rtype == "sample::Application"
    assert info.help == "Run a command."
    assert info.text == "Run a command.\n\nOn a machine it is connected to."
    assert describe(Node).aliases == ("SampleNode",)


def test_a_type_without_a_name() -> None:
    class Nameless(Resource):
        """Nothing."""

    assert describe(Nameless).rtype == "Nameless"


def test_own_attributes_come_first() -> None:
    names = [(each.name, each.declared_by) for each in describe(Ping).attributes]
    assert names[0] == ("target", "sample::Ping")
    assert names[1] == ("stdin", "sample::Application")
    assert names[-1] == ("backoff", "Resource")
    assert "command" not in dict(names)


def test_an_attribute() -> None:
    rate = describe(Application).attribute("rate")
    assert rate is not None
    assert rate.type == "number"
    assert rate.unit == "bit/s"
    assert rate.default == "1 Mbit/s"
    assert rate.phase is Phase.LIVE
    assert not rate.required
    assert not rate.secret


def test_what_must_be_given() -> None:
    command = describe(Application).attribute("command")
    assert command is not None
    assert command.required
    assert command.positional
    assert command.default is None


def test_classic_names() -> None:
    info = describe(Application)
    size, odd = info.attribute("packetSize"), info.attribute("odd")
    assert size is not None
    assert size.name == "packet_size"
    assert size.limits == "at least 0 and at most 65507"
    assert odd is not None
    assert odd.name == "old_name"
    assert info.attribute("nothing") is None


VALUES: list[tuple[str, list[Any], list[Any]]] = [
    ("packet_size", [5, "1 kB"], [-1, 70000, []]),
    ("command", ["ls", ["ls", "-l"]], [5]),
    ("stdin", [None, "x", {"path": "x"}, {"base64": ""}], [5, {"path": "x", "y": 1}]),
    ("env", [{"A": "b"}, "A=b"], [{"A": 5}]),
]


@pytest.mark.parametrize(("name", "good", "bad"), VALUES)
def test_schemas_take_what_constructors_take(name: str, good: list[Any], bad: list[Any]) -> None:
    info = describe(Application).attribute(name)
    assert info is not None
    assert info.schema["description"] == info.help
    validator = cast("Any", jsonschema.Draft202012Validator(info.schema))
    for value in good:
        assert validator.is_valid(value)
        Application.draft(**{name: value})
    assert not any(validator.is_valid(value) for value in bad)


def test_traces_connections_and_records() -> None:
    info = describe(Ping)
    assert [(each.name, each.enabled, each.file) for each in info.traces] == [
        ("stdout", True, "stdout"),
        ("pcap", False, "capture.pcap"),
    ]
    host, peers = info.connections
    assert (host.peer, host.at_least, host.at_most) == ("Machine", 1, 1)
    assert (host.step, host.state, host.help) == (Step.PROVISION, State.READY, "Where it runs")
    assert (peers.peer, peers.step) == ("sample::Node", None)
    assert [(each.kind, each.help) for each in info.records] == [("sample.reply", "One answer.")]


def test_columns_of_records() -> None:
    assert columns(Reply) == (
        Column("seq", "", "Number of the request"),
        Column("rtt", "s", "Time until the answer came"),
    )
    assert kind_of_record(Reply) == "sample.reply"
    assert kind_of_record(Node) == "Node"
    assert Reply(seq=1, rtt=0.5) == Reply(seq=1, rtt=0.5)
