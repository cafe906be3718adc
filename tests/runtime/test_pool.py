# SPDX-License-Identifier: BSD-3-Clause
"""The crew of threads: how many, who is woken, who is replaced. Real threads, no real time."""

import threading
from collections.abc import Callable, Iterator

import pytest

from nepi.runtime.errors import EngineError
from nepi.runtime.pool import LIMIT, Pool, limit_from_environment

SOON = 10.0
"""Only bites when something is broken."""


class Clock:
    """Time, the processor's time, and what is to be called later: all by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.cpu = 0.0
        self.ticks: list[Callable[[], None]] = []

    def later(self, delay: float, action: Callable[[], None]) -> None:
        assert delay > 0
        self.ticks.append(action)

    def tick(self, *, passed: float = 0.002, busy: float = 0.0) -> None:
        self.now += passed
        self.cpu += busy
        ticks, self.ticks = self.ticks, []
        for action in ticks:
            action()


class Work:
    """A job that begins, then waits until it may end."""

    def __init__(self, number: int = 0, *, blocks: bool = True, since: float = 0.0) -> None:
        self.number = number
        self.since = since
        self.begun = threading.Event()
        self.may_end = threading.Event()
        self.ended = threading.Event()
        self.recalled = threading.Event()
        self.thread: threading.Thread | None = None
        if not blocks:
            self.may_end.set()

    def run(self) -> None:
        self.thread = threading.current_thread()
        self.begun.set()
        assert self.may_end.wait(SOON)
        self.ended.set()

    def recall(self) -> bool:
        self.recalled.set()
        return self.number != 9


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def works() -> Iterator[list[Work]]:
    works: list[Work] = []
    yield works
    for work in works:
        work.may_end.set()


@pytest.fixture
def pool(clock: Clock, works: list[Work]) -> Iterator[Pool]:
    del works  # whatever blocks is let go first
    pool = Pool(later=clock.later, clock=lambda: clock.now, cpu=lambda: clock.cpu, limit=8)
    yield pool
    pool.close()


def blocking(works: list[Work], count: int, first: int = 1) -> list[Work]:
    new = [Work(number) for number in range(first, first + count)]
    works += new
    return new


def test_a_job_is_done_by_a_daemon_thread(pool: Pool) -> None:
    work = Work(1, blocks=False)
    pool.extend([work])
    assert work.ended.wait(SOON)
    assert work.thread is not None
    assert work.thread.daemon


def test_few_jobs_get_a_hand_each_at_once(pool: Pool, works: list[Work]) -> None:
    jobs = blocking(works, 4)
    pool.extend([*jobs])
    assert all(job.begun.wait(SOON) for job in jobs)
    assert pool.hands == 4


def test_many_jobs_double_the_hands_only_while_nothing_ends(
    pool: Pool, clock: Clock, works: list[Work]
) -> None:
    jobs = blocking(works, 20)
    pool.extend([*jobs])
    assert jobs[0].begun.wait(SOON)
    assert pool.hands == 1
    for expected in (2, 4, 8):
        clock.tick()
        assert pool.hands == expected
        assert jobs[expected - 1].begun.wait(SOON)
    clock.tick()
    assert pool.hands == 8, "that is the limit"
    clock.tick()
    assert not clock.ticks, "nobody looks while nothing can be done"


def test_jobs_beyond_the_limit_are_done_as_others_end(
    pool: Pool, clock: Clock, works: list[Work]
) -> None:
    jobs = blocking(works, 20)
    pool.extend([*jobs])
    for expected in (1, 2, 4, 8):
        assert jobs[expected - 1].begun.wait(SOON)
        clock.tick()
    for job in jobs:
        job.may_end.set()
    assert all(job.ended.wait(SOON) for job in jobs)
    assert pool.hands == 8


def test_the_watch_ends_with_the_work(pool: Pool, clock: Clock) -> None:
    work = [Work(blocks=False) for _ in range(6)]
    pool.extend([*work])
    assert all(job.ended.wait(SOON) for job in work)
    clock.tick()
    assert not clock.ticks


def stirred(pool: Pool, clock: Clock, works: list[Work], *, passed: float, busy: float) -> int:
    """Let one job end between two ticks while one that is stuck lets others wait; count hands."""
    stuck, quick = Work(1), Work(2)
    rest = [Work(number) for number in range(3, 9)]
    works += [stuck, quick, *rest]
    pool.extend([stuck])
    pool.extend([quick])
    assert stuck.begun.wait(SOON)
    assert quick.begun.wait(SOON)
    pool.jobs.extend(rest)
    pool.watch()
    quick.may_end.set()
    assert rest[0].begun.wait(SOON)
    clock.tick(passed=passed, busy=busy)
    return pool.hands


def test_a_job_that_waited_too_long_gets_another_hand(
    pool: Pool, clock: Clock, works: list[Work]
) -> None:
    assert stirred(pool, clock, works, passed=0.006, busy=0.0) > 2


def test_a_short_wait_while_jobs_end_is_no_reason(
    pool: Pool, clock: Clock, works: list[Work]
) -> None:
    assert stirred(pool, clock, works, passed=0.002, busy=0.0) == 2


def test_a_busy_processor_is_no_reason_either(pool: Pool, clock: Clock, works: list[Work]) -> None:
    assert stirred(pool, clock, works, passed=0.006, busy=0.006) == 2


def test_a_job_submitted_from_any_thread_wakes_a_hand_that_rests(pool: Pool) -> None:
    first, second = Work(blocks=False), Work(blocks=False)
    wants_watch = pool.submit(first)
    assert wants_watch, "there is no hand yet"
    pool.watch()
    assert first.ended.wait(SOON)
    pool.submit(second)
    pool.watch()
    assert second.ended.wait(SOON)


def test_the_hand_of_a_job_given_up_is_replaced(pool: Pool, works: list[Work]) -> None:
    (stuck,) = blocking(works, 1)
    pool.extend([stuck])
    assert stuck.begun.wait(SOON)
    pool.give_up(1)
    assert pool.hands == 0
    after = Work(2, blocks=False)
    pool.extend([after])
    assert after.ended.wait(SOON)
    stuck.may_end.set()
    assert stuck.thread is not None
    stuck.thread.join(SOON)
    assert not stuck.thread.is_alive(), "it goes when its job has ended"


def test_a_waiting_job_that_is_given_up_is_dropped(pool: Pool, works: list[Work]) -> None:
    pool.limit = 1
    stuck, waiting = blocking(works, 2)
    pool.extend([stuck])
    pool.extend([waiting])
    pool.give_up(2)
    pool.give_up(3)  # nobody knows it
    last = Work(4, blocks=False)
    pool.extend([last])
    stuck.may_end.set()
    assert last.ended.wait(SOON)
    assert not waiting.begun.is_set()


def test_a_waiting_job_that_is_recalled_says_so(pool: Pool, works: list[Work]) -> None:
    pool.limit = 1
    stuck, waiting = blocking(works, 2)
    pool.extend([stuck])
    pool.extend([waiting])
    pool.recall(2)
    stuck.may_end.set()
    assert waiting.recalled.wait(SOON)
    assert not waiting.begun.is_set()


def test_closing_drops_what_waits_and_lets_everybody_go(pool: Pool, works: list[Work]) -> None:
    pool.limit = 1
    stuck, waiting = blocking(works, 2)
    pool.extend([stuck])
    pool.extend([waiting])
    assert stuck.begun.wait(SOON)
    pool.close()
    assert not pool.submit(Work())
    stuck.may_end.set()
    assert stuck.thread is not None
    stuck.thread.join(SOON)
    assert not stuck.thread.is_alive()
    assert not waiting.begun.is_set()


def test_a_hand_at_rest_goes_at_the_close(pool: Pool) -> None:
    work = Work(blocks=False)
    pool.extend([work])
    assert work.ended.wait(SOON)
    pool.close()
    assert work.thread is not None
    work.thread.join(SOON)
    assert not work.thread.is_alive()


def test_a_system_that_gives_no_more_threads_is_made_do_with(
    pool: Pool, works: list[Work], monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, second = blocking(works, 2)
    pool.extend([stuck])
    assert stuck.begun.wait(SOON)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        pool.extend([second])
    assert pool.limit == 1
    stuck.may_end.set()
    assert second.begun.wait(SOON)


def test_a_system_that_gives_no_thread_at_all_is_an_error(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError):
        pool.extend([Work()])


def test_the_environment_limits_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEPI_NTHREADS", raising=False)
    assert limit_from_environment() == LIMIT
    monkeypatch.setenv("NEPI_NTHREADS", "50")
    assert limit_from_environment() == 50


@pytest.mark.parametrize("text", ["many", "0", "-3", "2.5"])
def test_a_limit_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("NEPI_NTHREADS", text)
    with pytest.raises(EngineError, match="NEPI_NTHREADS"):
        limit_from_environment()


def test_a_job_that_cannot_be_called_off_is_done_all_the_same(pool: Pool) -> None:
    work = Work(9, blocks=False)
    pool.recall(9)
    pool.extend([work])
    assert work.ended.wait(SOON)
    assert work.recalled.is_set()
