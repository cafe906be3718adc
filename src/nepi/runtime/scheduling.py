# SPDX-License-Identifier: BSD-3-Clause
"""Callbacks of users: at a date, at once, or when conditions hold."""

import asyncio
import inspect
from collections.abc import Callable
from functools import partial
from itertools import count

from attrs import define, field

from nepi.core.conditions import Guid, Requirement
from nepi.core.lifecycle import Step
from nepi.core.messages import Call
from nepi.runtime.answers import Answer
from nepi.runtime.driver import Driver
from nepi.runtime.shell import Shell
from nepi.runtime.tasks import Callback, Task, step_of
from nepi.runtime.timers import whole


@define(eq=False, kw_only=True)
class Scheduling:
    """Has callbacks called: plain ones in a thread, coroutine functions on the loop."""

    shell: Shell
    force: Callable[[Guid, Step], Answer]
    _ids: "count[int]" = field(factory=lambda: count(1), init=False)
    _running: "set[asyncio.Task[None]]" = field(factory=set["asyncio.Task[None]"], init=False)

    def schedule(self, delay: float, callback: Callback) -> Task:
        """Have *callback* called in *delay* seconds."""
        task = self._task(delay, callback)
        launch = self._launch(task, callback)
        if delay > 0:
            self.shell.mailbox.post(lambda: self._later(task, launch))
        else:
            launch()
        return task

    def call(self, after: tuple[Requirement, ...], callback: Callback) -> tuple[Task, Answer]:
        """Have *callback* called once all of *after* holds; the answer tells of its acceptance."""
        task, token = self._task(0.0, callback), self.shell.desk.new_token()
        launch = self._launch(task, callback)
        self.shell.mailbox.put(lambda: self._expect(token, launch))
        return task, self.shell.desk.ask(Call(token, after))

    def _task(self, delay: float, callback: Callback) -> Task:
        due = whole(self.shell.portal.clock()) + max(0.0, delay)
        return Task(next(self._ids), due, callback, self._failed)

    def _failed(self, task: Task) -> None:
        text = str(task.result).strip()
        self.shell.report(f"the scheduled {task.name} failed:\n{text}")

    def _launch(self, task: Task, callback: Callback) -> Callable[[], None]:
        step = step_of(callback)
        guid = getattr(getattr(callback, "__self__", None), "guid", None)
        if step is not None and guid in self.shell.actors:
            return lambda: task.follow(self.force(guid, step))
        if inspect.iscoroutinefunction(callback):
            return lambda: self.shell.mailbox.post(lambda: self._spawn(task))
        return partial(self._submit, task)

    def _submit(self, task: Task) -> None:
        pool = self.shell.driver.pool
        wants_watch = True
        try:
            wants_watch = pool.submit(task)
        finally:  # a Ctrl-C may strike before a hand was woken
            if wants_watch:  # every hand may be blocked: let the loop look after it
                self.shell.mailbox.post(pool.watch)

    def _spawn(self, task: Task) -> None:
        running = self.shell.driver.loop.create_task(task.run_suspending())
        self._running.add(running)
        running.add_done_callback(self._running.discard)

    def _later(self, task: Task, launch: Callable[[], None]) -> None:
        if task.callback is not None:
            task.timer = self.shell.driver.timers.at(task.due, launch)

    def _expect(self, token: int, launch: Callable[[], None]) -> None:
        driver: Driver = self.shell.driver
        driver.obeying.calls[token] = launch
