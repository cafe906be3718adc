# SPDX-License-Identifier: BSD-3-Clause
"""Threads for what blocks: daemon threads that share one queue and take one job at a time.

How many there are follows from the work. A job put into a dry queue wakes one hand; a tick, which
lives only while jobs wait, doubles the busy ones when nothing ends. A hand stuck in a job that was
given up is replaced. Knows nothing of resources.
"""

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from nepi.runtime.errors import EngineError

LIMIT = 1000
PATIENCE = 0.005
"""Seconds a due job may wait before another hand is wanted."""
BUSY_PATIENCE = 0.1
"""The same, while the processor is busy anyway: more hands would only be in each other's way."""
TICK = 0.002
AT_ONCE = 4
"""As many jobs as this get a hand each at once; of more, the first hand takes several."""

log = logging.getLogger(__name__)


class Job(Protocol):
    """Something to be done in a thread; `run` never raises. Numbers other than 0 are unique."""

    since: float
    number: int

    def run(self) -> None: ...

    def recall(self) -> bool:
        """Be called off before it began; return False if it has to be done all the same."""
        ...


class Chore:
    """A job of the engine's own, which nobody calls off."""

    __slots__ = ()
    since = 0.0
    number = 0

    def recall(self) -> bool:
        """Do it all the same."""
        return False


class Crew(Protocol):
    """Whoever does jobs that block."""

    @property
    def jobs(self) -> deque[Job]: ...
    @property
    def hands(self) -> int: ...

    def extend(self, jobs: list[Job]) -> None:
        """Have *jobs* done, first in, first out. On the loop only."""
        ...

    def submit(self, job: Job) -> bool:
        """Have *job* done, from any thread; return whether somebody should `watch`."""
        ...

    def watch(self) -> None:
        """Look after the jobs that wait. On the loop only."""
        ...

    def give_up(self, number: int) -> None:
        """Do not wait for that job any longer. On the loop only."""
        ...

    def recall(self, number: int) -> None:
        """Do not begin that job, if it has not begun."""
        ...

    def close(self) -> None:
        """Do nothing more."""
        ...


class Later(Protocol):
    """Call something on the loop, seconds from now. Only to be called there."""

    def __call__(self, delay: float, action: Callable[[], None], /) -> object: ...


class Hand:
    """One thread of the pool."""

    __slots__ = ("dismissed", "job", "park")

    def __init__(self) -> None:
        self.park = threading.Lock()
        self.park.acquire()
        self.job: Job | None = None
        self.dismissed = False


def limit_from_environment() -> int:
    """Return how many threads there may be: NEPI_NTHREADS, else 1000."""
    text = os.environ.get("NEPI_NTHREADS", "").strip()
    if not text:
        return LIMIT
    if not text.isdecimal() or int(text) == 0:
        raise EngineError(
            f"NEPI_NTHREADS is {text!r}: set it to the number of threads that steps may take, "
            "1 or more, or leave it out"
        )
    return int(text)


