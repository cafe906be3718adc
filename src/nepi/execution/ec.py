# SPDX-License-Identifier: BSD-3-Clause
"""The controller of classic experiments: what NEPI scripts import.

What it describes is in `describing`, what it does in `operating`; here are its own life and looks.
"""

import os
import secrets
import tempfile
import threading
from pathlib import Path

from nepi.core.conditions import Guid
from nepi.execution.carrier import Carrier
from nepi.execution.controller import Line
from nepi.execution.operating import Operating
from nepi.execution.relations import Guids, guids_of
from nepi.execution.states import ECState, FailureLevel
from nepi.experiment import Experiment
from nepi.runtime.errors import EngineError
from nepi.runtime.pool import limit_from_environment

__all__ = ["ECState", "ExperimentController", "FailureLevel"]


class ExperimentController(Operating):
    """Describes an experiment, deploys it, controls it: resources are known by int guids.

    For new scripts nepi.Experiment says the same with types.
    """

    def __init__(
        self,
        exp_id: str | None = None,
        local_dir: str | os.PathLike[str] | None = None,
        persist: bool = False,
    ) -> None:
        super().__init__()
        chosen = exp_id or f"exp-{secrets.token_hex(8)}"
        place = local_dir or os.environ.get("NEPI_LOCAL_DIR") or tempfile.gettempdir()
        experiment = Experiment(chosen, local_dir=place, on_failure="abort", pictures=False)
        self._exp_id = chosen
        self._persist = persist
        self._carrier = Carrier(self._resources, experiment, at_exit=self._forgotten)
        self._ending = threading.RLock()

    # -- what it is -----------------------------------------------------------------------------

    @property
    def exp_id(self) -> str:
        return self._exp_id

    @property
    def run_id(self) -> str:
        """The time of its creation, as 20 digits."""
        return self._carrier.experiment.run_id

    @property
    def local_dir(self) -> str:
        return str(Path(self.exp_dir).parent)

    @property
    def exp_dir(self) -> str:
        return str(self._carrier.experiment.run_dir.parent)

    @property
    def run_dir(self) -> str:
        """Where this run leaves everything; it is made when there is something to leave."""
        return str(self._carrier.experiment.run_dir)

    @property
    def persist(self) -> bool:
        return self._persist

    @property
    def nthreads(self) -> int:
        """How many steps may block at once, at most (NEPI_NTHREADS)."""
        return limit_from_environment()

    @property
    def abort(self) -> bool:
        """Whether a critical resource has failed: nothing new begins any more."""
        return self._carrier.engine.aborted is not None

    @property
    def failure_level(self) -> int:
        if self._carrier.engine.trouble is not None:
            return FailureLevel.EC_FAILURE
        return FailureLevel.RM_FAILURE if self.abort else FailureLevel.OK

    @property
    def ecstate(self) -> int:
        failed = self.failure_level == FailureLevel.EC_FAILURE
        return ECState.FAILED if failed else self._ecstate

    def inform_failure(self, guid: Guid) -> None:
        """Take note that a resource has FAILED; the engine knows, and has done what follows."""
        self.debug(f"resource {guid} has failed")

    def line(self, guid: Guid) -> Line | None:
        """Return the way to the engine for *guid*, which is introduced to it if need be."""
        if guid not in self._resources:
            return None
        self._carrier.begin()
        self._carrier.meet(guid)
        return self._carrier

    def log_message(self, msg: str) -> str:
        return f"{self._exp_id} - {msg}"

    # -- the end --------------------------------------------------------------------------------

    def release(self, guids: Guids | None = None) -> None:
        """Release *guids*, or all; return when they are RELEASED."""
        chosen = self.resources if guids is None else guids_of(guids)
        self._check(chosen)
        if self._ecstate == ECState.TERMINATED:
            return
        if self._carrier.begun:
            with self._orderly():
                self._carrier.release(chosen, stubborn=self._is_ending)
        else:
            for guid in chosen:
                self._carrier.release_unbegun(self._resources[guid])
        if guids is None and self._ecstate == ECState.RUNNING:
            self._ecstate = ECState.RELEASED
        for guid in chosen:
            if self._resources[guid].get("hardRelease"):
                self.remove_resource(guid)

    def _forgotten(self) -> None:
        self.warning("the script ends without shutdown(); it is called now")
        self.shutdown()

    def shutdown(self) -> None:
        """Release everything, write down how it went, end; a second call does nothing."""
        with self._ending:
            if self._ecstate == ECState.TERMINATED:
                return
            self._is_ending = True
            self._drop_tasks()
            try:
                self.release()
            except EngineError as error:
                self.error(f"not everything could be released: {error}")
            self._ecstate = ECState.TERMINATED
            self._carrier.close()
