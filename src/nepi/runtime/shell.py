# SPDX-License-Identifier: BSD-3-Clause
"""The life of an engine: begun at the first need, closed in order, in any case ended.

What an engine is asked for is in `engine`.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import define, field

from nepi.core.conditions import Guid
from nepi.core.messages import Add
from nepi.core.stepping import OnFailure
from nepi.runtime.assembly import Plan, Redact, assemble
from nepi.runtime.chronicle import Chronicle
from nepi.runtime.desk import Desk
from nepi.runtime.driver import Driver
from nepi.runtime.errors import EngineClosedError, EngineError, JournalError
from nepi.runtime.journal import Journal
from nepi.runtime.lines import note
from nepi.runtime.mailbox import Mailbox
from nepi.runtime.portal import Portal
from nepi.runtime.settings import Give
from nepi.runtime.subscriptions import Subscription, Told, past_lines

FILE = "events.jsonl"
LIMIT = 10.0
"""Seconds that closing may take; what has not ended by then is left behind."""
TASKS_LIMIT = 1.0

log = logging.getLogger(__name__)

Closer = Callable[[], Awaitable[object]]


@define(eq=False, kw_only=True)
class Shell:
    """Everything of an engine that has to be there before its loop is, and after."""

    portal: Portal
    on_failure: OnFailure
    threads: int | None
    run_id: str
    give: Give | None
    redact: Redact | None
    directory: Path | None
    actors: dict[Guid, Any] = field(factory=dict[Guid, Any], init=False)
    adds: dict[Guid, Add] = field(factory=dict[Guid, Add], init=False)
    chronicle: Chronicle = field(factory=Chronicle, init=False)
    closers: list[Closer] = field(factory=list[Closer], init=False)
    mailbox: Mailbox = field(init=False)
    desk: Desk = field(init=False)
    _journal: Journal | None = field(default=None, init=False)
    _driver: Driver | None = field(default=None, init=False)
    _is_closed: bool = field(default=False, init=False)
    _lock: Any = field(factory=threading.RLock, init=False)
    _end: "asyncio.Task[None] | None" = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.mailbox = Mailbox(self._ring)
        self.desk = Desk(mailbox=self.mailbox, portal=self.portal)

    @property
    def driver(self) -> Driver:
        """Return the driver, which is begun if there is none yet."""
        return self._driver or self._start()

    # -- the beginning ------------------------------------------------------------------------

    def open(self, directory: Path) -> None:
        """Write the journal into *directory*; JournalError if that is not possible."""
        with self._lock:
            if self._driver is not None:
                raise EngineError("it is too late for a journal: the engine has begun without")
            self.directory = directory
            if self._journal is None:
                path = directory / FILE
                self._journal = Journal(path, run_id=self.run_id, on_failure=self.on_failure)

    def _ring(self) -> None:
        driver = self._driver or self._start()
        with suppress(RuntimeError):  # the loop is closed, nobody is there any more
            driver.loop.call_soon_threadsafe(driver.turn)

    def _start(self) -> Driver:
        with self._lock:
            if self._driver is not None:
                return self._driver
            if self._is_closed:
                raise EngineClosedError("the engine was closed; make another experiment")
            if self.directory is not None:
                self.open(self.directory)
            self.portal.start()
            self._driver = assemble(self._plan())
            return self._driver

    def _plan(self) -> Plan:
        return Plan(
            portal=self.portal,
            mailbox=self.mailbox,
            actors=self.actors,
            adds=self.adds,
            chronicle=self.chronicle,
            journal=self._journal,
            on_failure=self.on_failure,
            threads=self.threads,
            give=self.give,
            redact=self.redact,
            trouble=self.report,
            collapsed=self._collapse,
        )

    # -- trouble ------------------------------------------------------------------------------

    def report(self, text: str, error: BaseException | None = None) -> None:
        """Say what went wrong outside of the resources, in the log and in the journal."""
        log.error("%s", text, exc_info=error)
        self.note(text)

    def note(self, text: str) -> None:
        """Write *text* into the journal, if there is going to be one."""
        self.tell(lambda: self.driver.notes.append(note(text)))

    def tell(self, request: Callable[[], object]) -> None:
        """Have *request* served by the loop; it alone does not begin an engine."""
        if self._driver is None:
            self.mailbox.put(request)
        else:
            self.mailbox.post(request)

    @property
    def trouble(self) -> JournalError | None:
        """Return why there is no journal any more, if so."""
        return None if self._driver is None else self._driver.scribe.trouble

    def subscribe(self, told: Told, *, past: bool) -> Subscription:
        """Let *told* be told what happens, and first what was."""
        subscription = Subscription(told, self._unsubscribe)
        self.tell(lambda: self._subscribe(subscription, past=past))
        return subscription

    def _subscribe(self, subscription: Subscription, *, past: bool) -> None:
        driver = self.driver
        known = {guid: self.adds[guid] for guid in driver.orchestrator.guids()}
        lines = past_lines(driver.timers.now(), known, self.chronicle) if past else []
        driver.listen(subscription, lines)

    def _unsubscribe(self, subscription: Subscription) -> None:
        self.tell(lambda: self.driver.subscriptions.remove(subscription))

    def _collapse(self, error: Exception) -> None:
        log.critical("the engine has failed; this is a fault of NEPI", exc_info=error)
        failed = EngineError(f"the engine has failed, by a fault of NEPI: {error!r}")
        failed.__cause__ = error
        self.desk.answers.close(failed)

    # -- the end ------------------------------------------------------------------------------

    def close(self, *, limit: float = LIMIT) -> None:
        """End everything that still runs, and the loop; return in any case, after *limit* seconds.

        Steps that run in threads are left behind. It may be called twice.
        """
        self.desk.refuse_here("close()", "await engine.close_aio(), on another loop")
        with self._lock:
            driver, first = self._driver, not self._is_closed
            self._is_closed = True
        closed = EngineClosedError("the engine was closed; nothing happens in it any more")
        if driver is None:
            self.desk.answers.close(closed)
            if self._journal is not None and first:
                self._journal.close()
            self.portal.join(0.0)
            return
        if first:
            driver.loop.call_soon_threadsafe(self._begin_end, driver, limit)
        if not self.portal.join(limit + TASKS_LIMIT + 1.0):
            log.error("the engine's thread is stuck in a step that blocks it; it is left behind")
        self.desk.answers.close(closed)

    async def close_aio(self, *, limit: float = LIMIT) -> None:
        """Close, from a loop that is not the engine's own."""
        self.desk.refuse_here("close_aio()", "engine.close(), in a thread")
        await asyncio.to_thread(self.close, limit=limit)

    def _begin_end(self, driver: Driver, limit: float) -> None:
        self._end = driver.loop.create_task(self._finish(driver, limit))

    async def _finish(self, driver: Driver, limit: float) -> None:
        try:
            for closer in reversed(self.closers):
                await self._finish_with(closer, limit / len(self.closers))
            driver.close()  # what tasks say when they are cancelled now is of no account
            tasks = asyncio.all_tasks() - {self._end}
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=TASKS_LIMIT)
        finally:
            driver.pool.close()
            driver.timers.clear()
            driver.scribe.close()
            self.portal.stop()

    async def _finish_with(self, closer: Closer, limit: float) -> None:
        try:
            async with asyncio.timeout(limit):
                await closer()
        except Exception as error:  # noqa: BLE001 - told; the others are closed all the same
            name = getattr(closer, "__qualname__", repr(closer))
            self.report(f"{name} failed while the engine was closed: {error!r}", error)
