# SPDX-License-Identifier: BSD-3-Clause
"""The agent's loop: descriptors, timers, the next turn; in order."""

import os
from collections.abc import Iterator

import pytest

from nepi.agent.loop import READ, WRITE, Loop


@pytest.fixture
def loop() -> Iterator[Loop]:
    one = Loop()
    yield one
    one.close()


def test_timers_come_in_the_order_of_their_dates(loop: Loop) -> None:
    came: list[int] = []
    loop.later(0.003, loop.stop)
    loop.later(0.002, lambda: came.append(2))
    loop.later(0.001, lambda: came.append(1))
    loop.later(0.0, lambda: came.append(0)).cancel()
    loop.run()
    assert came == [1, 2]


def test_what_is_asked_for_soon_comes_before_later(loop: Loop) -> None:
    came: list[str] = []
    loop.later(0, loop.stop)
    loop.soon(lambda: came.append("first"))
    loop.soon(lambda: loop.soon(lambda: came.append("of the next turn")))
    loop.run()
    assert came[0] == "first"


def test_a_descriptor_is_watched_until_it_is_not(loop: Loop) -> None:
    reading, writing = os.pipe()
    came: list[bytes] = []

    def ready(mask: int) -> None:
        assert mask & READ
        came.append(os.read(reading, 1))
        if len(came) == 2:
            loop.unwatch(reading)
            loop.unwatch(reading)
            loop.stop()

    loop.watch(reading, READ, ready)
    os.write(writing, b"abc")
    loop.run()
    assert came == [b"a", b"b"]
    os.close(reading)
    os.close(writing)


def test_what_is_watched_for_may_change(loop: Loop) -> None:
    reading, writing = os.pipe()
    loop.watch(writing, READ, lambda _mask: pytest.fail("nothing to read there"))
    loop.watch(writing, WRITE, lambda _mask: loop.stop())
    loop.run()
    os.close(reading)
    os.close(writing)


def test_a_callback_may_unwatch_one_that_is_ready_too(loop: Loop) -> None:
    pipes = [os.pipe() for _ in range(2)]
    came: list[int] = []

    def ready(_mask: int) -> None:
        came.append(1)
        for reading, _ in pipes:
            loop.unwatch(reading)
        loop.stop()

    for reading, writing in pipes:
        os.write(writing, b"x")
        loop.watch(reading, READ, ready)
    loop.run()
    assert len(came) == 1
    for pair in pipes:
        for descriptor in pair:
            os.close(descriptor)
