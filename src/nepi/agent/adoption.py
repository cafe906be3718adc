# SPDX-License-Identifier: BSD-3-Clause
"""What becomes of jobs whose agent, or whose keeper, was killed: nothing, if it can be helped."""

from __future__ import annotations

import json
import os
from typing import cast

from nepi.agent import directory, exits, processes, syscalls
from nepi.agent.codec import Header
from nepi.agent.job import Job
from nepi.agent.jobs import Jobs
from nepi.agent.loop import READ, Loop


def adopt(jobs: Jobs) -> None:
    """Takes over what an earlier agent of this directory began."""
    for name in directory.job_names(jobs.path):
        jobs.last = max(jobs.last, int(name))
        folder = f"{jobs.path}/jobs/{name}"
        try:
            command = cast(Header, json.loads(directory.read(f"{folder}/cmd")))
        except ValueError:
            # The agent died before it had begun anything.
            directory.remove(folder)
            continue
        jobs.add(_known(jobs, Job.of_request(jobs.path, name, command), command))


def _known(jobs: Jobs, job: Job, command: Header) -> Job:
    identity = directory.parse_identity(directory.read(f"{job.directory}/pid"))
    if identity is not None:
        job.pid, job.start, _, job.began = identity
    job.exit = directory.read_exit(job.directory)
    if job.exit is not None:
        return job
    if identity is None:
        # It had not begun, or had ended before the keeper could find it.
        job.exit = exits.lost(job.began)
        directory.write_exit(job.directory, job.exit)
    else:
        # It lived when the keeper looked; of its end, if it comes, the keeper tells.
        jobs.inputs.resume(job)
        jobs.limit_output(job, command)
    return job


def watch_without_keeper(loop: Loop, jobs: Jobs) -> None:
    """Adopted jobs have lost the one who would tell their exit codes; their end is still seen."""
    for job in list(jobs.living.values()):
        found = processes.stat(job.pid)
        if found is None or found.parent != os.getpid():
            _watch_end(loop, jobs, job)


def _watch_end(loop: Loop, jobs: Jobs, job: Job) -> None:
    try:
        descriptor = syscalls.pidfd_open(job.pid)
    except OSError:
        jobs.ended(job.pid, exits.lost(job.began))
        return

    def gone(_mask: int) -> None:
        loop.unwatch(descriptor)
        os.close(descriptor)
        jobs.ended(job.pid, exits.lost(job.began))

    loop.watch(descriptor, READ, gone)
