# SPDX-License-Identifier: BSD-3-Clause
"""Answers: given once, told to everybody, never left open."""

import asyncio
import threading

import pytest

from nepi.runtime.answers import Answer, Answers
from tests.runtime.actors import SOON


def test_an_answer_is_given_once() -> None:
    answer = Answer()
    assert not answer.is_given
    assert answer.give(1)
    assert not answer.give(2)
    assert not answer.give(error=OSError("too late"))
    assert answer.result() == 1
    assert answer.wait(0.0)


def test_an_answer_may_be_an_error() -> None:
    answer = Answer()
    answer.give(error=OSError("no"))
    with pytest.raises(OSError, match="no"):
        answer.result()


def test_everybody_is_told_in_order_and_the_late_at_once() -> None:
    answer, heard = Answer(), list[str]()
    answer.then(lambda _: heard.append("first"))
    answer.then(lambda _: heard.append("second"))
    answer.give()
    answer.then(lambda _: heard.append("late"))
    assert heard == ["first", "second", "late"]


def test_threads_wait_for_it() -> None:
    answer, got = Answer(), list[int]()

    def wait() -> None:
        assert answer.wait(SOON)
        got.append(answer.result())

    threads = [threading.Thread(target=wait) for _ in range(5)]
    for thread in threads:
        thread.start()
    answer.give(7)
    for thread in threads:
        thread.join(SOON)
    assert got == [7] * 5


def test_an_answer_that_does_not_come_in_time() -> None:
    assert not Answer().wait(0.0)
    assert not Answer().wait(-1.0)


def test_loops_wait_for_it_too() -> None:
    async def main() -> tuple[int, bool]:
        answer, never = Answer(), Answer()
        giver = threading.Thread(target=answer.give, args=(7,))
        waiting = asyncio.create_task(never.aio())
        giver.start()
        got = await asyncio.wait_for(answer.aio(), SOON)
        giver.join(SOON)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        never.give(1)  # nobody waits any more
        left_behind.then(lambda _: None)
        asyncio.create_task(left_behind.aio()).add_done_callback(lambda task: task.cancelled())
        await asyncio.sleep(0)
        return got, waiting.cancelled()

    left_behind = Answer()
    assert asyncio.run(main()) == (7, True)
    left_behind.give(1)  # its loop is closed


def test_closing_answers_what_is_open_and_what_is_to_come() -> None:
    answers = Answers()
    first, second = answers.new(), answers.new()
    first.give(1)
    answers.close(OSError("closed"))
    assert first.result() == 1
    with pytest.raises(OSError, match="closed"):
        second.result()
    with pytest.raises(OSError, match="closed"):
        answers.new().result()
