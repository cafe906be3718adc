# SPDX-License-Identifier: BSD-3-Clause
"""`linux::Application`: a command that runs on a host, whatever kind of host that is."""

import asyncio
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePath, PurePosixPath
from signal import Signals
from typing import ClassVar

from attrs import AttrsInstance

from nepi.backends.linux import inputs
from nepi.backends.linux.ending import Ending, ending, failure, last_words
from nepi.backends.linux.finding import Wanted, find_all
from nepi.backends.linux.settings import Settings
from nepi.hosts import STDOUT, Exit, HostError, Job, Limits, MissingFileError, Process
from nepi.resource import internal, resource

SHELL = "/bin/sh"
LARGE = 1 << 20  # more bytes of stdin than this travel as a file of their own

Problem = BaseException | None


class TearDownError(HostError):
    """The command that was to clean up failed."""


@resource("linux::Application", aliases=("LinuxApplication",))
class Application(Settings):
    """Run a command until it ends, or the experiment stops it.

    It runs on the host that it is connected to, in a folder of its own. An exit code that is not
    expected makes it FAILED; being stopped does not.
    """

    record_types: ClassVar[tuple[type[AttrsInstance], ...]] = (Ending,)

    _process: Process | None = internal(default=None)
    _over: "asyncio.Task[Exit] | None" = internal(default=None)
    _result: Ending | None = internal(default=None)
    _stopping: bool = internal(default=False)
    _deployed: bool = internal(default=False)
    _starts: int = internal(default=0)

    # -- for users ------------------------------------------------------------------------------

    @property
    def result(self) -> Ending | None:
        """How it ended; None until it has."""
        return self._result

    @property
    def exit_code(self) -> int | None:
        """What it returned; None until it has ended, and where a signal ended it."""
        return self._result.exit_code if self._result else None

    def records(self) -> Iterable[AttrsInstance]:
        return (self._result,) if self._result else ()

    # -- for types that build on this one -------------------------------------------------------

    def argv(self) -> Sequence[str]:
        """Return the program and its arguments; empty: there is nothing to run."""
        if isinstance(self.command, str):
            return (SHELL, "-c", self.command) if self.command.strip() else ()
        return self.command

    def program(self) -> str | Sequence[str]:
        """Return what is run, a text where a shell runs it."""
        return self.command if isinstance(self.command, str) and self.command else self.argv()

    def environment(self) -> Mapping[str, str]:
        """Return what is added to the environment."""
        return self.env

    def expects(self, how: Exit) -> bool:
        """Say whether this is how it was meant to end."""
        if how.code is None and how.signal is None:
            return False
        code = how.code if how.code is not None else -(how.signal or 0)
        expected = self.expected_exit
        return code in ((expected,) if isinstance(expected, int) else expected)

    def began(self, process: Process) -> None:
        """It has been started: called once a start."""

    async def ended(self, process: Process) -> None:
        """Its process is over: called once a start."""

    # -- its life -------------------------------------------------------------------------------

    def batch_key(self) -> Hashable:
        return id(self.host)

    @classmethod
    async def do_deploy_many(cls, members: "Sequence[Application]") -> Sequence[Problem]:
        """Put the files of all in place, then look for their commands, all on one host."""
        problems: list[Problem] = await asyncio.gather(
            *(each._prepare() for each in members),  # noqa: SLF001 - its own class, here and below
            return_exceptions=True,
        )
        ready = [n for n, each in enumerate(members) if problems[n] is None and each.argv()]
        found = await find_all(members[0].host, [members[n]._wanted() for n in ready])  # noqa: SLF001
        for n, problem in zip(ready, found, strict=True):
            problems[n] = problem
        return problems

    async def do_deploy(self) -> None:
        _raise(*await self.do_deploy_many([self]))

    async def _prepare(self) -> None:
        folder, files = self.host.workspace(self), self.host.files
        await files.mkdir(folder)
        self._deployed = True
        await inputs.put_all(self.host, self.files, folder, self.label)
        if self.code:
            await files.put(self.code.encode(), folder / "code", mode=0o755)
        if isinstance(self.stdin, Path) and not self._may_come(self.stdin.expanduser()):
            raise MissingFileError(f"{self.label}: stdin: there is no {self.stdin}")

    def _may_come(self, path: Path) -> bool:
        """Say whether *path* is there, or may be what another resource of this run will make."""
        return path.exists() or path.absolute().is_relative_to(self.directory.parent.absolute())

    def _folder(self) -> PurePosixPath:
        return self.host.workspace(self) / self.working_directory

    def _wanted(self) -> Wanted:
        return Wanted(self.label, self.program(), self.environment(), self._folder())

    @classmethod
    async def do_start_many(cls, members: "Sequence[Application]") -> Sequence[Problem]:
        """Start all in one message to the host that is theirs."""
        asked = (each._job() for each in members)  # noqa: SLF001
        jobs = await asyncio.gather(*asked, return_exceptions=True)
        good = [job for job in jobs if isinstance(job, Job)]
        started = iter(await members[0].host.spawn_many(good) if good else ())
        return [
            each._took(next(started) if isinstance(job, Job) else job)  # noqa: SLF001
            for each, job in zip(members, jobs, strict=True)
        ]

    async def do_start(self) -> None:
        _raise(*await self.do_start_many([self]))

    def _took(self, started: Process | BaseException | None) -> Problem:
        """Note what came of a start."""
        if isinstance(started, BaseException):
            return started
        self._process, self._over, self._stopping = started, None, False
        self._starts += 1
        if started is not None:
            self.began(started)
        return None

    async def _job(self) -> Job | None:
        """Return all that has to be known to start it; None: nothing is to be started."""
        argv = self.argv()
        if not argv:
            return None
        return Job(
            argv,
            env=self.environment(),
            cwd=self._folder(),
            stdin=await self._input(),
            stdout=self._trace_path("stdout"),
            stderr=STDOUT if self.merge_stderr else self._trace_path("stderr"),
            limits=self._limits(),
            affinity=frozenset(self.affinity),
            nice=self.nice,
            grace=self.grace,
            output_limit=self.output_limit,
            # A start that is tried again, not knowing whether it was done, is done once.
            step=f"start {self.guid} {self._starts}",
        )

    def _trace_path(self, name: str) -> PurePosixPath | None:
        file = self.traces()[name]
        return None if file is None else self.host.workspace(self) / file

    async def _input(self) -> bytes | PurePath | None:
        """Bring what it reads to its host: little of it with the command, else as a file."""
        given = self.stdin.encode() if isinstance(self.stdin, str) else self.stdin
        if given is None or (isinstance(given, bytes) and len(given) <= LARGE):
            return given
        folder = self.host.workspace(self)
        if isinstance(given, Path):
            given = given.expanduser().absolute()
            # Where its folder is our own, so are its files; and who names a device means theirs.
            if folder == PurePosixPath(self.directory) or not given.is_file():
                return given
        await self.host.files.put(given, folder / "stdin")
        return folder / "stdin"

    def _limits(self) -> Limits:
        seconds = self.cpu_time_limit
        return Limits(
            memory=self.memory_limit,
            cpu_seconds=None if seconds is None else math.ceil(seconds),
            open_files=self.open_files_limit,
            processes=self.process_limit,
            file_size=self.file_size_limit,
        )

    async def finished(self) -> None:
        """Return when it has ended as it was meant to, or was stopped; else raise."""
        if self._process is None:
            return
        how = await asyncio.shield(self._conclusion(self._process))
        if not (self._stopping or self.expects(how)):
            words = "stdout" if self.merge_stderr else "stderr"
            said = await last_words(self.host, self._trace_path(words))
            raise failure(self.label, how, said)

    def _conclusion(self, process: Process) -> "asyncio.Task[Exit]":
        """Return what goes on at its end, once a start however many wait for it."""
        if self._over is None:
            self._over = asyncio.create_task(self._conclude(process))
        return self._over

    async def _conclude(self, process: Process) -> Exit:
        how = await process.wait()
        self._result = ending(how, stopped=self._stopping)
        await self.ended(process)
        try:
            await inputs.collect(
                self.host, self.collect, self._folder(), self.directory, self.label
            )
        except MissingFileError:
            # Who is stopped early, or has failed, need not have written everything.
            if not self._stopping and self.expects(how):
                raise
        return how

    async def do_stop(self) -> None:
        if self._process is not None:
            await self._end(self._process)
            await asyncio.shield(self._conclusion(self._process))

    async def _end(self, process: Process) -> None:
        """Ask it to end, and make it."""
        self._stopping = self._stopping or process.exit is None
        if self.stop_signal != "TERM" and process.exit is None:
            await process.signal(Signals[f"SIG{self.stop_signal}"])
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self.grace)
        await process.stop(self.grace)

    async def do_release(self) -> None:
        if self._process is not None and self._process.exit is None:
            await self._end(self._process)
        if self._deployed and self.tear_down:
            done = await self.host.run([SHELL, "-c", self.tear_down], cwd=self._folder())
            if not done.ok:
                words = done.stderr.decode("utf-8", "replace").strip()
                raise TearDownError(f"{self.label}: tear_down: {done.exit}: {words}")


def _raise(problem: Problem) -> None:
    if problem is not None:
        raise problem
