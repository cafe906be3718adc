# SPDX-License-Identifier: BSD-3-Clause
"""Streams of jobs that controllers follow: pushed as they grow, never far ahead of the reader."""

from __future__ import annotations

from nepi.agent import fields
from nepi.agent.connection import Connection
from nepi.agent.errors import AgentError, Code
from nepi.agent.job import Job
from nepi.agent.jobs import Jobs
from nepi.agent.output import Follow, Growth, Sink
from nepi.agent.steps import Operations, Request

# Output is sent so far ahead of what has been read of it.
_WINDOW = 4 << 20


class Follows:
    """Each belongs to a connection and ends with it, or with its job."""

    def __init__(self, growth: Growth, jobs: Jobs) -> None:
        self._growth = growth
        self._jobs = jobs

    def operations(self) -> Operations:
        """What may be asked here."""
        return {"follow": self._follow, "seen": self._seen, "unfollow": self._unfollow}

    def ended(self, connection: Connection, job: Job) -> None:
        """The job is over: what is in its files by now is all."""
        for key, follow in list(connection.follows.items()):
            if follow.job == job.id:
                self._end(connection, key)

    def _follow(self, request: Request) -> None:
        """Pushes a stream of a job from an offset on, until both are over."""
        job = self._jobs.get(request.header)
        connection = request.connection
        key = fields.whole(request.header, "follow")
        path = job.stream(fields.text(request.header, "stream"))
        offset = fields.whole(request.header, "offset", 0)
        if key in connection.follows:
            raise AgentError(Code.BAD_REQUEST, f"there is a follow {key} already")
        try:
            follow = Follow(self._growth, path, offset, _sink(connection, key))
        except OSError as error:
            raise AgentError(Code.MISSING_FILE, f"cannot follow {path}: {error}") from error
        follow.job = job.id
        connection.follows[key] = follow
        request.answer({})
        follow.pump()
        if job.exit is not None:
            self._end(connection, key)

    def _end(self, connection: Connection, key: int) -> None:
        def ended(offset: int) -> None:
            connection.follows.pop(key, None)
            connection.send({"push": "output-end", "follow": key, "offset": offset})

        connection.follows[key].end(ended)

    def _seen(self, request: Request) -> None:
        """How far a controller has read what it follows."""
        follow = request.connection.follows.get(fields.whole(request.header, "follow"))
        if follow is not None:
            follow.taken = fields.whole(request.header, "offset")
            follow.pump()
        request.answer({})

    def _unfollow(self, request: Request) -> None:
        follow = request.connection.follows.pop(fields.whole(request.header, "follow"), None)
        if follow is not None:
            follow.close()
        request.answer({})


def _sink(connection: Connection, key: int) -> Sink:
    def sink(offset: int, block: bytes) -> bool:
        connection.send({"push": "output", "follow": key, "offset": offset}, block)
        follow = connection.follows.get(key)
        return follow is not None and connection.clear and offset < follow.taken + _WINDOW

    return sink
