# SPDX-License-Identifier: BSD-3-Clause
"""Keeps the journal of a living run: written each turn, on the disk a second later. Loop thread.

What is done about a line that cannot be written is decided by whoever wanted it written.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from nepi.core.messages import Abort
from nepi.runtime.attempts import failure_of
from nepi.runtime.errors import JournalError
from nepi.runtime.journal import Journal
from nepi.runtime.lines import note
from nepi.runtime.pool import Chore
from nepi.runtime.timers import Timers

SYNC_AFTER = 1.0


class _Sync(Chore):
    """The job of bringing the journal to the disk, which may take long."""

    def __init__(self, journal: Journal, over: Callable[[JournalError | None], None]) -> None:
        self._journal = journal
        self._over = over

    def run(self) -> None:
        try:
            self._journal.sync()
        except JournalError as error:
            self._over(error)
        else:
            self._over(None)


class Scribe:
    """Writes ahead. *post* is the way into the loop, *submit* has a job done in a thread.

    A journal that can be written but not be brought to the disk aborts the run, too.
    """

    def __init__(
        self,
        journal: Journal | None,
        *,
        timers: Timers,
        submit: Callable[[Any], None],
        post: Callable[[Any], None],
    ) -> None:
        self.journal = journal
        self.trouble: JournalError | None = None
        self._broken: Journal | None = None
        self._timers, self._submit, self._post = timers, submit, post
        self._syncing = False

    def write(self, text: str, now: float) -> JournalError | None:
        """Write whole lines; return why that was not possible, and write no more then."""
        if self.journal is None:
            return None
        try:
            self.journal.write(text)
        except JournalError as error:
            self._give_up(error)
            return error
        self._sync_after(now)
        return None

    def close(self) -> None:
        """Bring everything to the disk; a journal that broke off says so, if it can."""
        if broken := self._broken:
            with suppress(JournalError):
                broken.write('{"t":0,' + note(f"the journal ends here: {self.trouble}"))
        journal, self.journal, self._broken = self.journal or self._broken, None, None
        if journal is None:
            return
        try:
            journal.close()
        except JournalError as error:
            self.trouble = self.trouble or error

    def _give_up(self, error: JournalError) -> None:
        self.trouble, self._broken, self.journal = error, self.journal, None

    def _sync_after(self, now: float) -> None:
        if not self._syncing:
            self._syncing = True
            self._timers.at(now + SYNC_AFTER, self._sync)

    def _sync(self) -> None:
        if self.journal is not None:
            self._submit(_Sync(self.journal, lambda error: self._post(lambda: self._synced(error))))

    def _synced(self, error: JournalError | None) -> None:
        self._syncing = False
        if self.journal is None:
            return
        if error is not None:
            self._give_up(error)
            self._post(Abort(failure_of(error)))
        elif self.journal.unsynced:
            self._sync_after(self._timers.now())
