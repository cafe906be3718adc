# SPDX-License-Identifier: BSD-3-Clause
"""The life of one classic resource: the steps on its way, and who performs them.

The engine decides when; nothing here waits for it but the verbs a user calls. The state that the
steps lead to is in `keeping`.
"""

import threading
import traceback

from nepi.core.errors import Refusal
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Failure
from nepi.execution.controller import Line
from nepi.execution.keeping import Keeping
from nepi.runtime.errors import EngineError, StepRefusedError
from nepi.runtime.tasks import performs


class _Performing(threading.local):
    """The resources whose steps this thread performs, outermost first."""

    def __init__(self) -> None:
        self.now: list[Life] = []


_performing = _Performing()


class Life(Keeping):
    """The verbs, and how they are performed. Authors of types override the do_ methods."""

    # -- what authors override ------------------------------------------------------------------

    def do_discover(self) -> None:
        self.set_discovered()

    def do_provision(self) -> None:
        self.set_provisioned()

    def do_deploy(self) -> None:
        self.set_ready()

    def do_start(self) -> None:
        self.set_started()

    def do_stop(self) -> None:
        self.set_stopped()

    def do_release(self) -> None:
        self.set_released()

    def do_fail(self) -> None:
        self.set_failed()

    # -- what users call ------------------------------------------------------------------------

    @performs(Step.DISCOVER)
    def discover(self) -> None:
        """Find what the resource stands for, now, in this thread."""
        self._act(Step.DISCOVER)

    @performs(Step.PROVISION)
    def provision(self) -> None:
        """Prepare what was found, now, in this thread."""
        self._act(Step.PROVISION)

    @performs(Step.DEPLOY)
    def deploy(self) -> None:
        """Make READY, or try once more."""
        self._act(Step.DEPLOY)

    @performs(Step.START)
    def start(self) -> None:
        """Start now, in this thread, whatever the conditions say."""
        self._act(Step.START)

    @performs(Step.STOP)
    def stop(self) -> None:
        """Stop now, in this thread, whatever the conditions say."""
        self._act(Step.STOP)

    @performs(Step.RELEASE)
    def release(self) -> None:
        """Give back whatever it holds; what goes wrong is logged, RELEASED it is all the same."""
        try:
            self._act(Step.RELEASE)
        except EngineError:
            raise
        except Exception:  # noqa: BLE001 - `perform` has made an event of it already
            self.debug("RELEASED all the same")

    def fail(self) -> None:
        """Become FAILED, now; legal anywhere, in its own steps too."""
        if self._state is not State.RELEASED:
            self.do_fail()

    # -- how steps are performed ----------------------------------------------------------------

    def perform(self, step: Step) -> None:
        """Perform *step* in this thread; the engine, or a user it gave way to, calls this.

        Raise what the step raised, after FAILED (or, from a release, RELEASED) was noted.
        """
        inside = _performing.now
        inside.append(self)
        try:
            getattr(self, _DO[step])()
        except Exception as error:
            if step is Step.RELEASE:
                self._released_badly(error)
            else:
                self.blame(error, f"{step} failed")
            raise
        finally:
            inside.pop()

    def is_performing(self) -> bool:
        """Whether this thread is inside a step of this resource."""
        return self in _performing.now

    def blame(self, error: Exception, what: str) -> None:
        """Become FAILED because of *error*, unless that is known already; never raise."""
        if self._why is not None:
            return
        trace = "".join(traceback.format_exception(error))
        self._why = Failure(type(error).__name__, str(error), trace)
        self.error(f"{what}: {error!r}", err=trace)
        try:
            if self._state < State.FAILED:
                self.fail()
        except Exception as second:  # noqa: BLE001 - it has failed; how it says so may fail too
            self.error(f"do_fail failed, too: {second!r}")
        if self._state < State.FAILED:
            self.set_failed()

    def _released_badly(self, error: Exception) -> None:
        trace = "".join(traceback.format_exception(error))
        self.error(f"release failed, RELEASED all the same: {error!r}", err=trace)
        with self._lock:
            self.set_state_time(State.RELEASED, "_release_time")

    def _act(self, step: Step) -> None:
        if self.is_performing():
            self._act_inside(step)
            return
        line = self._line or self._find_line()
        if line is None:
            self.perform(step)
            return
        try:
            line.act(self._guid, step)
        except (Refusal, StepRefusedError) as refusal:
            self.refused(step, str(refusal))

    def refused(self, step: Step, reason: str) -> None:
        """Say that *step* could not be; the engine calls this, too."""
        # A retry that a type has scheduled for itself may come when there is nothing left to do.
        say = self.debug if step is Step.DEPLOY else self.error
        say(reason)

    def _act_inside(self, step: Step) -> None:
        if self._allows(step):
            getattr(self, _DO[step])()
        else:
            self.error(f"Wrong state {self._state.name} for {step}")

    def _allows(self, step: Step) -> bool:
        state = self._state
        if step is Step.START:
            return state in {State.READY, State.STOPPED}
        if step is Step.STOP:
            return state is State.STARTED
        if step is Step.DEPLOY:
            return state <= State.READY
        return state is not State.RELEASED

    def _find_line(self) -> Line | None:
        return None


_DO = {step: f"do_{step}" for step in Step}
