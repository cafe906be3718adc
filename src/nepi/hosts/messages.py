# SPDX-License-Identifier: BSD-3-Clause
"""What is asked and answered, between the types of this package and the fields that travel."""

from collections.abc import Mapping, Sequence
from ipaddress import ip_interface
from pathlib import PurePath
from typing import Any, cast

import attrs

from nepi.agent.codec import BLOCK, Header
from nepi.hosts.errors import RequestError
from nepi.hosts.files import FileInfo
from nepi.hosts.host import Address, Facts
from nepi.hosts.job import PIPE, STDOUT, Completed, Exit, Job, Stopped

__all__ = [
    "BLOCK",
    "addresses_of",
    "completed_of",
    "exit_of",
    "facts_of",
    "info_of",
    "of_command",
    "of_job",
    "stopped_of",
]

MAX_STDIN = 8 << 20
_FACTS = tuple(field.name for field in attrs.fields(Facts))


def of_job(job: Job) -> tuple[dict[str, Any], bytes]:
    """The fields of a spawn request, and its blob."""
    fields: dict[str, Any] = {"argv": list(job.argv), "env": dict(job.env), "grace": job.grace}
    for name, path in (("cwd", job.cwd), ("stdout", job.stdout)):
        if path is not None:
            fields[name] = str(path)
    if job.stderr is STDOUT:
        fields["merge"] = True
    elif job.stderr is not None:
        fields["stderr"] = str(job.stderr)
    if limits := job.limits.given():
        fields["limits"] = limits
    rest: dict[str, Any] = {
        "affinity": sorted(job.affinity),
        "nice": job.nice,
        "output_limit": job.output_limit,
        "step": job.step,
    }
    fields.update({name: value for name, value in rest.items() if value})
    return _with_stdin(job, fields)


def _with_stdin(job: Job, fields: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    if job.stdin is None:
        return fields, b""
    if job.stdin is PIPE:
        return {**fields, "stdin": "pipe"}, b""
    if isinstance(job.stdin, bytes):
        if len(job.stdin) > MAX_STDIN:
            raise RequestError(
                f"{len(job.stdin)} bytes are too many to be a job's stdin; put them into a file"
            )
        return {**fields, "stdin": "bytes"}, job.stdin
    return {**fields, "stdin": "file", "input": str(job.stdin)}, b""


def of_command(
    argv: Sequence[str | PurePath],
    *,
    timeout: float | None,
    env: Mapping[str, str] | None,
    cwd: PurePath | None,
) -> dict[str, Any]:
    """The fields of a run request."""
    fields: dict[str, Any] = {"argv": list(Job(argv).argv)}
    if timeout is not None:
        fields["timeout"] = timeout
    if env:
        fields["env"] = dict(env)
    if cwd is not None:
        fields["cwd"] = str(cwd)
    return fields


def exit_of(record: Header) -> Exit:
    """The exit that an agent, or a launcher in shell, recorded."""
    known = {name: record[name] for name in attrs.fields_dict(Exit) if name in record}
    return Exit(**cast(dict[str, Any], known))


def completed_of(header: Header, blob: bytes) -> Completed:
    """The answer to a run request."""
    split = cast(int, header["split"])
    return Completed(exit_of(cast(Header, header["exit"])), blob[:split], blob[split:])


def stopped_of(header: Header) -> Stopped:
    """The answer to a stop request."""
    known = {name: cast(list[int], header.get(name, [])) for name in attrs.fields_dict(Stopped)}
    return Stopped(**{name: tuple(pids) for name, pids in known.items()})


def info_of(header: Header) -> FileInfo:
    """What an agent says of a file."""
    known = {name: header[name] for name in attrs.fields_dict(FileInfo)}
    return FileInfo(**cast(dict[str, Any], known))


def facts_of(header: Header) -> Facts:
    """What an agent says of its machine."""
    return Facts(**{name: cast(Any, header[name]) for name in _FACTS})


def addresses_of(header: Header) -> list[Address]:
    """What an agent says of its machine's interfaces."""
    entries = cast(list[dict[str, str]], header["addresses"])
    return [Address(one["interface"], ip_interface(one["address"])) for one in entries]
