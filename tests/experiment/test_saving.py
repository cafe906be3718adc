# SPDX-License-Identifier: BSD-3-Clause
"""Saving and loading: the same experiment again, for whatever can be said."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nepi.backends import linux
from nepi.core.lifecycle import State, Step
from nepi.experiment import Experiment, Surroundings, UnknownOverrideError, surrounded
from nepi.formats import DescriptionError, OverrideError
from nepi.formats.schema import schema
from nepi.formats.writing import as_data
from nepi.resource import ImpossibleConnectionError, Moment, Registry, Verb
from tests.experiment.sample import App, Node
from tests.experiment.values import resources


def test_a_saved_experiment_is_loaded_as_the_same(tmp_path: Path) -> None:
    exp = Experiment("mine", on_failure="abort", seed=3)
    here = exp.add(Node("here"))
    app = exp.add(App("x ${{ y", name="app", stdout="out.txt", stderr=False), on=here)
    other = exp.add(App(name="other", critical=False, retries=2, lasts="1 h"), on=here)
    other.start.after(app.started, here.ready, delay="1 s")
    other.start.after(app.ready)
    other.stop.after(app.failed + 2, app.stopped)
    exp.at("500 ms", other.set, pace=2)
    exp.at(3, app.stop)
    exp.call_at(1, print)
    for suffix in ("yaml", "json"):
        file = exp.save(tmp_path / f"file.{suffix}")
        again = Experiment.load(file)
        assert again.description() == exp.description()
        assert again.save(tmp_path / f"again.{suffix}").read_bytes() == file.read_bytes()
    assert "call_at 1: print" in file.read_text()


def test_folders_of_the_run_are_those_of_the_new_run_when_loaded(tmp_path: Path) -> None:
    exp = Experiment()
    first = exp.add(App(name="first"))
    exp.add(App(f"cat {first.trace('stdout').path} {exp.run_dir}/x", name="second"))
    file = exp.save(tmp_path / "file.yaml")
    assert "cat ${{ first.directory }}/stdout ${{ run_dir }}/x" in file.read_text()
    again = Experiment.load(file)
    second = again.resource("second")
    assert isinstance(second, App)
    assert second.command == f"cat {again.run_dir}/first-1/stdout {again.run_dir}/x"


def test_a_secret_is_saved_as_where_it_is_and_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exp = Experiment()
    app = exp.add(App(name="app", token="hidden"))  # noqa: S106 - the test is about it
    exp.at(1, app.set, key="hidden-too")
    file = exp.save(tmp_path / "file.json")
    assert "hidden" not in file.read_text()
    with pytest.raises(DescriptionError, match=r"app.attributes.token: .*set APP_TOKEN and"):
        Experiment.load(file)
    monkeypatch.setenv("APP_TOKEN", "other")
    with pytest.raises(DescriptionError, match=r"at\[0\].set.key: .*set APP_KEY and"):
        Experiment.load(file)
    monkeypatch.setenv("APP_KEY", "another")
    again = Experiment.load(file)
    loaded = again.resource("app")
    assert isinstance(loaded, App)
    assert loaded.token == "other"  # noqa: S105
    assert again.save(tmp_path / "again.json").read_bytes() == file.read_bytes()


def test_no_file_of_a_run_holds_a_secret(tmp_path: Path) -> None:
    exp = Experiment(pictures=False)
    app = exp.add(App(name="app", token="hidden-words"))  # noqa: S106
    with exp:
        exp.at(0, app.set, key="hidden-words-too")
        exp.deploy()
        exp.wait(app.started, timeout=20)
        app.set(key="hidden-words-at-last")
        app.end()
        exp.wait(app, timeout=20)
    assert app.key == "hidden-words-at-last"
    assert '"value":"env:APP_KEY"' in (exp.run_dir / "events.jsonl").read_text()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or b"hidden-words" not in path.read_bytes()


DESCRIBED = """
name: copies
parameters: {words: hello, number: 3}
resources:
  here: {type: fake::Node}
  app:
    type: fake::App
    on: here
    count: 2
    attributes:
      command: >-
        ${{ words }} ${{ self.name }} ${{ self.number }} of ${{ app.count }}
        in ${{ here.directory }}
      pace: ${{ number }}
  last:
    type: fake::App
    on: here
    attributes: {command: "${{ number }}"}
    start: {after: app.stopped}
at:
  - {time: 1 s, resource: app, set: {pace: 2}}
  - {time: 2 s, resource: app, do: stop}
"""


def described(tmp_path: Path, text: str = DESCRIBED) -> Path:
    file = tmp_path / "described.yaml"
    file.write_text(text)
    return file


def test_a_description_makes_copies_and_fills_references_in(tmp_path: Path) -> None:
    exp = Experiment.load(described(tmp_path))
    assert [each.name for each in exp.resources] == ["here", "app-1", "app-2", "last"]
    second, last = exp.resource("app-2"), exp.resource("last")
    assert isinstance(second, App)
    assert isinstance(last, App)
    assert second.command == f"hello app-2 2 of 2 in {exp.resource('here').directory}"
    assert second.pace == 3.0
    assert last.command == "3"
    after = exp.description().resources[3].rules
    (rule,) = next(iter(after.values()))
    assert [str(moment) for moment in rule.after] == ["app-1.stopped", "app-2.stopped"]
    assert [timed.resource for timed in exp.description().at] == ["app-1", "app-2"] * 2


def test_connections_may_be_told_apart_from_resources(tmp_path: Path) -> None:
    text = """
