# SPDX-License-Identifier: BSD-3-Clause
"""What classic objects say, by way of the standard logging: who listens decides what is shown."""

import logging


class Logger:
    """Something that can say things: *component* names it among the loggers."""

    _own: logging.Logger | None = None

    def __init__(self, component: str) -> None:
        self._component = component

    @property
    def logger(self) -> logging.Logger:
        # Found when it is needed: most of ten thousand resources never say anything.
        return self._own or logging.getLogger(self._component)

    @logger.setter
    def logger(self, value: logging.Logger) -> None:
        self._own = value

    def log_message(self, msg: str) -> str:
        """Return *msg* as it is logged; a subclass adds who says it."""
        return msg

    def debug(self, msg: str, out: str | None = None, err: str | None = None) -> None:
        self.log(msg, logging.DEBUG, out, err)

    def info(self, msg: str, out: str | None = None, err: str | None = None) -> None:
        self.log(msg, logging.INFO, out, err)

    def warning(self, msg: str, out: str | None = None, err: str | None = None) -> None:
        self.log(msg, logging.WARNING, out, err)

    warn = warning

    def error(self, msg: str, out: str | None = None, err: str | None = None) -> None:
        self.log(msg, logging.ERROR, out, err)

    def log(self, msg: str, level: int, out: str | None = None, err: str | None = None) -> None:
        """Log *msg* and, where given, what a command wrote to its two outputs."""
        logger = self.logger
        if not logger.isEnabledFor(level):
            return
        text = self.log_message(msg)
        if out or err:
            text += f" - OUT: {out or ''} - ERR: {err or ''}"
        logger.log(level, "%s", text)
