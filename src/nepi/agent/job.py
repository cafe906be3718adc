# SPDX-License-Identifier: BSD-3-Clause
"""One job: a process that was asked for, and what descends from it; what is known of it."""

from __future__ import annotations

import json
from collections.abc import Callable

from nepi.agent import directory, fields
from nepi.agent.codec import Header
from nepi.agent.errors import AgentError, Code
from nepi.agent.output import Ceiling
from nepi.agent.stdin import Pipe

DEFAULT_GRACE = 5.0
# What is noted of a request; of the environment the names alone: values may be secret.
_NOTED = ("argv", "cwd", "stdout", "stderr", "merge", "stdin", "output_limit", "grace", "step")


class Job:
    """Known by its number in the run's agent directory; short commands have none."""

    def __init__(self, number: str, mark: str, folder: str) -> None:
        self.id = number
        self.mark = mark
        self.directory = folder
        self.step = ""
        self.streams: dict[str, str] = {}
        self.pid = 0
        self.start = 0
        self.began = 0.0
        self.grace = DEFAULT_GRACE
        # Why it ended, where that was our doing.
        self.reason = ""
        self.exit: directory.Record | None = None
        self.pipe: Pipe | None = None
        self.ceilings: list[Ceiling] = []
        # Told when its process is over.
        self.heard: list[Callable[[Job], None]] = []

    @classmethod
    def of_request(cls, path: str, number: str, header: Header) -> Job:
        """A job as it is asked for, or as it was noted."""
        job = cls(number, directory.mark(path, number), f"{path}/jobs/{number}")
        job.step = fields.text(header, "step", "")
        job.grace = fields.seconds(header, "grace", DEFAULT_GRACE)
        out = fields.optional_path(header, "stdout") or f"{job.directory}/out"
        err = fields.optional_path(header, "stderr") or f"{job.directory}/err"
        job.streams = {"out": out, "err": out if header.get("merge") else err}
        return job

    def note(self, header: Header) -> None:
        """Writes down what is about to be begun."""
        known = {name: header[name] for name in _NOTED if name in header}
        known["env"] = sorted(fields.mapping(header, "env"))
        directory.note(f"{self.directory}/cmd", json.dumps(known))

    def note_process(self) -> None:
        """Writes down which process it is."""
        text = directory.identity_text(self.pid, self.start, self.began)
        directory.note(f"{self.directory}/pid", text)

    def stream(self, name: str) -> str:
        """The file that `out` or `err` is written to."""
        if name not in self.streams:
            raise AgentError(Code.BAD_REQUEST, f"a job has the streams out and err, not {name}")
        return self.streams[name]

    def described(self) -> Header:
        """What is pushed of it: where it is known, how it ended."""
        return {
            "push": "job",
            "job": self.id,
            "step": self.step,
            "pid": self.pid,
            "start": self.start,
            "exit": self.exit,
        }
