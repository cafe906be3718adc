# SPDX-License-Identifier: BSD-3-Clause
"""Which run a user means, by whatever it was named; runs.py knows which there are."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from nepi.runtime.directory import LAST, RunDirectoryError
from nepi.runtime.runs import RunEntry, RunsError, entry_of, runs

SHOWN = 6


class UnknownRunError(RunsError):
    """No run is named so; the message names the nearest."""


class AmbiguousRunError(RunsError):
    """Several runs are meant by this; the message names them."""


def find(text: str) -> RunEntry:
    """Return the run meant by its id, the beginning of one, "last", an experiment or a path."""
    entries = runs()
    if not text:
        raise UnknownRunError(f'name a run: its id, "{LAST}", an experiment or a directory')
    if text == LAST:
        return _latest(entries, text)
    exactly = [entry for entry in entries if entry.run_id == text]
    if exactly:
        return _only(exactly, text)
    of_experiment = [entry for entry in entries if entry.exp_id == text]
    if of_experiment:
        return of_experiment[-1]
    begun = [entry for entry in entries if entry.run_id.startswith(text)]
    if begun:
        return _only(begun, text)
    return _in_directory(text, entries)


def _latest(entries: Sequence[RunEntry], text: str) -> RunEntry:
    if not entries:
        raise UnknownRunError(f'there is no "{text}" run: none was made yet')
    return entries[-1]


def _only(matches: Sequence[RunEntry], text: str) -> RunEntry:
    if len(matches) == 1:
        return matches[0]
    raise AmbiguousRunError(
        f"{text!r} may be any of {len(matches)} runs, name more of the id or the directory:\n"
        + _list(matches)
    )


def _in_directory(text: str, entries: Sequence[RunEntry]) -> RunEntry:
    path = Path(text).expanduser()
    if "\0" in text or not path.is_dir():
        raise _unknown(text, entries)
    try:
        return entry_of(path.resolve())
    except (RunDirectoryError, ValueError) as error:
        raise UnknownRunError(f"{path} is not the directory of a run: {error}") from error


def _unknown(text: str, entries: Sequence[RunEntry]) -> UnknownRunError:
    if not entries:
        return UnknownRunError(f"no run {text!r}: none was made yet")
    names = {entry.exp_id: entry for entry in entries} | {entry.run_id: entry for entry in entries}
    near = [names[name] for name in get_close_matches(text, names, n=SHOWN, cutoff=0.5)]
    if near:
        return UnknownRunError(f"no run {text!r}; the nearest are:\n{_list(near)}")
    return UnknownRunError(f"no run {text!r}; the latest are:\n{_list(entries[-SHOWN:])}")


def _list(entries: Sequence[RunEntry]) -> str:
    shown = entries[-SHOWN:]
    lines = [f"  {one.run_id}  {one.exp_id}  {one.status}  {one.directory}" for one in shown]
    more = len(entries) - len(shown)
    return "\n".join([*lines, *([f"  and {more} earlier"] if more else [])])
