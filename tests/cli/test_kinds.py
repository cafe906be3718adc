# SPDX-License-Identifier: BSD-3-Clause
import json

import pytest

from nepi.cli import kinds
from nepi.core.lifecycle import State, Step
from nepi.resource import Connects, Phase, Resource, Trace, attribute, describe, resource


@resource("shown::Node")
class Node(Resource):
    """A machine."""


@resource("shown::Probe", aliases=("ShownProbe",))
class Probe(Resource):
    """Sends requests.

    And waits for answers.
    """

    target: str = attribute(help="Whom to ask")
    interval: float = attribute(default=1.0, unit="s", phase=Phase.LIVE, help="Time between")
    count: int | None = attribute(default=None, ge=1, help="How many")
    token: str = attribute(default="", secret=True, help="Who we are")
    pcap = Trace("Captured packets", enabled=False, file="capture.pcap")
    host = Connects(Node, step=Step.PROVISION, state=State.READY, at_least=1, at_most=1)


def test_a_type_is_told_with_attributes_traces_and_connections(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kinds.one("shown::Probe")
    told = capsys.readouterr().out
    assert told.startswith(
        "shown::Probe (also ShownProbe)\nSends requests.\n\nAnd waits for answers.\n"
    )
    rows = [line.split() for line in told.splitlines()]
    assert ["target", "text", "required", "Whom", "to", "ask"] in rows
    assert "interval  number   s     1 s       Time between; can be changed at any time" in told
    assert "How many; at least 1" in told
    assert "secret: never written anywhere" in told
    assert ["pcap", "capture.pcap", "no", "Captured", "packets"] in rows
    assert ["host", "shown::Node", "1", "provision", "until", "READY"] in rows


def test_what_every_resource_has_stands_apart(capsys: pytest.CaptureFixture[str]) -> None:
    kinds.one("shown::Probe")
    own, common = capsys.readouterr().out.split("Attributes of every resource\n")
    assert "critical" not in own
    assert "critical" in common


def test_a_type_as_json_is_the_whole_declaration(capsys: pytest.CaptureFixture[str]) -> None:
    kinds.one("shown::Probe", as_json=True)
    told = json.loads(capsys.readouterr().out)
    assert told["rtype"] == "shown::Probe"
    assert [each["name"] for each in told["attributes"]][:4] == [
        "target",
        "interval",
        "count",
        "token",
    ]
    assert told["connections"][0]["state"] == "READY"


@pytest.mark.parametrize(
    ("least", "most", "text"),
    [(0, None, "any number"), (2, None, "2 or more"), (1, 1, "1"), (0, 3, "0 to 3")],
)
def test_how_many_neighbours_there_may_be(least: int, most: int | None, text: str) -> None:
    class Hub(Resource):
        """Connects machines."""

        nodes = Connects(Node, at_least=least, at_most=most)

    (told,) = [rows for title, _, rows in kinds.sections(describe(Hub)) if title == "Connections"]
    assert told[0][2] == text
