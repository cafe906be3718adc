# SPDX-License-Identifier: BSD-3-Clause
"""A process begins as it was asked to, or it is said at once why it cannot. Real processes."""

import os
import resource
import signal
from pathlib import Path

import pytest

from nepi.agent import syscalls
from nepi.agent.errors import AgentError, Code
from nepi.agent.start import Start, start

ENVIRONMENT = {"PATH": os.defpath}


def begun(argv: list[str], cwd: str = "/") -> Start:
    what = Start(argv, dict(ENVIRONMENT), cwd)
    what.files = (0, 1, 2)
    return what


def run(what: Start) -> tuple[int, str]:
    """Its wait status and its output. The working directory of the test is not its own."""
    before = Path.cwd()
    reading, writing = os.pipe2(os.O_CLOEXEC)
    null = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    os.chdir("/")
    try:
        what.files = (null, writing, writing)
        pid = start(what)
    finally:
        os.chdir(before)
        os.close(writing)
        os.close(null)
    with os.fdopen(reading, "rb") as pipe:
        output = pipe.read().decode()
    return os.waitpid(pid, 0)[1], output


def code_of(what: Start) -> str:
    with pytest.raises(AgentError) as caught:
        run(what)
    return caught.value.code


def test_it_leads_its_own_session_and_group() -> None:
    _, output = run(begun(["sh", "-c", "cut -d' ' -f1,5,6 /proc/$$/stat"]))
    pid, group, session = output.split()
    assert pid == group == session


def test_signals_are_as_a_command_expects_them() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        _, output = run(begun(["grep", "-E", "SigIgn|SigBlk", "/proc/self/status"]))
    finally:
        signal.signal(signal.SIGINT, before)
    # Signals 32 and 33 are the C library's own.
    assert [int(word, 16) & ~(3 << 31) for word in output.split()[1::2]] == [0, 0]


def test_the_environment_is_what_was_given() -> None:
    assert run(begun(["env"]))[1] == f"PATH={os.defpath}\n"


def test_it_runs_where_it_should(tmp_path: Path) -> None:
    assert run(begun(["pwd"], str(tmp_path)))[1] == f"{tmp_path}\n"


def test_a_command_is_found_relative_to_its_directory(tmp_path: Path) -> None:
    (tmp_path / "here").write_text("#!/bin/sh\necho found\n")
    (tmp_path / "here").chmod(0o755)
    assert run(begun(["./here"], str(tmp_path)))[1] == "found\n"


@pytest.mark.parametrize("limited", [False, True])
def test_what_cannot_be_started_is_told(tmp_path: Path, limited: bool) -> None:  # noqa: FBT001
    (tmp_path / "plain").write_text("text")
    (tmp_path / "odd").write_text("#!/no/such/interpreter\n")
    (tmp_path / "odd").chmod(0o755)
    (tmp_path / "empty").touch(0o755)

    def asked(name: str, cwd: str = "/") -> Start:
        what = begun([name], cwd)
        what.nice = 1 if limited else 0
        return what

    assert code_of(asked("no-such-command")) == Code.COMMAND_NOT_FOUND
    assert code_of(asked("/no/such/command")) == Code.COMMAND_NOT_FOUND
    assert code_of(asked("")) == Code.COMMAND_NOT_FOUND
    assert code_of(asked("a\0b")) == Code.COMMAND_NOT_FOUND
    assert code_of(asked(str(tmp_path / "plain"))) == Code.NOT_EXECUTABLE
    assert code_of(asked(str(tmp_path / "odd"))) == Code.NOT_EXECUTABLE
    assert code_of(asked(str(tmp_path / "empty"))) == Code.NOT_EXECUTABLE
    assert code_of(asked(str(tmp_path))) == Code.COMMAND_NOT_FOUND
    assert code_of(asked("true", str(tmp_path / "nowhere"))) == Code.MISSING_DIRECTORY
    assert code_of(asked("true", str(tmp_path / "plain"))) == Code.MISSING_DIRECTORY


def test_too_many_arguments_are_told() -> None:
    what = begun(["true", "x" * (1 << 20)])
    assert code_of(what) == Code.START_FAILED


def test_limits_hold_from_the_first_instruction() -> None:
    what = begun(["sh", "-c", "ulimit -v; ulimit -n; ulimit -t; ulimit -Ht; ulimit -c"])
    what.limits = {"memory": 1 << 30, "open_files": 50, "cpu_seconds": 7, "core_size": 0}
    _, output = run(what)
    assert output.split() == [str(1 << 20), "50", "7", "8", "0"]


def test_a_limit_ends_who_crosses_it() -> None:
    what = begun(["sh", "-c", "exec head -c 100000 /dev/zero > /dev/full"])
    what.limits = {"file_size": 10}
    assert os.WIFEXITED(run(what)[0])
    endless = begun(["sh", "-c", "while :; do :; done"])
    endless.limits = {"cpu_seconds": 1}
    assert os.WTERMSIG(run(endless)[0]) == signal.SIGXCPU


def test_cores_and_priority_are_set() -> None:
    core = max(os.sched_getaffinity(0))
    what = begun(["sh", "-c", "nice; grep Cpus_allowed_list /proc/self/status"])
    what.nice = 7
    what.affinity = frozenset({core})
    assert run(what)[1].split() == ["7", "Cpus_allowed_list:", str(core)]


def test_cores_that_are_not_there_are_told() -> None:
    what = begun(["true"])
    what.affinity = frozenset({1000})
    with pytest.raises(AgentError, match="affinity") as caught:
        run(what)
    assert caught.value.code == Code.START_FAILED


def test_the_way_without_posix_spawn_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_spawn")
    monkeypatch.delattr(os, "sched_setaffinity")
    what = begun(["sh", "-c", "cut -d' ' -f1,5,6 /proc/$$/stat; exit 3"])
    what.affinity = frozenset({min(os.sched_getaffinity(0))})
    status, output = run(what)
    assert os.WEXITSTATUS(status) == 3
    assert len(set(output.split())) == 1


def test_a_pidfd_is_had_where_python_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open")
    monkeypatch.delattr(signal, "pidfd_send_signal")
    pid = os.posix_spawn("/bin/sleep", ["sleep", "1000"], ENVIRONMENT)
    descriptor = syscalls.pidfd_open(pid)
    assert not os.get_inheritable(descriptor)
    syscalls.pidfd_send_signal(descriptor, signal.SIGTERM)
    assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        syscalls.pidfd_send_signal(descriptor, signal.SIGTERM)
    os.close(descriptor)


def test_descriptor_limits_of_a_command_are_as_before_us() -> None:
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    assert run(begun(["sh", "-c", "ulimit -n"]))[1] == f"{soft}\n"
