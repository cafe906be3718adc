# SPDX-License-Identifier: BSD-3-Clause
"""What classic objects say."""

import logging

import pytest

from nepi.util.logger import Logger


class Speaker(Logger):
    def log_message(self, msg: str) -> str:
        return f"me: {msg}"


def test_each_level_says_who_speaks(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    speaker = Speaker("there")

    speaker.debug("a")
    speaker.info("b")
    speaker.warning("c")
    speaker.warn("d")
    speaker.error("e", out="so", err="why")

    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("DEBUG", "me: a"),
        ("INFO", "me: b"),
        ("WARNING", "me: c"),
        ("WARNING", "me: d"),
        ("ERROR", "me: e - OUT: so - ERR: why"),
    ]
    assert {r.name for r in caplog.records} == {"there"}


def test_what_nobody_listens_to_is_not_even_put_together() -> None:
    class Loud(Logger):
        def log_message(self, msg: str) -> str:
            raise AssertionError(msg)

    loud = Loud("quiet")
    loud.logger.setLevel(logging.ERROR)

    loud.info("nothing")


def test_the_logger_can_be_replaced(caplog: pytest.LogCaptureFixture) -> None:
    speaker = Logger("one")
    speaker.logger = logging.getLogger("two")

    speaker.error("100 % of it")

    assert [(r.name, r.getMessage()) for r in caplog.records] == [("two", "100 % of it")]
