# SPDX-License-Identifier: BSD-3-Clause
"""The engine: what experiments, classic controllers and tests drive their resources with.

The face of everything else in this package; it owns the only orchestrator of a run. All of it may
be called from any thread; what waits says so, and has a twin for those who live on a loop. The
class is long because it is one face; each method passes on to the part that knows.
"""

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Self, cast

from nepi.core.conditions import Guid, Requirement
from nepi.core.errors import DuplicateResourceError, UnknownResourceError
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Aborted, Add, Cancel, Event, Failure, Reached, Set
from nepi.core.stepping import OnFailure
from nepi.runtime.acting import Acting
from nepi.runtime.assembly import Redact
from nepi.runtime.errors import JournalError
from nepi.runtime.pool import limit_from_environment
from nepi.runtime.portal import Portal, ThreadPortal
from nepi.runtime.scheduling import Scheduling
from nepi.runtime.settings import Give
from nepi.runtime.shell import LIMIT, Closer, Shell
from nepi.runtime.subscriptions import Subscription, Told
from nepi.runtime.tasks import Callback, Task
from nepi.runtime.timers import whole
from nepi.runtime.waiting import PATIENCE, Waiting, tell_log


class Engine:
    """Drives the resources of one run.

    *directory*: where the journal goes (see `open`). *threads*: at most so many for plain steps.
    *give*: how a timed `set` reaches a resource. *redact*: what the journal says in the place of a
    value. *tell*: told, every now and then, what a long wait waits for.
    """

    def __init__(
        self,
        *,
        directory: Path | None = None,
        on_failure: OnFailure = "release",
        threads: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        run_id: str = "",
        give: Give | None = None,
        redact: Redact | None = None,
        tell: Callable[[str], None] = tell_log,
        patience: float | None = PATIENCE,
        portal: Portal | None = None,
    ) -> None:
        self._shell = shell = Shell(
            portal=portal or ThreadPortal(clock),
            on_failure=on_failure,
            threads=threads or limit_from_environment(),
            run_id=run_id,
            give=give,
            redact=redact,
            directory=directory,
        )
        self._classic: set[Guid] = set()
        self._acting = Acting(
            desk=shell.desk,
            actors=shell.actors,
            classic=self._classic,
            chronicle=shell.chronicle,
            driver=lambda: shell.driver,
            clock=self.now,
        )
        self._waiting = Waiting(
            desk=shell.desk, driver=lambda: shell.driver, tell=tell, patience=patience
        )
        self._scheduling = Scheduling(shell=shell, force=self._acting.force)
        self.post: Callable[[Event], None] = shell.mailbox.post
        """Tell the engine that something happened. Never waits; a refusal is logged."""

    # -- what is the case, without waiting ----------------------------------------------------

    def now(self) -> float:
        """Return the engine's time: seconds, in whole microseconds."""
        return whole(self._shell.portal.clock())

    def state(self, guid: Guid) -> State:
        """Return where *guid* is."""
        return self._shell.chronicle.state(self._known(guid))

    def outcome(self, guid: Guid) -> State:
        """Return where *guid* is or, once RELEASED, where it was before."""
        return self._shell.chronicle.outcome(self._known(guid))

    def failure(self, guid: Guid) -> Failure | None:
        """Return why *guid* failed, if it did; this survives RELEASED."""
        return self._shell.chronicle.failure(self._known(guid))

    def moment(self, guid: Guid, state: State) -> float | None:
        """Return when *guid* first was in *state* or a later one since its last start.

        RUN_START is a guid, too: it is STARTED at t = 0.
        """
        return self._shell.chronicle.moment(guid, state)

    def history(self, guid: Guid) -> tuple[Reached, ...]:
        """Return the states of *guid* as they came; those passed through at once are left out."""
        return self._shell.chronicle.history(guid)

    def snapshot(self) -> dict[Guid, State]:
        """Return where every resource is."""
        return {guid: self._shell.chronicle.state(guid) for guid in tuple(self._shell.actors)}

    @property
    def aborted(self) -> Aborted | None:
        """Which failure aborted the experiment, if one did."""
        return self._shell.chronicle.aborted

    @property
    def trouble(self) -> JournalError | None:
        """Why there is no journal any more, if so; the experiment was aborted because of it."""
        return self._shell.trouble

    def _known(self, guid: Guid) -> Guid:
        if guid not in self._shell.actors:
            raise UnknownResourceError(f"no resource has the guid {guid}")
        return guid

    # -- telling ------------------------------------------------------------------------------

    def open(self, directory: Path) -> None:
        """Write the journal `events.jsonl` into *directory*, from the first event on.

        Before anything else is asked of the engine; JournalError if it cannot be written.
        """
        self._shell.open(directory)

    def register(self, guid: Guid, actor: object, add: Add) -> None:
        """Make *actor* known, which performs the steps of *guid*; it is taken in with what follows.

        Its `do_<step>` may be coroutine functions or plain ones; `finished()`, a coroutine
        function, returns when the resource has come to its end by itself; `do_<step>_many` with
        `batch_key()` performs a step of several at once. A resource that is still NEW and was not
        deployed may be registered anew.
        """
        shell = self._shell
        if guid in shell.actors and shell.chronicle.state(guid) is not State.NEW:
            raise DuplicateResourceError(f"the guid {guid} is taken already")
        shell.actors[guid] = actor
        shell.adds[guid] = add
        if add.classic:
            self._classic.add(guid)
        shell.mailbox.put(add)

    def put(self, event: Event) -> None:
        """Tell the engine something that can wait for whatever is told or asked next."""
        self._shell.mailbox.put(event)

    def ask(self, *events: Event) -> None:
        """Tell the engine, wait until that is taken in, and raise the first Refusal."""
        self._shell.desk.refuse_here("ask()", "await engine.ask_aio(...)")
        desk = self._shell.desk
        answers = [desk.ask(event) for event in events]
        for answer in answers:
            desk.get(answer)

    async def ask_aio(self, *events: Event) -> None:
        """Do as `ask`, from a loop."""
        desk = self._shell.desk
        for answer in [desk.ask(event) for event in events]:
            await answer.aio()

    def cancel(self, guids: Iterable[Guid] | None = None, *, reason: str = "cancelled") -> None:
        """Give up the running steps of *guids*, or of all; does not wait for it."""
        chosen = None if guids is None else tuple(guids)
        self._shell.mailbox.post(lambda: self._cancel(chosen, reason))

    def _cancel(self, guids: tuple[Guid, ...] | None, reason: str) -> None:
        for guid in tuple(self._shell.actors) if guids is None else guids:
            self._shell.mailbox.post(Cancel(guid, reason))

    def note(self, text: str) -> None:
        """Write *text* into the journal."""
        self._shell.note(text)

    # -- acting and waiting -------------------------------------------------------------------

    def act(self, guid: Guid, step: Step) -> None:
        """Perform *step* now, whatever conditions say; return when its state is reached.

        Raise what the step raises, or StepRefusedError. Plain steps run in the caller's thread.
        """
        self._acting.act(self._known(guid), step)

    async def act_aio(self, guid: Guid, step: Step) -> None:
        """Do as `act`, from a loop; plain steps run in a thread."""
        await self._acting.act_aio(self._known(guid), step)

    def wait(
        self,
        guids: Iterable[Guid],
        state: State,
        *,
        timeout: float | None = None,
        interrupts: bool = True,
    ) -> bool:
        """Wait until all of *guids* are in *state* or later: True. False: there was an abort.

        *interrupts*: an abort ends the wait. WaitTimeoutError says what was still waited for.
        """
        return self._waiting.wait(guids, state, timeout=timeout, interrupts=interrupts)

    async def wait_aio(
        self,
        guids: Iterable[Guid],
        state: State,
        *,
        timeout: float | None = None,
        interrupts: bool = True,
    ) -> bool:
        """Do as `wait`, from a loop."""
        return await self._waiting.wait_aio(guids, state, timeout=timeout, interrupts=interrupts)

    def explain(self, guid: Guid) -> str:
        """Return what *guid* is doing or waits for, as a sentence without its name."""
        self._shell.desk.refuse_here("explain()", "await engine.explain_aio(...)")
        shell = self._shell
        return cast("str", shell.desk.get(shell.desk.call(lambda: self._explain(guid))))

    async def explain_aio(self, guid: Guid) -> str:
        """Do as `explain`, from a loop."""
        shell = self._shell
        return cast("str", await shell.desk.call(lambda: self._explain(guid)).aio())

    def _explain(self, guid: Guid) -> str:
        return self._shell.driver.orchestrator.explain(guid)

    # -- at a date, or when conditions hold ---------------------------------------------------

    def schedule(self, delay: float, callback: Callback) -> Task:
        """Have *callback* called in *delay* seconds: in a thread, a coroutine function on the loop.

        A bound method of a resource that is marked `performs(step)` takes no thread to wait in.
        """
        return self._scheduling.schedule(delay, callback)

    def call(self, callback: Callback, *, after: Iterable[Requirement]) -> Task:
        """Have *callback* called once all of *after* holds; raise a Refusal at once."""
        self._shell.desk.refuse_here("call()", "engine.schedule(...)")
        task, answer = self._scheduling.call(tuple(after), callback)
        self._shell.desk.get(answer)
        return task

    def set(self, guid: Guid, name: str, value: object) -> None:
        """Give an attribute its value, and return when it has it; raise what that raises."""
        self._shell.desk.refuse_here("set()", "await engine.set_aio(...)")
        token = self._shell.desk.new_token()
        self._shell.desk.get(self._shell.desk.ask(Set(guid, name, value, token), token))

    async def set_aio(self, guid: Guid, name: str, value: object) -> None:
        """Do as `set`, from a loop."""
        token = self._shell.desk.new_token()
        await self._shell.desk.ask(Set(guid, name, value, token), token).aio()

    # -- listening ----------------------------------------------------------------------------

    def subscribe(self, told: Told, *, past: bool = False) -> Subscription:
        """Have *told* called, on the engine's thread, with batches of what the journal records.

        Each record is a dict: `t`, `kind` and what that kind has. *past*: the first batch tells of
        the resources there are and of the states they reached. What *told* raises is reported.
        """
        return self._shell.subscribe(told, past=past)

    # -- the end ------------------------------------------------------------------------------

    def on_close(self, closer: Closer) -> None:
        """Have *closer*, a coroutine function, awaited at the end; the last one comes first."""
        self._shell.closers.append(closer)

    def close(self, *, limit: float = LIMIT) -> None:
        """End what still runs, and the engine; return after *limit* seconds in any case.

        It releases nothing. Steps running in threads are left behind. It may be called twice.
        """
        self._shell.close(limit=limit)

    async def close_aio(self, *, limit: float = LIMIT) -> None:
        """Do as `close`, from a loop that is not the engine's own."""
        await self._shell.close_aio(limit=limit)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
