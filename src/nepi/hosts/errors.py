# SPDX-License-Identifier: BSD-3-Clause
"""What a machine refuses: one class for each thing that a caller can act upon."""

from collections.abc import Mapping

from nepi.agent.errors import Code


class HostError(Exception):
    """A machine could not do what was asked of it; the message says what would help."""


class AgentStartError(HostError):
    """No agent could be begun on the machine."""


class ConnectionLostError(HostError):
    """The agent cannot be reached any more; what it runs may go on."""


class StaleControllerError(HostError):
    """Another controller has taken over this run."""


class WrongRunError(HostError):
    """The agent belongs to another run."""


class ProtocolMismatchError(HostError):
    """The agent is of another version."""


class RequestError(HostError):
    """The request makes no sense to the agent."""


class InterruptedStepError(HostError):
    """The agent died while it carried this out: whether it was done is not known."""


class CommandNotFoundError(HostError):
    """There is no such command on the machine."""


class NotExecutableError(HostError):
    """The command is there but cannot be executed."""


class MissingDirectoryError(HostError):
    """The working directory of a command cannot be used."""


class StartFailedError(HostError):
    """The machine has no room for another process, or the limits asked for cannot be set."""


class NoSuchJobError(HostError):
    """The agent knows no such job."""


class StdinClosedError(HostError):
    """The process reads no input any more."""


class CommandTimeoutError(HostError):
    """A short command took longer than it was given."""


class OutputTooLargeError(HostError):
    """A short command printed more than its answer may hold."""


class FileError(HostError):
    """A file of the machine cannot be used as asked."""


class MissingFileError(FileError):
    """There is no such file, or no such folder on the way to it."""


class FilePermissionError(FileError):
    """The user may not do this with the file, or signal that process."""


class DiskFullError(FileError):
    """No room is left on the disk."""


_CLASSES: Mapping[str, type[HostError]] = {
    Code.BAD_REQUEST: RequestError,
    Code.WRONG_RUN: WrongRunError,
    Code.STALE_EPOCH: StaleControllerError,
    Code.PROTOCOL: ProtocolMismatchError,
    Code.INTERRUPTED: InterruptedStepError,
    Code.COMMAND_NOT_FOUND: CommandNotFoundError,
    Code.NOT_EXECUTABLE: NotExecutableError,
    Code.MISSING_DIRECTORY: MissingDirectoryError,
    Code.START_FAILED: StartFailedError,
    Code.NO_SUCH_JOB: NoSuchJobError,
    Code.STDIN_CLOSED: StdinClosedError,
    Code.TIMEOUT: CommandTimeoutError,
    Code.OUTPUT_TOO_LARGE: OutputTooLargeError,
    Code.MISSING_FILE: MissingFileError,
    Code.PERMISSION: FilePermissionError,
    Code.DISK_FULL: DiskFullError,
    Code.FILE: FileError,
}


def of_code(code: str, message: str) -> HostError:
    """The error that an agent's refusal means here."""
    return _CLASSES.get(code, HostError)(message)
