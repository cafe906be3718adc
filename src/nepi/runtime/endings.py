# SPDX-License-Identifier: BSD-3-Clause
"""Waits for resources that come to their end by themselves: one task for each that is STARTED."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from nepi.core.conditions import Guid
from nepi.core.lifecycle import State
from nepi.core.messages import Add, Ended, Reached
from nepi.runtime.attempts import Report, failure_of
from nepi.runtime.hooks import hook

STARTED = State.STARTED  # Python 3.11 looks members of enumerations up slowly


class Endings:
    """The `finished()` of the resources that have one and were said to end."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        actors: Mapping[Guid, Any],
        adds: Mapping[Guid, Add],
        report: Report,
    ) -> None:
        self._loop = loop
        self._actors = actors
        self._adds = adds
        self._report = report
        self._tasks: dict[Guid, asyncio.Task[None]] = {}

    def note(self, reached: Reached) -> None:
        """Begin to wait for who is STARTED; wait no longer for who is not."""
        if reached.state is STARTED:
            add = self._adds.get(reached.guid)
            ends = add is not None and add.ends
            finished = hook(self._actors.get(reached.guid), "finished") if ends else None
            if finished is not None:
                self._drop(reached.guid)
                task = self._loop.create_task(self._watch(reached.guid, finished))
                self._tasks[reached.guid] = task
        elif self._tasks:
            self._drop(reached.guid)

    def _drop(self, guid: Guid) -> None:
        if task := self._tasks.pop(guid, None):
            task.cancel()

    async def _watch(self, guid: Guid, finished: Callable[[], Awaitable[None]]) -> None:
        mine = asyncio.current_task()
        try:
            await finished()
        except asyncio.CancelledError:
            if self._tasks.get(guid) is mine:  # its own doing, not ours
                self._report(Ended(guid, failure_of(asyncio.CancelledError("cancelled itself"))))
            raise
        except Exception as error:  # noqa: BLE001 - a watch that fails is a failure of the resource
            self._report(Ended(guid, failure_of(error)))
        else:
            self._report(Ended(guid))
        finally:
            if self._tasks.get(guid) is mine:
                del self._tasks[guid]
