# SPDX-License-Identifier: BSD-3-Clause
"""Dates: exact, together, called off."""

import asyncio
from collections.abc import Iterator
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nepi.runtime.timers import Timers, not_before, whole
from nepi.runtime.virtual import VirtualLoop


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop(100.0)
    yield loop
    loop.close()


@pytest.fixture
def timers(loop: VirtualLoop) -> Timers:
    return Timers(loop, loop.time)


@given(st.floats(0, 1e8))
def test_a_date_is_a_whole_microsecond_and_not_before_what_was_asked(moment: float) -> None:
    at = not_before(moment)
    assert at >= moment
    assert at == whole(at) == float(f"{at:.6f}")
    assert at - moment < 2e-6


@given(st.lists(st.floats(0, 50), max_size=20))
def test_everything_is_called_at_its_date_in_order(delays: list[float]) -> None:
    loop = VirtualLoop(100.0)
    timers, seen = Timers(loop, loop.time), list[tuple[float, float]]()

    def see(at: float) -> None:
        seen.append((at, timers.now()))

    for delay in delays:
        timers.at(100.0 + delay, partial(see, 100.0 + delay))
    loop.run_forever()
    loop.close()
    assert sorted(100.0 + delay for delay in delays) == sorted(at for at, _ in seen)
    dates = [not_before(at) for at, _ in seen]
    assert dates == sorted(dates)
    assert all(now >= at and now - at < 1e-5 for at, now in seen)


def test_those_due_together_come_in_one_pass(loop: VirtualLoop, timers: Timers) -> None:
    seen: list[str] = []

    def first() -> None:
        seen.append("a")
        loop.call_soon(seen.append, "after")

    timers.at(101.0, first)
    timers.at(101.0, lambda: seen.append("b"))
    loop.run_forever()
    assert seen == ["a", "b", "after"]


def test_what_is_called_off_does_not_happen(loop: VirtualLoop, timers: Timers) -> None:
    seen: list[str] = []
    first = timers.at(101.0, lambda: seen.append("first"))
    timers.at(102.0, lambda: seen.append("second"))
    first.cancel()
    loop.run_forever()
    assert seen == ["second"]


def test_an_earlier_date_comes_first_though_asked_for_later(
    loop: VirtualLoop, timers: Timers
) -> None:
    seen: list[float] = []
    timers.at(110.0, lambda: seen.append(timers.now()))
    timers.at(101.0, lambda: seen.append(timers.now()))
    loop.run_forever()
    assert seen == [101.0, 110.0]


def test_a_date_in_the_past_is_due_at_once(loop: VirtualLoop, timers: Timers) -> None:
    seen: list[float] = []
    timers.at(1.0, lambda: seen.append(timers.now()))
    loop.run_forever()
    assert seen == [100.0]


def test_forgetting_every_date(loop: VirtualLoop, timers: Timers) -> None:
    seen: list[str] = []
    timers.at(101.0, lambda: seen.append("never"))
    timers.clear()
    loop.run_forever()
    assert (seen, loop.time()) == ([], 100.0)


def test_the_virtual_loop_does_on_the_spot_what_would_take_a_thread(loop: VirtualLoop) -> None:
    async def main() -> tuple[int, float]:
        size = await asyncio.to_thread(len, "four")
        await asyncio.sleep(5)
        return size, loop.time()

    async def failing() -> None:
        await asyncio.to_thread(int, "four")

    assert loop.run_until_complete(main()) == (4, 105.0)
    with pytest.raises(ValueError, match="four"):
        loop.run_until_complete(failing())
