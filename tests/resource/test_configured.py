# SPDX-License-Identifier: BSD-3-Clause
"""Making resources and changing them: values are converted, mistakes refused with the remedy."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.resource import (
    FrozenAttributeError,
    InvalidValueError,
    MissingValueError,
    UnknownAttributeError,
    UnknownTraceError,
    attribute,
)
from nepi.resource.configured import Configured
from tests.resource.sample import Application, Node, Noted, Ping


def test_values_are_converted_when_constructed_and_when_assigned() -> None:
    application = Application("ls", deadline="200 ms", packet_size="1 kB")
    assert application.deadline == 0.2
    assert application.packet_size == 1000
    application.deadline = "1 min"
    assert application.deadline == 60.0


def test_defaults() -> None:
    application = Application("ls")
    assert application.rate == 1e6
    assert application.env == {}
    assert application.name == ""


def test_what_can_be_changed_in_place_is_not_shared() -> None:
    one, other = Application("a"), Application("b")
    one.env["A"] = "1"
    one.files.append("x")
    one.log.append("y")
    assert other.env == {}
    assert other.files == []
    assert other.log == []


def test_arguments_by_position() -> None:
    assert Node("here").name == "here"
    assert Ping("10.0.0.1").target == "10.0.0.1"
    with pytest.raises(TypeError, match=r"takes 1 arguments by position \(name\), not 2"):
        Node("here", "there")  # type: ignore[call-arg, arg-type]  # pyright: ignore[reportCallIssue]
    with pytest.raises(TypeError, match="name given twice"):
        Node("here", name="there")  # type: ignore[misc]  # pyright: ignore[reportCallIssue]


def test_an_unknown_name_is_refused_everywhere_naming_the_nearest() -> None:
    unknown = "there is no attribute 'comand'; did you mean 'command'?"
    application = Application("ls")
    with pytest.raises(UnknownAttributeError, match=unknown):
        Application(comand="ls")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(UnknownAttributeError, match=unknown):
        application.comand = "ls"  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(UnknownAttributeError, match=unknown):
        _ = application.comand  # type: ignore[attr-defined]  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue, reportUnknownVariableType]
    with pytest.raises(UnknownAttributeError, match=unknown):
        application.checked({"comand": "ls"})
    assert not hasattr(application, "comand")


def test_run_state_cannot_be_configured() -> None:
    with pytest.raises(UnknownAttributeError, match="_pid"):
        Application("ls", _pid=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(UnknownAttributeError, match="there is no attribute 'command'"):
        Ping("10.0.0.1", command="x")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_private_names_are_free() -> None:
    application = Application("ls")
    application._anything = 5  # type: ignore[attr-defined]  # noqa: SLF001  # pyright: ignore[reportAttributeAccessIssue]
    assert application._anything == 5  # type: ignore[attr-defined]  # noqa: SLF001  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue]
    with pytest.raises(AttributeError, match="has no _nothing"):
        _ = application._nothing  # type: ignore[attr-defined]  # noqa: SLF001  # pyright: ignore[reportUnknownMemberType, reportAttributeAccessIssue, reportUnknownVariableType]


def test_a_wrong_value_is_refused_naming_resource_attribute_and_remedy() -> None:
    with pytest.raises(
        InvalidValueError, match=r"sample::Application 'a': deadline: .* like '200 ms'"
    ):
        Application("ls", name="a", deadline="soon")
    with pytest.raises(InvalidValueError, match=r"packet_size: .* at least 0 and at most 65507"):
        Application("ls", packet_size=70000)


def test_a_wrong_secret_is_not_shown() -> None:
    with pytest.raises(InvalidValueError) as caught:
        Node(secret_key=12345)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert "12345" not in str(caught.value)
    assert "secret" in str(caught.value)


def test_what_must_be_given_is_asked_for() -> None:
    with pytest.raises(MissingValueError, match="sample::Application: command must be given"):
        Application()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def test_a_draft_may_lack_what_must_be_given() -> None:
    draft = Application.draft(deadline="1 s")
    assert draft.missing() == ("command",)
    with pytest.raises(MissingValueError, match="command must be given first"):
        _ = draft.command
    assert "command" not in draft.values(changed_only=False)
    draft.command = "ls"
    assert draft.missing() == ()


def test_the_design_is_fixed_once_it_is_deployed() -> None:
    experiment = Noted()
    application = Application("ls")
    application.bind(experiment, 3)
    application.deadline = 5
    application.set_trace("pcap", to=True)
    experiment.fixed = True
    with pytest.raises(FrozenAttributeError, match=r"deadline can only be changed before deploy"):
        application.deadline = 6
    with pytest.raises(FrozenAttributeError, match="traces before deploy"):
        application.set_trace("pcap", to=False)
    with pytest.raises(FrozenAttributeError, match="deadline"):
        application.checked({"deadline": 6})
    assert application.deadline == 5


def test_a_live_attribute_is_set_through_the_experiment() -> None:
    experiment = Noted(fixed=True)
    application = Application("ls")
    application.bind(experiment, 3)
    application.rate = "2 Mbit/s"
    assert experiment.asked == [("set", 3, {"rate": 2e6})]
    assert application.rate == 1e6
    application.apply("rate", "2 Mbit/s")
    assert application.rate == 2e6


def test_changed_values() -> None:
    application = Application("ls", rate=1e6, env={"A": "1"}, name="a")
    assert application.values() == {"command": "ls", "env": {"A": "1"}, "name": "a"}
    assert application.values(changed_only=False)["packet_size"] == 56


def test_secrets_are_only_told_when_asked_for() -> None:
    node = Node(secret_key="hidden")  # noqa: S106 - it is none
    assert "secret_key" not in node.values(changed_only=False)
    assert node.plain_values(secrets=True) == {"secret_key": "hidden"}
    assert "hidden" not in repr(node)


def test_a_resource_shows_what_was_changed() -> None:
    assert repr(Application("ls", deadline=1)) == "Application(command='ls', deadline=1.0)"


@given(
    command=st.text().filter(lambda text: "\0" not in text) | st.lists(st.just("a")),
    stdin=st.none() | st.binary() | st.just(Path("x")) | st.just("text"),
    deadline=st.none() | st.floats(min_value=1e-9, max_value=1e9),
    packet_size=st.integers(min_value=0, max_value=65507),
    env=st.dictionaries(st.just("A"), st.just("1")),
)
def test_what_is_written_down_constructs_the_same(
    command: str | list[str],
    stdin: Path | str | bytes | None,
    deadline: float | None,
    packet_size: int,
    env: dict[str, str],
) -> None:
    made = Application(command, stdin=stdin, deadline=deadline, packet_size=packet_size, env=env)
    again = Application.draft(**made.plain_values())
    assert again.values(changed_only=False) == made.values(changed_only=False)


def test_traces_are_switched_and_renamed() -> None:
    application = Application("ls", stdout="got.bin")
    assert application.traces() == {"stdout": "got.bin", "pcap": None}
    assert application.plain_traces() == {"stdout": "got.bin"}
    application.set_trace("pcap", to=True)
    application.stdout = False
    assert application.traces() == {"stdout": None, "pcap": "capture.pcap"}
    assert application.plain_traces() == {"stdout": False, "pcap": True}


@pytest.mark.parametrize("file", ["", ".", "..", "a/b", "/etc/passwd", "a\0b", 5])
def test_the_file_of_a_trace_stays_in_its_folder(file: str) -> None:
    with pytest.raises(InvalidValueError, match=r"trace stdout: .*file"):
        Application("ls", stdout=file)


def test_an_unknown_trace_is_refused_naming_the_nearest() -> None:
    with pytest.raises(UnknownTraceError, match="no trace 'stdot'; did you mean 'stdout'"):
        Application("ls").set_trace("stdot", to=True)


def test_what_is_configured_outside_of_experiments_is_never_fixed() -> None:
    class Plain(Configured):
        count: int = attribute(default=1, help="x")

    plain = Plain(count=2)
    plain.count = 3
    assert repr(plain) == "Plain(count=3)"


def test_attributes_are_set_as_nepi_scripts_do() -> None:
    application = Application("ls")
    application.set_classic("packetSize", "100")
    application.set_classic("odd", "7 ")
    application.set_classic("deadline", None)
    application.set_classic("command", "ps")
    assert application.packet_size == 100
    assert application.old_name == 7
    assert application.command == "ps"
    with pytest.raises(UnknownAttributeError, match="packetSiz"):
        application.set_classic("packetSiz", 1)
