# SPDX-License-Identifier: BSD-3-Clause
"""`linux::Application` on this machine: real processes, through a real agent."""

import asyncio
import os
import select
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from nepi.backends.linux import Application, Node
from nepi.backends.linux.application import TearDownError
from nepi.backends.linux.ending import ApplicationFailedError
from nepi.hosts import CommandNotFoundError, MissingFileError, NotExecutableError
from nepi.hosts.fake import run_virtual
from nepi.resource import InvalidValueError
from tests.backends.linux.stage import Stage, begin, complete, fake_machine, this_machine

Scenario = Callable[[Stage, Node], Awaitable[None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Scenario], None]:
    """Play a scenario on this machine."""

    async def on_this_machine(scenario: Scenario) -> None:
        async with this_machine(tmp_path / "run") as (stage, node):
            await scenario(stage, node)

    return lambda scenario: asyncio.run(on_this_machine(scenario))


Play = Callable[[Scenario], None]


def told_by(folder: Path) -> Path:
    """Make a pipe: reading it ends when a process has written to it."""
    path = folder / "told"
    os.mkfifo(path)
    return path


def test_what_it_prints_is_in_its_traces(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        made = stage.add(Application("echo out; echo err >&2", stdout="got.txt"), on=node)
        await complete(made)
        assert (made.directory / "got.txt").read_text() == "out\n"
        assert (made.directory / "stderr").read_text() == "err\n"
        assert made.exit_code == 0
        assert made.result is not None
        assert not made.result.stopped
        assert list(made.records()) == [made.result]

    play(scenario)


def test_before_it_has_ended_there_is_no_result() -> None:
    made = Application("true")
    assert made.exit_code is None
    assert made.result is None
    assert list(made.records()) == []


def test_traces_may_be_left_out_or_joined(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        none = stage.add(Application("echo a; echo b >&2", stdout=False, stderr=False), on=node)
        both = stage.add(Application("echo a; echo b >&2", merge_stderr=True), on=node)
        await complete(none)
        await complete(both)
        assert list(none.directory.iterdir()) == []
        assert (both.directory / "stdout").read_text() == "a\nb\n"
        assert not (both.directory / "stderr").exists()

    play(scenario)


def test_the_text_of_a_command_is_one_argument_of_a_shell(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        text = stage.add(Application("""printf '%s|' "a b" $((1 + 1)) | tr a A"""), on=node)
        argv = stage.add(Application(["printf", "%s|", "a b", "$((1 + 1))", "; ls"]), on=node)
        await complete(text)
        await complete(argv)
        assert (text.directory / "stdout").read_text() == "A b|2|"
        assert (argv.directory / "stdout").read_text() == "a b|$((1 + 1))|; ls|"

    play(scenario)


def test_environment_and_working_directory(play: Play, tmp_path: Path) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        own = stage.add(Application('pwd; echo "$GREETING"', env={"GREETING": "hi"}), on=node)
        other = stage.add(Application("pwd", working_directory=str(tmp_path)), on=node)
        await complete(own)
        await complete(other)
        assert (own.directory / "stdout").read_text() == f"{own.directory}\nhi\n"
        assert (other.directory / "stdout").read_text() == f"{tmp_path}\n"

    play(scenario)


def test_what_it_reads(play: Play, tmp_path: Path) -> None:
    (tmp_path / "input").write_text("from a file")

    async def scenario(stage: Stage, node: Node) -> None:
        for given, printed in (
            (tmp_path / "input", b"from a file"),
            ("text", b"text"),
            (b"\x00\xff", b"\x00\xff"),
            (b"x" * 2_000_000, b"x" * 2_000_000),
            (Path("/dev/null"), b""),
            (None, b""),
        ):
            made = stage.add(Application(["cat"], stdin=given), on=node)
            await complete(made)
            assert (made.directory / "stdout").read_bytes() == printed

    play(scenario)


def test_what_another_resource_will_make_may_be_missing_until_the_start(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        path = stage.folder / "later"
        made = stage.add(Application(["cat"], stdin=path), on=node)
        await made.do_deploy()
        path.write_text("made")
        await made.do_start()
        await made.finished()
        assert (made.directory / "stdout").read_text() == "made"

    play(scenario)


def test_files_are_put_into_its_folder_before(play: Play, tmp_path: Path) -> None:
    (tmp_path / "tree" / "inner").mkdir(parents=True)
    (tmp_path / "tree" / "inner" / "leaf").write_text("leaf")
    (tmp_path / "script.sh").write_text("#!/bin/sh\necho ran with $1\n")
    (tmp_path / "script.sh").chmod(0o755)

    async def scenario(stage: Stage, node: Node) -> None:
        paths = stage.add(
            Application(
                "cat tree/inner/leaf; ./script.sh it",
                files=[tmp_path / "tree", tmp_path / "script.sh"],
            ),
            on=node,
        )
        named = stage.add(
            Application(
                "cat etc/a.conf b; ./code",
                files={"etc/a.conf": "a=1 ", "b": b"bytes "},
                code="#!/bin/sh\necho code",
            ),
            on=node,
        )
        await complete(paths)
        await complete(named)
        assert (paths.directory / "stdout").read_text() == "leafran with it\n"
        assert (named.directory / "stdout").read_text() == "a=1 bytes code\n"

    play(scenario)


def test_files_it_leaves_are_collected(play: Play, tmp_path: Path) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        script = "mkdir -p out; echo 1 > out/a.csv; echo 2 > out/b.csv; echo 3 > here.txt"
        for folder in (str(tmp_path), ""):
            made = stage.add(
                Application(
                    script, working_directory=folder, collect=["out/*.csv", "here.txt", "o*/a.csv"]
                ),
                on=node,
            )
            with pytest.raises(MissingFileError, match=r"collect: it left no .*o\*/a.csv"):
                await complete(made)
            assert (made.directory / "a.csv").read_text() == "1\n"
            assert (made.directory / "b.csv").read_text() == "2\n"
            assert (made.directory / "here.txt").read_text() == "3\n"

    play(scenario)


def test_who_failed_need_not_have_left_everything(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        made = stage.add(Application("exit 4", collect=["nothing"]), on=node)
        with pytest.raises(ApplicationFailedError, match="exit code 4"):
            await complete(made)

    play(scenario)


def test_an_unexpected_exit_code_is_a_failure_told_with_its_last_words(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        made = stage.add(Application("echo it is broken >&2; exit 3", name="tool"), on=node)
        with pytest.raises(
            ApplicationFailedError,
            match=r"linux::Application 'tool': exit code 3: it is broken$",
        ):
            await complete(made)
        assert made.exit_code == 3
        merged = stage.add(
            Application("echo loudly; echo wrong >&2; exit 3", merge_stderr=True), on=node
        )
        with pytest.raises(ApplicationFailedError, match="exit code 3: loudly\nwrong"):
            await complete(merged)
        silent = stage.add(Application("exit 3", stderr=False), on=node)
        with pytest.raises(ApplicationFailedError, match=r"exit code 3$"):
            await complete(silent)

    play(scenario)


@pytest.mark.parametrize(
    ("command", "expected"), [("exit 3", 3), ("exit 4", [3, 4]), ("kill -9 $$", -9)]
)
def test_expected_exits(play: Play, command: str, expected: int | list[int]) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        made = stage.add(Application(command, expected_exit=expected), on=node)
        await complete(made)
        again = stage.add(Application("true", expected_exit=expected), on=node)
        with pytest.raises(ApplicationFailedError, match="exit code 0"):
            await complete(again)

    play(scenario)


def test_what_the_shell_does_not_find_names_the_package(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        made = stage.add(Application("true; PATH=/nowhere; nping localhost"), on=node)
        with pytest.raises(ApplicationFailedError, match=r"127: .*nping.*\(apt install nmap\)"):
            await complete(made)

    play(scenario)


def test_being_stopped_is_a_result(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        made = stage.add(Application("sleep 60", collect=["nothing"]), on=node)
        await begin(made)
        ended = asyncio.ensure_future(made.finished())
        await made.do_stop()
        await ended
        assert made.result is not None
        assert made.result.stopped
        assert made.result.signal == 15
        assert made.exit_code is None

    play(scenario)


def test_stopping_ends_descendants_too(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        told = told_by(stage.folder)
        made = stage.add(Application(f"setsid sleep 61 & echo $! > {told}; wait"), on=node)
        await begin(made)
        # It has ended as soon as this can be read, whether or not it has been waited for already.
        descendant = os.pidfd_open(int(await asyncio.to_thread(told.read_text)))
        await made.do_stop()
        assert select.select([descendant], [], [], 0)[0] == [descendant]
        os.close(descendant)

    play(scenario)


def test_it_may_be_asked_to_end_by_another_signal(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        told = told_by(stage.folder)
        polite = stage.add(
            Application(
                f'trap "echo bye; exit 7" USR1; echo > {told}; while :; do sleep 0.01; done',
                stop_signal="USR1",
            ),
            on=node,
        )
        stubborn = stage.add(
            Application(
                f'trap "" USR1 TERM; echo > {told}; while :; do sleep 0.01; done',
                stop_signal="USR1",
                grace="50 ms",
            ),
            on=node,
        )
        for made in (polite, stubborn):
            await begin(made)
            await asyncio.to_thread(told.read_text)
            await made.do_stop()
            await made.finished()
        assert (polite.directory / "stdout").read_text() == "bye\n"
        assert polite.exit_code == 7
        assert stubborn.result is not None
        assert stubborn.result.signal == 9

    play(scenario)


def test_it_may_be_started_again(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        made = stage.add(Application("echo once; sleep 60"), on=node)
        await made.do_deploy()
        for _ in range(2):
            await made.do_start()
            await made.do_stop()
        await made.do_start()
        await made.do_release()
        assert made.result is not None

    play(scenario)


def test_nothing_to_run_ends_at_once(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        made = stage.add(Application(" ", files={"a": "b"}), on=node)
        await complete(made)
        await made.do_stop()
        await made.do_release()
        assert (made.directory / "a").read_text() == "b"
        assert made.exit_code is None

    play(scenario)


def test_limits_priority_and_cores(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        core = min(os.sched_getaffinity(0))
        made = stage.add(
            Application(
                "ulimit -n; ulimit -v; ulimit -t; ulimit -p; nice; taskset -cp $$",
                open_files_limit=123,
                memory_limit="1 GiB",
                cpu_time_limit="2.5 s",
                process_limit=4000,
                nice=5,
                affinity=[core],
            ),
            on=node,
        )
        await complete(made)
        *limits, cores = (made.directory / "stdout").read_text().split("\n")[:-1]
        assert limits == ["123", str(1 << 20), "3", "4000", "5"]
        assert cores.endswith(f": {core}")

    play(scenario)


def test_a_limit_that_is_reached_is_told(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        made = stage.add(
            Application(["sh", "-c", "head -c 9000 /dev/zero > big"], file_size_limit="4 KiB"),
            on=node,
        )
        with pytest.raises(ApplicationFailedError, match=r"SIGXFSZ|exit code 1"):
            await complete(made)

    play(scenario)


def test_tear_down_is_run_when_it_is_released(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        made = stage.add(Application("true", tear_down="echo gone > told"), on=node)
        bad = stage.add(Application("true", tear_down="echo stuck >&2; false"), on=node)
        never = stage.add(Application("true", tear_down="false"), on=node)
        await complete(made)
        await complete(bad)
        await made.do_release()
        await never.do_release()
        assert (made.directory / "told").read_text() == "gone\n"
        with pytest.raises(TearDownError, match="tear_down: exit code 1: stuck"):
            await bad.do_release()

    play(scenario)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["nosuchprogram"], r"'a': there is no command nosuchprogram in PATH \(.*/bin.*install it"),
        ("nosuchprogram -v | cat", r"no command nosuchprogram in PATH \(.*/bin"),
        ("A=1 nosuchprogram", "no command nosuchprogram"),
        ("./missing.sh", r"no command \./missing.sh: install it"),
        ("/nowhere/nping", "no command /nowhere/nping: apt install nmap"),
        (["cd", "/"], "no command cd"),
    ],
)
def test_a_command_that_does_not_exist_fails_in_deploy(
    play: Play, command: str | list[str], message: str
) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        made = stage.add(Application(command, name="a"), on=node)
        with pytest.raises(CommandNotFoundError, match=message):
            await made.do_deploy()

    play(scenario)


def test_a_known_tool_that_is_missing_names_its_package(play: Play, tmp_path: Path) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        made = stage.add(Application("iperf3 -s", env={"PATH": str(tmp_path)}), on=node)
        with pytest.raises(
            CommandNotFoundError, match=rf"iperf3 in PATH \({tmp_path}\): apt install iperf3"
        ):
            await made.do_deploy()

    play(scenario)


def test_a_command_that_is_not_executable_fails_in_deploy(play: Play, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")

    async def scenario(stage: Stage, node: Node) -> None:
        for command, env in (
            (["./tool"], {}),
            (str(tmp_path / "data"), {}),
            (["data"], {"PATH": str(tmp_path)}),
            ([str(tmp_path)], {}),
        ):
            made = stage.add(Application(command, env=env, files={"tool": "x"}), on=node)
            with pytest.raises(NotExecutableError, match=r"is not executable: chmod \+x it"):
                await made.do_deploy()

    play(scenario)


@pytest.mark.parametrize(
    "command",
    ["cd /; true", "if true; then :; fi", "(true)", '"$0" -c true', "A='b c' true", ": x"],
)
def test_what_only_a_shell_knows_is_left_to_the_shell(play: Play, command: str) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        await complete(stage.add(Application(command), on=node))

    play(scenario)


def test_missing_sources_fail_in_deploy(play: Play, tmp_path: Path) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        files = stage.add(Application("true", name="a", files=[tmp_path / "none"]), on=node)
        stdin = stage.add(Application("true", name="b", stdin=tmp_path / "none"), on=node)
        with pytest.raises(MissingFileError, match=r"'a': files: there is no .*none"):
            await files.do_deploy()
        with pytest.raises(MissingFileError, match=r"'b': stdin: there is no .*none"):
            await stdin.do_deploy()

    play(scenario)


def test_many_travel_together_and_fail_alone(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        made = [stage.add(Application(f"echo {n}"), on=node) for n in range(20)]
        made[7].working_directory = "gone"
        lost = stage.add(Application(["nosuchprogram"]), on=node)
        assert len({each.batch_key() for each in made}) == 1
        problems = await Application.do_deploy_many([*made, lost])
        assert [p is None for p in problems] == [True] * 20 + [False]
        problems = await Application.do_start_many(made)
        assert [n for n, problem in enumerate(problems) if problem] == [7]
        for n, each in enumerate(made):
            if n != 7:
                await each.finished()
                assert (each.directory / "stdout").read_text() == f"{n}\n"

    play(scenario)


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("command", [], "begin with a program"),
        ("command", [""], "begin with a program"),
        ("env", {"A=B": "c"}, "not the name of an environment variable"),
        ("env", {"": "c"}, "not the name"),
        ("sudo", True, "sudo comes with a later release"),
        ("files", {"../a": "b"}, "does not stay in the folder"),
        ("files", {"/a": "b"}, "does not stay in the folder"),
        ("files", {"": "b"}, "does not stay in the folder"),
        ("files", ["a/x", "b/x"], "x is there twice"),
        ("nice", 20, "at most 19"),
        ("memory_limit", "-1 B", "more than 0"),
        ("affinity", [-1], "at least 0"),
        ("stop_signal", "INTT", "did you mean 'INT'"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    attribute: str, value: object, message: str
) -> None:
    with pytest.raises(InvalidValueError, match=message):
        Application.draft(**{attribute: value})


def test_what_scripts_of_nepi_set(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("x")
    made = Application.draft()
    for name, value in {
        "command": "cat",
        "env": "A=1 B=2",
        "stdin": str(tmp_path / "input"),
        "files": f"{tmp_path}/input;{tmp_path}/other",
        "tearDown": "true",
        "sudo": False,
    }.items():
        made.set_classic(name, value)
    assert made.env == {"A": "1", "B": "2"}
    assert made.stdin == tmp_path / "input"
    text = Application.draft()
    text.set_classic("stdin", "just text")
    assert text.stdin == "just text"
    assert made.files == (tmp_path / "input", tmp_path / "other")


def test_a_machine_that_is_elsewhere_gets_what_it_reads_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("from a file")

    async def scenario() -> None:
        stage = Stage(folder=tmp_path / "run")
        machine = fake_machine(stage)
        for given, printed in ((tmp_path / "input", "from a file"), ("x" * 2_000_000, "x")):
            made = stage.add(Application(["cat"], stdin=given, collect=["stdout"]), on=machine)
            await complete(made)
            assert (made.directory / "stdout").read_text().startswith(printed)
            assert made.batch_key() == id(machine)

    run_virtual(scenario())


def test_a_machine_that_cannot_be_asked_is_a_problem_of_each(tmp_path: Path) -> None:
    async def scenario() -> None:
        stage = Stage(folder=tmp_path)
        machine = fake_machine(stage)
        made = stage.add(Application(["nosuchprogram"]), on=machine)
        with pytest.raises(CommandNotFoundError, match="command /bin/sh not found"):
            await made.do_deploy()

    run_virtual(scenario())


def test_a_path_of_its_own_is_looked_through(play: Play, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("#!/bin/sh\necho mine")
    (tmp_path / "mine").chmod(0o755)

    async def scenario(stage: Stage, node: Node) -> None:
        made = stage.add(Application(["mine"], env={"PATH": f"/nowhere:{tmp_path}"}), on=node)
        await made.do_deploy()

    play(scenario)
