# SPDX-License-Identifier: BSD-3-Clause
"""The jobs of a run on this machine: begun, adopted from an agent that died, ended.

Each has a directory that says all that is known of it, so that the next agent knows it too.
Stopping them is in stopping, what they print is followed in output.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable

from nepi.agent import directory, errors, fields, processes, stdin, syscalls
from nepi.agent.codec import Header
from nepi.agent.errors import AgentError, Code
from nepi.agent.kept import Kept
from nepi.agent.loop import READ, Loop
from nepi.agent.output import Ceiling, Growth
from nepi.agent.start import HOME, LIMITS, Start, start

DEFAULT_GRACE = 5.0
_LIMIT_NAMES = frozenset(LIMITS)


class Job:
    """One process that was asked for, and what descends from it."""

    def __init__(self, number: str, mark: str, folder: str) -> None:
        self.id = number
        self.mark = mark
        self.directory = folder
        self.step = ""
        self.pid = 0
        self.start = 0
        self.began = 0.0
        self.grace = DEFAULT_GRACE
        # Why it ended, where that was our doing.
        self.reason = ""
        self.exit: directory.Record | None = None
        self.pipe: stdin.Pipe | None = None
        self.ceilings: list[Ceiling] = []
        # Told when its process is over.
        self.heard: list[Callable[[Job], None]] = []

    def stream(self, name: str) -> str:
        """The file that `out` or `err` is written to."""
        if name not in ("out", "err"):
            raise AgentError(Code.BAD_REQUEST, f"a job has the streams out and err, not {name}")
        return f"{self.directory}/{name}"


class Jobs:
    """All of them, by id and, while they live, by process number."""

    def __init__(self, loop: Loop, path: str, *, run: str, growth: Growth, kept: Kept) -> None:
        self._loop = loop
        self._path = path
        self._growth = growth
        self._kept = kept
        self._environment = {**os.environ, processes.RUN_MARK: run}
        self._last = 0
        self._by_step: dict[str, Job] = {}
        self.by_id: dict[str, Job] = {}
        self.living: dict[int, Job] = {}

    def get(self, header: Header) -> Job:
        """The job that a request names."""
        name = fields.text(header, "job")
        if name not in self.by_id:
            raise AgentError(Code.NO_SUCH_JOB, f"this run has no job {name} on this machine")
        return self.by_id[name]

    def spawn(self, header: Header, blob: bytes) -> Job:
        """Begins a job; the same step again gives the same job."""
        step = fields.text(header, "step", "")
        if step in self._by_step:
            return self._by_step[step]
        job = self._new()
        job.step = step
        job.grace = fields.seconds(header, "grace", DEFAULT_GRACE)
        try:
            os.mkdir(job.directory, 0o700)
            self._begin(job, header, blob)
        except OSError as error:
            directory.remove(job.directory)
            raise errors.of_file(error, job.directory, "write the job's directory") from error
        except AgentError:
            directory.remove(job.directory)
            raise
        self._add(job)
        return job

    def _new(self) -> Job:
        self._last += 1
        name = str(self._last)
        return Job(name, directory.mark(self._path, name), f"{self._path}/jobs/{name}")

    def _add(self, job: Job) -> None:
        self.by_id[job.id] = job
        if job.step:
            self._by_step[job.step] = job
        if job.exit is None:
            self.living[job.pid] = job

    def launch(self, job: Job, header: Header, files: tuple[int, int, int]) -> None:
        """Starts the process of a job with these files."""
        what = Start(_argv(header), self._marked(job, header), fields.path(header, "cwd", HOME))
        what.files = files
        what.limits = fields.wholes_by_name(header, "limits", _LIMIT_NAMES)
        what.affinity = frozenset(fields.wholes(header, "affinity"))
        what.nice = fields.integer(header, "nice", 0)
        job.began = time.time()
        job.pid = start(what)
        self.living[job.pid] = job

    def _marked(self, job: Job, header: Header) -> dict[str, str]:
        return {
            **self._environment,
            **fields.mapping(header, "env"),
            processes.RUN_MARK: self._environment[processes.RUN_MARK],
            processes.JOB_MARK: job.mark,
        }

    def _begin(self, job: Job, header: Header, blob: bytes) -> None:
        _note_command(job, header)
        opened: list[int] = []
        try:
            files = self._files(job, header, blob, opened)
            self.launch(job, header, files)
        except BaseException:
            if job.pipe is not None:
                job.pipe.abandon()
            raise
        finally:
            for descriptor in opened:
                os.close(descriptor)
        job.start = processes.start_time(job.pid)
        directory.note(
            f"{job.directory}/pid", directory.identity_text(job.pid, job.start, job.began)
        )
        self._limit_output(job, header)

    def _files(
        self, job: Job, header: Header, blob: bytes, opened: list[int]
    ) -> tuple[int, int, int]:
        """Standard input, output and error; all of them are closed here once it runs."""
        reading = self._stdin(job, header, blob)
        opened.append(reading)
        out = _output(job, "out", fields.optional_path(header, "stdout"))
        opened.append(out)
        if header.get("merge"):
            os.symlink("out", job.stream("err"))
            return reading, out, out
        err = _output(job, "err", fields.optional_path(header, "stderr"))
        opened.append(err)
        return reading, out, err

    def _stdin(self, job: Job, header: Header, blob: bytes) -> int:
        kind = fields.text(header, "stdin", "none")
        if kind == "bytes":
            return stdin.of_bytes(blob)
        if kind == "file":
            return stdin.of_file(fields.path(header, "input"))
        if kind == "none":
            return stdin.of_nothing()
        if kind != "pipe":
            raise AgentError(Code.BAD_REQUEST, f"stdin is none, bytes, file or pipe, not {kind}")
        reading, writing = os.pipe2(os.O_CLOEXEC)
        self._kept.keep(f"stdin {job.id}", writing)
        job.pipe = stdin.Pipe(self._loop, writing)
        return reading

    def _limit_output(self, job: Job, header: Header) -> None:
        limit = fields.whole(header, "output_limit", 0)
        if limit:
            names = ["out"] if header.get("merge") else ["out", "err"]
            job.ceilings = [Ceiling(self._growth, job.stream(name), limit) for name in names]

    def close_stdin(self, job: Job) -> None:
        """The end of the input of a job, if it reads any."""
        if job.pipe is not None:
            self._kept.drop(f"stdin {job.id}")
            job.pipe.close()

    def reap(self) -> None:
        """Takes the exit codes of all children that have ended."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.living:
                self.ended(
                    pid, exit_record(status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
                )

    def ended(self, pid: int, record: directory.Record) -> None:
        """The process of a job is over, as we or the keeper saw."""
        job = self.living.pop(pid, None)
        if job is None:
            return
        record["started"] = job.began
        record["reason"] = job.reason or record.get("reason", "")
        job.exit = record
        if job.directory:
            self._settle(job, record)
        heard, job.heard = job.heard, []
        for callback in heard:
            callback(job)

    def _settle(self, job: Job, record: directory.Record) -> None:
        if job.pipe is not None:
            self._kept.drop(f"stdin {job.id}")
            job.pipe.abandon()
        for ceiling in job.ceilings:
            ceiling.close()
        # A full disk must not cost the exit code: who is connected is told all the same.
        try:
            directory.write_exit(job.directory, record)
        except OSError as error:
            os.write(2, f"job {job.id}: {error}\n".encode())

    def forget(self, header: Header) -> None:
        """A job that is over, and its directory, are needed no more."""
        job = self.get(header)
        if job.exit is None:
            raise AgentError(Code.BAD_REQUEST, f"job {job.id} still runs; stop it first")
        del self.by_id[job.id]
        self._by_step.pop(job.step, None)
        directory.remove(job.directory)

    def adopt(self) -> None:
        """Takes over what an earlier agent of this directory began."""
        for name in directory.job_names(self._path):
            self._last = max(self._last, int(name))
            job = self._known(name)
            if job is not None:
                self._add(job)

    def _known(self, name: str) -> Job | None:
        folder = f"{self._path}/jobs/{name}"
        job = Job(name, directory.mark(self._path, name), folder)
        try:
            command: Header = json.loads(directory.read(f"{folder}/cmd"))
        except ValueError:
            # The agent died before it had begun anything.
            directory.remove(folder)
            return None
        job.step = fields.text(command, "step", "")
        job.grace = fields.seconds(command, "grace", DEFAULT_GRACE)
        identity = directory.parse_identity(directory.read(f"{folder}/pid"))
        if identity is not None:
            job.pid, job.start, _, job.began = identity
        job.exit = directory.read_exit(folder)
        if job.exit is None and not self._resume(job, command):
            job.exit = lost(job.began)
            directory.write_exit(folder, job.exit)
        return job

    def _resume(self, job: Job, command: Header) -> bool:
        """Whether its process still lives; then its input and its limits are ours again."""
        # The keeper reaps it, also if it died meanwhile: a zombie's exit is on its way.
        found = processes.stat(job.pid)
        if found is None or found.start != job.start:
            return False
        writing = self._kept.held.get(f"stdin {job.id}")
        if writing is not None:
            job.pipe = stdin.Pipe(self._loop, writing)
        self._limit_output(job, command)
        return True

    def watch_orphans(self) -> None:
        """The keeper is gone: nobody will see the exit codes of adopted jobs, but their end."""
        for job in list(self.living.values()):
            if (found := processes.stat(job.pid)) is None or found.parent != os.getpid():
                self._watch_end(job)

    def _watch_end(self, job: Job) -> None:
        try:
            descriptor = syscalls.pidfd_open(job.pid)
        except OSError:
            self.ended(job.pid, lost(job.began))
            return

        def gone(_mask: int) -> None:
            self._loop.unwatch(descriptor)
            os.close(descriptor)
            self.ended(job.pid, lost(job.began))

        self._loop.watch(descriptor, READ, gone)


def exit_record(status: int, cpu: float, peak_kib: int) -> directory.Record:
    """What wait4 said, as it is kept and sent."""
    killed = os.WIFSIGNALED(status)
    return {
        "code": None if killed else os.WEXITSTATUS(status),
        "signal": os.WTERMSIG(status) if killed else None,
        "ended": time.time(),
        "cpu_seconds": round(cpu, 6),
        "max_rss": peak_kib << 10,
        "reason": "",
    }


def lost(began: float) -> directory.Record:
    """The record of an end that nobody saw."""
    return {
        "code": None, "signal": None, "started": began, "ended": time.time(),
        "cpu_seconds": 0.0, "max_rss": 0, "reason": "lost",
    }  # fmt: skip


def _argv(header: Header) -> list[str]:
    argv = fields.texts(header, "argv")
    if not argv:
        raise AgentError(Code.BAD_REQUEST, "a job needs a command")
    return argv


def _note_command(job: Job, header: Header) -> None:
    """What is about to be begun; of the environment the names alone: values may be secret."""
    known = {
        name: header[name]
        for name in ("argv", "cwd", "stdout", "stderr", "merge", "stdin", "output_limit")
        if name in header
    }
    known.update(env=sorted(fields.mapping(header, "env")), step=job.step, grace=job.grace)
    directory.note(f"{job.directory}/cmd", json.dumps(known))


def _output(job: Job, stream: str, wanted: str | None) -> int:
    """The descriptor of one output; the directory holds the file, or a link to it."""
    path = job.stream(stream)
    if wanted is not None:
        os.symlink(wanted, path)
        path = wanted
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY
    try:
        try:
            return os.open(path, flags, 0o666)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            return os.open(path, flags, 0o666)
    except OSError as error:
        raise errors.of_file(error, path, "write") from error
