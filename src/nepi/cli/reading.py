# SPDX-License-Identifier: BSD-3-Clause
"""`nepi logs`: prints what a resource of a run wrote, and goes on while the run lives."""

import fcntl
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

from nepi.cli import output
from nepi.cli.past import progress_of
from nepi.cli.verbs import CommandLineError
from nepi.resource.errors import nearest
from nepi.runtime.directory import RunDirectory
from nepi.runtime.finding import find
from nepi.runtime.following import Follower
from nepi.runtime.traces import TraceFile, traces

STANDARD = ("stdout", "stderr")


def logs(text: str, resource: str, *, trace: str | None = None, follow: bool = False) -> None:
    """Print the traces of *resource* in the run that *text* names."""
    run = RunDirectory.open(find(text).directory)
    chosen = _chosen(_folder(run, resource), trace, resource)
    if follow:
        _follow([one.follow() for one in chosen], run)
        return
    for one in chosen:
        if one.exists:
            for block in one.blocks():
                output.write(1, block)


def _folder(run: RunDirectory, resource: str) -> Path:
    items = progress_of(run).items.values()
    folders = {item.name: run.resource_path(item.name, item.guid) for item in items}
    if resource not in folders:
        hint = nearest(resource, folders)
        raise CommandLineError(f"run {run.run_id} has no resource {resource!r}; {hint}")
    return folders[resource]


def _chosen(folder: Path, name: str | None, resource: str) -> Sequence[TraceFile]:
    """The standard traces where there are any, else all; or the one that is called *name*."""
    there = {one.name: one for one in traces(folder)}
    if name is not None:
        if name not in there:
            raise CommandLineError(f"{resource} has left no {name!r}; {nearest(name, there)}")
        return [there[name]]
    return [there[one] for one in STANDARD if one in there] or list(there.values())


def _follow(followers: Sequence[Follower], run: RunDirectory) -> None:
    """Print what comes until the run is no longer living."""
    Thread(target=_finish_at_end, args=[followers, run], daemon=True).start()
    printing = [Thread(target=_print, args=[one], daemon=True) for one in followers]
    for thread in printing:
        thread.start()
    for thread in printing:
        thread.join()


def _print(follower: Follower) -> None:
    for block in follower:
        output.write(1, block)


def _finish_at_end(followers: Sequence[Follower], run: RunDirectory) -> None:
    """The lock of a run is free as soon as its controller is gone, however it went."""
    with run.lock.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        fcntl.flock(lock, fcntl.LOCK_UN)
    for follower in followers:
        follower.finish()
