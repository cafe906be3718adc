# SPDX-License-Identifier: BSD-3-Clause
"""Why the agent refuses. Codes travel; the hosts package makes exceptions of them."""

from __future__ import annotations

import errno
import os


class Code:
    """Names of the refusals, as they travel."""

    BAD_REQUEST = "bad-request"
    WRONG_RUN = "wrong-run"
    STALE_EPOCH = "stale-epoch"
    PROTOCOL = "protocol"
    INTERRUPTED = "interrupted"
    COMMAND_NOT_FOUND = "command-not-found"
    NOT_EXECUTABLE = "not-executable"
    MISSING_DIRECTORY = "missing-directory"
    START_FAILED = "start-failed"
    NO_SUCH_JOB = "no-such-job"
    STDIN_CLOSED = "stdin-closed"
    TIMEOUT = "timeout"
    OUTPUT_TOO_LARGE = "output-too-large"
    MISSING_FILE = "missing-file"
    PERMISSION = "permission"
    DISK_FULL = "disk-full"
    FILE = "file"


class AgentError(Exception):
    """A request that cannot be met; what is asked next is not affected."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


_FILE_CODES = {
    errno.ENOENT: Code.MISSING_FILE,
    errno.ENOTDIR: Code.MISSING_FILE,
    errno.EACCES: Code.PERMISSION,
    errno.EPERM: Code.PERMISSION,
    errno.EROFS: Code.PERMISSION,
    errno.ENOSPC: Code.DISK_FULL,
    errno.EDQUOT: Code.DISK_FULL,
}


def of_file(error: OSError, path: str, what: str) -> AgentError:
    """What went wrong with a file, named by the file and by what was wanted of it."""
    number = error.errno or 0
    return AgentError(
        _FILE_CODES.get(number, Code.FILE), f"cannot {what} {path}: {os.strerror(number)}"
    )
