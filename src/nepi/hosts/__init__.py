# SPDX-License-Identifier: BSD-3-Clause
"""Ways to reach a machine: its processes and its files."""

from nepi.hosts.errors import (
    AgentStartError,
    CommandNotFoundError,
    CommandTimeoutError,
    ConnectionLostError,
    DiskFullError,
    FileError,
    FilePermissionError,
    HostError,
    InterruptedStepError,
    MissingDirectoryError,
    MissingFileError,
    NotExecutableError,
    OutputTooLargeError,
    StaleControllerError,
    StartFailedError,
    StdinClosedError,
)
from nepi.hosts.files import FileInfo, Files
from nepi.hosts.host import Address, Facts, Host, Process
from nepi.hosts.job import PIPE, STDOUT, Completed, Exit, Job, Limits, Stopped

__all__ = [
    "PIPE",
    "STDOUT",
    "Address",
    "AgentStartError",
    "CommandNotFoundError",
    "CommandTimeoutError",
    "Completed",
    "ConnectionLostError",
    "DiskFullError",
    "Exit",
    "Facts",
    "FileError",
    "FileInfo",
    "FilePermissionError",
    "Files",
    "Host",
    "HostError",
    "InterruptedStepError",
    "Job",
    "Limits",
    "MissingDirectoryError",
    "MissingFileError",
    "NotExecutableError",
    "OutputTooLargeError",
    "Process",
    "StaleControllerError",
    "StartFailedError",
    "StdinClosedError",
    "Stopped",
]