resources:
  here: {type: fake::Node}
  app: {type: fake::App, count: 2}
  none: {type: fake::App, count: 0}
connections: [[app, here], [none, here]]
"""
    exp = Experiment.load(described(tmp_path, text))
    assert [each.name for each in exp.resource("here").neighbours if isinstance(each, App)] == [
        "app-1",
        "app-2",
    ]


def test_overrides_change_a_description_before_it_is_made(tmp_path: Path) -> None:
    overrides = ("app.count=3", "words=bye", "last.command=[1]", "app.pace=7")
    exp = Experiment.load(described(tmp_path), overrides=overrides)
    assert len(exp.resources) == 5
    third, last = exp.resource("app-3"), exp.resource("last")
    assert isinstance(third, App)
    assert isinstance(last, App)
    assert third.command.startswith("bye app-3 3 of 3")
    assert (third.pace, last.command) == (7.0, "[1]")


def test_overrides_from_outside_reach_descriptions_copies_and_scripts(tmp_path: Path) -> None:
    around = Surroundings(overrides=("app.count=2", "app-2.pace=9", "late.pace=8"))
    with surrounded(around):
        exp = Experiment.load(described(tmp_path))
        late = exp.add(App(name="late"))
        exp.check()
    second = exp.resource("app-2")
    assert isinstance(second, App)
    assert (second.pace, late.pace) == (9.0, 8.0)
    assert exp.overridden == {"app-2.pace=9", "late.pace=8"}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("ap.pace=1", "--set ap.pace=1 names nothing: did you mean 'app.pace'?"),
        ("app.peace=1", "has no 'peace': did you mean 'pace'?"),
        ("app.count=1", "only description files make copies"),
        ("pace=1", "names nothing"),
    ],
)
def test_an_override_that_names_nothing_is_told_at_the_first_deploy(
    override: str, said: str, tmp_path: Path
) -> None:
    with surrounded(Surroundings(overrides=(override,))):
        exp = Experiment()
        exp.add(App(name="app"))
        with pytest.raises(UnknownOverrideError) as refused:
            exp.deploy()
    assert said in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_an_override_of_the_wrong_kind_is_told_as_such() -> None:
    with surrounded(Surroundings(overrides=("app.pace=fast",))):
        exp = Experiment()
        with pytest.raises(ValueError, match=r"--set app.pace=fast: pace: 'fast' is text"):
            exp.add(App(name="app"))


def test_an_override_may_name_the_file_of_a_trace() -> None:
    with surrounded(Surroundings(overrides=("app.stdout=other.txt", "app.stderr=false"))):
        exp = Experiment()
        app = exp.add(App(name="app"))
    assert app.traces() == {"stdout": "other.txt", "stderr": None}


def test_surroundings_decide_over_the_script(tmp_path: Path) -> None:
    made: list[Experiment] = []
    around = Surroundings(local_dir=tmp_path / "else", on_failure="abort", created=made.append)
    with surrounded(around):
        exp = Experiment("x", local_dir="mine", on_failure="release")
    assert made == [exp]
    assert exp.on_failure == "abort"
    assert exp.run_dir.is_relative_to(tmp_path / "else")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "resources: {a: {type: fake::Ap}}",
            "resources.a.type: there is no resource type 'fake::Ap'",
        ),
        (
            "resources:\n  a:\n    type: fake::App\n    attributes:\n      pase: 1",
            "described.yaml:5: resources.a.attributes.pase: ",
        ),
        ("resources: {a: {type: fake::App, attributes: {pace: x}}}", "attributes.pace: "),
        ("resources: {a: {type: fake::App, attributes: {name: x}}}", "the key it stands under"),
        ("resources: {a: {type: fake::App, traces: {x: true}}}", "resources.a.traces.x: "),
        ("resources: {a: {type: fake::App, traces: {stdout: a/b}}}", "not a plain file name"),
        ("resources: {a: {type: fake::Picky}}", "resources.a: fake::Picky 'a' has to be connected"),
        (
            "resources: {a: {type: fake::Plain}, b: {type: fake::App, on: a}}",
            "resources.b.on: fake::App 'b' and fake::Plain 'a' cannot be connected",
        ),
        (
            "resources: {a: {type: fake::App, attributes: {command: '${{ b.directory }}'}}}",
            "${{ b.directory }} stands for nothing",
        ),
        (
            "resources: {a: {type: fake::App, attributes: {command: '${{ a.folder }}'}}}",
            "there is count, directory, name, number",
        ),
        (
            "resources: {a: {type: fake::App, count: 2, attributes: {command: '${{ a.name }}'}}}",
            "there are 2 of them; name one, as a-1",
        ),
        (
            "resources: {a: {type: fake::App}, b: {type: fake::Plain}}\nconnections: [[a, b]]",
            "connections[0]: fake::App 'a' and fake::Plain 'b' cannot be connected",
        ),
        (
            (
                "resources:\n  a: {type: fake::App, count: 0}\n"
                "  b: {type: fake::App, attributes: {command: '${{ a.name }}'}}"
            ),
            "${{ a.name }}: there is none of them",
        ),
        (
            "resources: {a: {type: fake::App}}\nat: [{time: 1, resource: a, set: {command: x}}]",
            "at[0].set.command: command can only be changed before deploy()",
        ),
        (
            "resources: {a: {type: fake::App}}\nat: [{time: 1, resource: a, set: {pace: x}}]",
            "at[0].set.pace: ",
        ),
        ("resources: {a: {type: omf::Node}}", "there is no omf::Node any more"),
    ],
)
def test_what_no_experiment_can_be_made_of_is_told_with_its_place(
    text: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(DescriptionError) as refused:
        Experiment.load(described(tmp_path, text))
    assert said in str(refused.value)


def test_a_file_has_to_be_called_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(DescriptionError, match=r"no suffix of a description: .yaml, .yml, .json"):
        Experiment.load(tmp_path / "file.txt")
    with pytest.raises(DescriptionError, match="no suffix"):
        Experiment().save(tmp_path / "file")


def test_text_that_is_no_unicode_is_for_json_only(tmp_path: Path) -> None:
    exp = Experiment()
    exp.add(App("\udcff", name="app"))
    with pytest.raises(DescriptionError, match="use JSON"):
        exp.save(tmp_path / "file.yaml")
    again = Experiment.load(exp.save(tmp_path / "file.json"))
    app = again.resource("app")
    assert isinstance(app, App)
    assert app.command == "\udcff"


def test_an_override_without_a_value_is_told() -> None:
    with (
        surrounded(Surroundings(overrides=("app",))),
        pytest.raises(OverrideError, match="write it like"),
    ):
        Experiment().add(App(name="app"))


TYPES = (
    "fake::App",
    "fake::Node",
    "fake::Plain",
    "linux::Application",
    "linux::Node",
    "linux::Ping",
)
NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
MOMENTS = [state for state in State if state is not State.NEW]


@st.composite
def experiments(draw: st.DrawFn) -> Experiment:
    """Return an experiment of random resources, links, conditions and dates."""
    registry = Registry.installed()
    exp = Experiment(
        draw(NAMES),
        on_failure=draw(st.sampled_from(["release", "abort"])),
        seed=draw(st.none() | st.integers()),
    )
    names = draw(
        st.lists(
            NAMES.filter(lambda name: name.strip() and name != "host"),
            min_size=1,
            max_size=5,
            unique=True,
        )
    )
    for name in names:
        exp.add(draw(resources(registry[draw(st.sampled_from(TYPES))], name)))
    host = exp.add(linux.Node("host"))
    for resource in exp.resources[:-1]:
        for other in (host, draw(st.sampled_from(exp.resources))):
            with suppress(ImpossibleConnectionError):
                exp.connect(resource, other)
    for _ in range(draw(st.integers(0, 4))):
        hold(draw, exp)
    for _ in range(draw(st.integers(0, 3))):
        resource = draw(st.sampled_from(exp.resources))
        exp.at(draw(SECONDS), Verb(resource, draw(st.sampled_from([Step.START, Step.STOP]))))
    return exp


SECONDS = st.floats(0, 1e6)


def hold(draw: st.DrawFn, exp: Experiment) -> None:
    """Let a step of somebody wait for some moments."""
    chosen = st.sampled_from(exp.resources)
    steps = st.sampled_from([step for step in Step if step is not Step.RELEASE])
    moments = st.builds(Moment, chosen, st.sampled_from(MOMENTS), SECONDS)
    verb = Verb(draw(chosen), draw(steps))
    verb.after(*draw(st.lists(moments, min_size=1, max_size=3)), delay=draw(SECONDS))


@cache
def validator() -> Any:  # its types are unknown
    registry = Registry.installed()
    return jsonschema.Draft202012Validator(schema({name: registry[name] for name in TYPES}))


def validate(data: dict[str, object]) -> None:
    validator().validate(data)


@contextmanager
def secrets_of(exp: Experiment) -> Generator[None]:
    """Give the secrets, as a user would, in the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for entry in exp.description().resources:
            for value in entry.attributes.values():
                if isinstance(value, str) and value.startswith("env:") and "\0" not in value:
                    patch.setenv(value.removeprefix("env:") or "X", "secret")
        yield


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(exp=experiments(), suffix=st.sampled_from(["yaml", "json"]))
def test_any_experiment_saved_loaded_and_saved_is_the_same(
    exp: Experiment,
    suffix: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("saved")
    first = exp.save(folder / f"first.{suffix}")
    with secrets_of(exp):
        again = Experiment.load(first)
    assert again.save(folder / f"second.{suffix}").read_text() == first.read_text()
    validate(as_data(exp.description()))