class Pool:
    """An elastic crew of hands."""

    def __init__(
        self,
        *,
        later: Later,
        clock: Callable[[], float],
        cpu: Callable[[], float],
        limit: int | None = None,
    ) -> None:
        self.limit = LIMIT if limit is None else limit
        self.jobs: deque[Job] = deque()
        self._later, self._clock, self._cpu = later, clock, cpu
        self._idle: list[Hand] = []
        self._hands: set[Hand] = set()
        self._hiring = threading.Lock()
        self._dropped: set[int] = set()
        self._recalled: set[int] = set()
        self._ended = 0
        self._seen = (0, 0.0, 0.0)
        self._ticking = False
        self._closed = False

    @property
    def hands(self) -> int:
        """Return how many threads there are."""
        return len(self._hands)

    # -- on the loop --------------------------------------------------------------------------

    def extend(self, jobs: list[Job]) -> None:
        """Have *jobs* done, first in, first out."""
        dry = not self.jobs
        self.jobs.extend(jobs)
        if len(jobs) <= AT_ONCE:
            for _ in jobs:
                self._wake()
        elif dry:
            self._wake()
        self.watch()

    def watch(self) -> None:
        """See to it that waiting jobs get more hands when those there are do not suffice."""
        if self.jobs and not self._ticking and not self._closed:
            if not self._hands:
                self._wake()
            self._ticking = True
            self._mark()
            self._later(TICK, self._tick)

    def give_up(self, number: int) -> None:
        """Do not wait for that job any longer: drop it, or let its hand go when it has ended."""
        self._dropped.add(number)  # before the look at the hands: one may be about to take it
        for hand in tuple(self._hands):
            job = hand.job
            if job is not None and job.number == number:
                hand.dismissed = True
                self._hands.discard(hand)
                self._dropped.discard(number)
                self.watch()
                return
        for job in tuple(self.jobs):
            if job.number == number:
                return  # whoever takes it finds it dropped
        self._dropped.discard(number)

    def recall(self, number: int) -> None:
        """Do not begin that job, if it has not begun; whoever takes it lets it say so."""
        self._recalled.add(number)

    def close(self) -> None:
        """Do nothing more; hands that are busy go when they have ended."""
        self._closed = True
        self.jobs.clear()
        for hand in tuple(self._hands):
            hand.dismissed = True
        while self._wake_idle():
            pass

    def _mark(self) -> None:
        self._seen = (self._ended, self._clock(), self._cpu())

    def _tick(self) -> None:
        if not self.jobs or self._closed:
            self._ticking = False
            return
        if self._is_stalled():
            for _ in range(max(1, len(self._hands) - len(self._idle))):
                if not self._wake():
                    self._ticking = False  # all there may be; who ends a job takes the next
                    return
        self._mark()
        self._later(TICK, self._tick)

    def _is_stalled(self) -> bool:
        ended, then, cpu = self._seen
        now = self._clock()
        if self._ended == ended:
            return True
        try:
            waited = now - self.jobs[0].since
        except IndexError:
            return False
        is_busy = self._cpu() - cpu > 0.7 * (now - then)
        return waited >= (BUSY_PATIENCE if is_busy else PATIENCE)

    # -- from any thread ----------------------------------------------------------------------

    def submit(self, job: Job) -> bool:
        """Have *job* done; return whether somebody should `watch`, since all may be busy."""
        if self._closed:
            return False
        self.jobs.append(job)
        return not self._wake_idle() and not self._ticking

    def _wake(self) -> bool:
        """Put one more hand to work; return False when there is none and may be none."""
        return self._wake_idle() or self._hire()

    def _wake_idle(self) -> bool:
        try:
            self._idle.pop().park.release()
        except IndexError:
            return False
        return True

    def _hire(self) -> bool:
        with self._hiring:
            if len(self._hands) >= self.limit or self._closed:
                return False
            hand = Hand()
            self._hands.add(hand)
            thread = threading.Thread(
                target=self._work, args=(hand,), daemon=True, name="nepi-hand"
            )
            try:
                thread.start()
            except RuntimeError as error:
                self._hands.discard(hand)
                self._lower_limit(error)
                return False
            return True

    def _lower_limit(self, error: RuntimeError) -> None:
        """Go on with the threads there are when the system gives no more."""
        if not self._hands:
            raise error
        log.warning("going on with %d threads: %s", len(self._hands), error)
        self.limit = len(self._hands)

    # -- in the threads -----------------------------------------------------------------------

    def _work(self, hand: Hand) -> None:
        jobs, dropped, recalled = self.jobs, self._dropped, self._recalled
        while not hand.dismissed:
            try:
                job = jobs.popleft()
            except IndexError:
                self._rest(hand)
                continue
            hand.job = job
            if dropped and job.number in dropped:
                dropped.discard(job.number)
            elif not (recalled and job.number in recalled and job.recall()):
                job.run()
            hand.job = None
            self._ended += 1

    def _rest(self, hand: Hand) -> None:
        self._idle.append(hand)
        if self.jobs or hand.dismissed:  # came in between: take myself off, or accept the wake-up
            try:
                self._idle.remove(hand)
            except ValueError:
                pass
            else:
                return
        hand.park.acquire()
