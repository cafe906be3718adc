# SPDX-License-Identifier: BSD-3-Clause
"""Starts one process: in its own session, with its files, or says at once why it cannot be.

Without limits it is posix_spawn: 0.8 ms, however large the agent has grown. With limits, priority
or cores it is fork, because these must hold before the first instruction of the command.
"""

from __future__ import annotations

import errno
import functools
import os
import resource
import signal
import stat
from collections.abc import Callable, Iterator

from nepi.agent import syscalls
from nepi.agent.errors import AgentError, Code

# What Python ignores, and what a shell may have made us ignore: a command starts with defaults.
_DEFAULTED = [
    signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM,
    signal.SIGCHLD,
]  # fmt: skip
LIMITS = {
    "memory": resource.RLIMIT_AS,
    "cpu_seconds": resource.RLIMIT_CPU,
    "open_files": resource.RLIMIT_NOFILE,
    "processes": resource.RLIMIT_NPROC,
    "file_size": resource.RLIMIT_FSIZE,
    "core_size": resource.RLIMIT_CORE,
    "stack": resource.RLIMIT_STACK,
}
HOME = "/"


class Descriptors:
    """How many descriptors we may have, and how many a command may: as many as before us."""

    def __init__(self) -> None:
        self._before = self._now = resource.getrlimit(resource.RLIMIT_NOFILE)

    def raise_limit(self) -> None:
        """As many as this user may have; a privileged one may have what the kernel allows."""
        hard = self._before[1]
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (_MANY, max(_MANY, hard)))
        except (ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self._now = resource.getrlimit(resource.RLIMIT_NOFILE)

    def lower(self) -> None:
        """For the child that is about to begin: programs that try them all would take long."""
        if self._now != self._before:
            resource.setrlimit(resource.RLIMIT_NOFILE, (self._before[0], self._now[1]))

    def restore(self) -> None:
        if self._now != self._before:
            resource.setrlimit(resource.RLIMIT_NOFILE, self._now)


_MANY = 1 << 20
_DESCRIPTORS = Descriptors()
raise_descriptor_limit = _DESCRIPTORS.raise_limit


class Start:
    """What to start: everything resolved, descriptors open."""

    __slots__ = ("affinity", "argv", "cwd", "environment", "files", "limits", "nice")

    def __init__(self, argv: list[str], environment: dict[str, str], cwd: str) -> None:
        self.argv = argv
        self.environment = environment
        self.cwd = cwd
        self.files: tuple[int, int, int] = (0, 1, 2)
        self.limits: dict[str, int] = {}
        self.affinity: frozenset[int] = frozenset()
        self.nice = 0


def start(what: Start) -> int:
    """The number of the new process; AgentError names what was wrong with the command."""
    program = find(what.argv[0], what.environment.get("PATH", os.defpath), what.cwd)
    plain = not (what.limits or what.affinity or what.nice)
    # This process has one thread, so that its working directory may be borrowed for the child.
    _enter(what.cwd)
    _DESCRIPTORS.lower()
    try:
        if plain and hasattr(os, "posix_spawn"):
            return _spawn(program, what)
        return _fork(program, what)
    finally:
        _DESCRIPTORS.restore()
        if what.cwd != HOME:
            os.chdir(HOME)


def _enter(cwd: str) -> None:
    if cwd == HOME:
        return
    try:
        os.chdir(cwd)
    except OSError as error:
        raise AgentError(
            Code.MISSING_DIRECTORY,
            f"cannot use {cwd} as working directory: {os.strerror(error.errno or 0)};"
            " make it first",
        ) from error


def find(name: str, path: str, cwd: str) -> str:
    """The file of a command, looked for as a shell would."""
    if not name or "\0" in name:
        raise AgentError(Code.COMMAND_NOT_FOUND, f"{name!r} is no command")
    folders = [""] if "/" in name else path.split(os.pathsep)
    blocked = ""
    for folder in folders:
        candidate = os.path.join(cwd, folder, name)
        kind = _kind(candidate)
        if kind == "program":
            return candidate
        blocked = blocked or (candidate if kind else "")
    if blocked:
        raise AgentError(
            Code.NOT_EXECUTABLE,
            f"{blocked} is not executable; chmod +x it, or name its interpreter",
        )
    raise AgentError(
        Code.COMMAND_NOT_FOUND,
        f"command {name} not found; install it, or say where it is",
    )


def _kind(candidate: str) -> str:
    try:
        found = os.stat(candidate)
    except OSError:
        return ""
    if stat.S_ISREG(found.st_mode) and os.access(candidate, os.X_OK):
        return "program"
    return "file" if stat.S_ISREG(found.st_mode) else ""


def _spawn(program: str, what: Start) -> int:
    actions = [(os.POSIX_SPAWN_DUP2, source, to) for to, source in enumerate(what.files)]
    try:
        return os.posix_spawn(
            program,
            what.argv,
            what.environment,
            file_actions=actions,
            setsid=True,
            setsigdef=_DEFAULTED,
            setsigmask=[],
        )
    except OSError as error:
        raise _refused(program, error.errno or 0) from error
    except ValueError as error:
        raise AgentError(Code.BAD_REQUEST, f"cannot start {program}: {error}") from error


def _refused(program: str, number: int) -> AgentError:
    if number in (errno.ENOENT, errno.ENOEXEC):
        return AgentError(
            Code.NOT_EXECUTABLE,
            f"{program} cannot be executed: it names no interpreter that is there",
        )
    if number == errno.EACCES:
        return AgentError(Code.NOT_EXECUTABLE, f"{program} may not be executed")
    return AgentError(Code.START_FAILED, f"cannot start {program}: {os.strerror(number)}")


def _fork(program: str, what: Start) -> int:
    """The slow way: the child prepares itself and tells by a pipe if it could not."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    try:
        pid = os.fork()
    except OSError as error:
        os.close(reading)
        os.close(writing)
        raise AgentError(
            Code.START_FAILED, f"cannot start {program}: {os.strerror(error.errno or 0)}"
        ) from error
    if pid == 0:
        _become(program, what, writing)
    os.close(writing)
    with open(reading, "rb") as pipe:
        told = pipe.read()
    if not told:
        return pid
    os.waitpid(pid, 0)
    number, _, stage = told.decode("utf-8").partition(" ")
    if stage == "exec":
        raise _refused(program, int(number))
    raise AgentError(
        Code.START_FAILED, f"cannot set {stage} for {program}: {os.strerror(int(number))}"
    )


def _become(program: str, what: Start, tell: int) -> None:
    """In the child: never returns."""
    stage = "session"
    try:
        os.setsid()
        for to, source in enumerate(what.files):
            os.dup2(source, to)
        signal.set_wakeup_fd(-1)
        for number in _DEFAULTED:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        for name, apply in _preparations(what):
            stage = name
            apply()
        stage = "exec"
        os.execve(program, what.argv, what.environment)
    except BaseException as error:  # noqa: BLE001 - told to the parent, which raises it
        why = (error.errno if isinstance(error, OSError) else None) or errno.EINVAL
        os.write(tell, f"{why} {stage}".encode())
    finally:
        os._exit(127)


def _preparations(what: Start) -> Iterator[tuple[str, Callable[[], object]]]:
    if what.affinity:
        yield "affinity", functools.partial(syscalls.set_affinity, what.affinity)
    if what.nice:
        yield "nice", functools.partial(os.nice, what.nice)
    for name, value in what.limits.items():
        kind = LIMITS[name]
        yield f"limit {name}", functools.partial(_limit, kind, value)


def _limit(kind: int, value: int) -> None:
    hard = resource.getrlimit(kind)[1]
    # XCPU comes first, KILL a second later: the command can say how far it got.
    ceiling = value + 1 if kind == resource.RLIMIT_CPU else value
    if hard != resource.RLIM_INFINITY:
        value, ceiling = min(value, hard), min(ceiling, hard)
    resource.setrlimit(kind, (value, ceiling))
