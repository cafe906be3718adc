# SPDX-License-Identifier: BSD-3-Clause
"""What an author waits for, and what he is told when it cannot come any more."""

import time
from collections.abc import Iterator

from attrs import define

from nepi.core.conditions import Guid
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Aborted
from nepi.experiment.errors import AbortedError, ForeignResourceError, ResourceFailedError
from nepi.experiment.life import Life
from nepi.resource import Moment, NotDeployedError, Resource

STDERR = "stderr"
SHOWN_LINES = 5
READ_AT_MOST = 4096

Target = tuple[State, tuple[Guid, ...]]


@define(eq=False)
class Waits:
    """Waits of authors; each raises AbortedError at an abort, before or meanwhile."""

    life: Life
    told: bool = False
    """Whether somebody has been told of the abort by an exception."""

    def wait(self, *things: Resource | Moment, timeout: float | None = None) -> None:
        """Wait for all of *things*: moments, or resources to be STOPPED."""
        end = None if timeout is None else time.monotonic() + timeout
        for state, guids in self.targets(things):
            left = None if end is None else max(0.0, end - time.monotonic())
            self.life.engine.wait(guids, state, timeout=left)
            self.check()

    async def wait_aio(self, *things: Resource | Moment, timeout: float | None = None) -> None:
        """Do as `wait`, from a loop."""
        end = None if timeout is None else time.monotonic() + timeout
        for state, guids in self.targets(things):
            left = None if end is None else max(0.0, end - time.monotonic())
            await self.life.engine.wait_aio(guids, state, timeout=left)
            self.check()

    def targets(self, things: tuple[Resource | Moment, ...]) -> Iterator[Target]:
        """Return what to wait for: resources by the state they should reach."""
        wanted: dict[State, list[Guid]] = {}
        for thing in things or self.whatever_ends():
            moment = Moment(thing, State.STOPPED) if isinstance(thing, Resource) else thing
            wanted.setdefault(moment.state, []).append(self._guid(moment))
        self.check()
        return ((state, tuple(guids)) for state, guids in wanted.items())

    def _guid(self, moment: Moment) -> Guid:
        guid = moment.resource.guid
        if self.life.roster.resources.get(guid) is not moment.resource:
            label = moment.resource.label
            raise ForeignResourceError(f"{label} is in another experiment: wait for it there")
        if guid not in self.life.deployed:
            label = moment.resource.label
            raise NotDeployedError(f"{label} was not deployed: call exp.deploy() before waiting")
        if moment.delay:
            raise ValueError(
                f"wait for the moment itself, not for {moment}; use call_at, or .after"
            )
        return guid

    def whatever_ends(self) -> tuple[Resource, ...]:
        """Return the deployed resources that come to an end: by themselves, or as it was said."""
        stopped = {held.guid for held in self.life.roster.held if held.step is Step.STOP}
        stopped |= {one.guid for one in self.life.roster.dated if one.step is Step.STOP}
        resources = self.life.roster.resources
        known = ((guid, resources[guid]) for guid in self.life.known())
        return tuple(each for guid, each in known if each.ends() or guid in stopped)

    def check(self) -> None:
        """Raise AbortedError if there was an abort."""
        if aborted := self.life.engine.aborted:
            self.told = True
            raise self.error(aborted) from ResourceFailedError(aborted.failure)

    def error(self, aborted: Aborted) -> AbortedError:
        """Return the error that tells who failed in what, what it said, and where more is."""
        resource = self.life.roster.resources.get(aborted.guid)
        label = resource.label if resource else "the run"
        step = f" in its {aborted.step}" if aborted.step else ""
        # Types that know their resource say its name, and perhaps what it wrote, themselves.
        message = aborted.failure.message.removeprefix(f"{label}: ")
        words = [line for line in self.last_words(resource) if line not in message]
        said = "".join(f"\n    {line}" for line in words)
        text = (
            f"{label} failed{step}: {message}"
            + (f"\n  the end of its {STDERR}:{said}" if said else "")
            + f"\n  so the experiment was aborted; its files are in {self.life.run.path}"
        )
        name = resource.name if resource else ""
        return AbortedError(text, resource=name, step=aborted.step, failure=aborted.failure)

    def last_words(self, resource: Resource | None) -> list[str]:
        """Return the last lines that *resource* wrote to its stderr, if it has one."""
        if resource is None or not resource.traces().get(STDERR):
            return []
        trace = resource.trace(STDERR)
        if not trace.size:
            return []
        end = trace.read(offset=max(0, trace.size - READ_AT_MOST))
        return end.decode("utf-8", "replace").splitlines()[-SHOWN_LINES:]
