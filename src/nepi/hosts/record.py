# SPDX-License-Identifier: BSD-3-Clause
"""What a run notes of an agent, so that it is found again by whoever comes after a crash."""

from pathlib import Path
from typing import Any

import attrs

from nepi.agent import directory, processes


@attrs.frozen(kw_only=True)
class AgentRecord:
    """Known in part before the agent is begun (run, directory), whole when it answers."""

    run: str
    directory: Path
    keeper: int = 0
    """0 while it is not known: then the directory says it."""
    start: int = 0
    boot: str = ""

    @property
    def socket(self) -> Path:
        """Where the agent listens."""
        return Path(directory.socket_path(str(self.directory)))

    def to_json(self) -> dict[str, Any]:
        """As it stands in the run registry."""
        return {**attrs.asdict(self), "directory": str(self.directory)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "AgentRecord":
        """The way back."""
        rest = {name: value for name, value in data.items() if name != "directory"}
        return cls(directory=Path(data["directory"]), **rest)

    def identity(self) -> tuple[int, int] | None:
        """Number and start time of the keeper, if it began in this boot of the machine."""
        if self.keeper:
            known = (self.keeper, self.start, self.boot)
        else:
            told = directory.parse_identity(directory.read(f"{self.directory}/keeper"))
            if told is None:
                return None
            known = told[:3]
        return known[:2] if known[2] == processes.boot_id() else None
