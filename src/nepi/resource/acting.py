# SPDX-License-Identifier: BSD-3-Clause
"""Being part of an experiment: verbs and moments, state, directory, traces, neighbours.

Only passed on: what an experiment does with it is behind `Binding`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from nepi.core.conditions import Guid
from nepi.core.lifecycle import State, Step
from nepi.core.messages import Failure
from nepi.resource.blueprint import Field
from nepi.resource.configured import Configured
from nepi.resource.declaring import internal
from nepi.resource.errors import AlreadyAddedError, MissingConnectionError, NotDeployedError
from nepi.resource.traces import TraceFile
from nepi.resource.verbs import Binding, Moment, Setter, Verb

T = TypeVar("T")


class Acting(Configured):
    """Acts and is seen through the experiment that it is part of."""

    _binding: Binding | None = internal(default=None)
    _guid: Guid = internal(default=0)
    _neighbours: "list[Acting] | None" = internal(default=None)
    _joined: "dict[str, list[Acting]] | None" = internal(default=None)

    # -- the experiment -------------------------------------------------------------------------

    def bind(self, binding: Binding, guid: Guid) -> None:
        """Make it part of an experiment, as *guid*."""
        if self._binding is not None:
            raise AlreadyAddedError(f"{self.label} is part of an experiment already")
        self._binding = binding
        self._guid = guid

    @property
    def binding(self) -> Binding:
        """The experiment that it is part of."""
        if self._binding is None:
            raise NotDeployedError(f"{self.label} is in no experiment yet: exp.add(...) it first")
        return self._binding

    @property
    def guid(self) -> Guid:
        """Its number in the experiment."""
        _ = self.binding
        return self._guid

    @property
    def label(self) -> str:
        """How messages call it: by its type, and its name or number."""
        numbered = self._guid and not self.__dict__.get("name")
        return f"{super().label} #{self._guid}" if numbered else super().label

    @property
    def state(self) -> State:
        """Where it is in its life."""
        return State.NEW if self._binding is None else self._binding.state(self._guid)

    @property
    def failure(self) -> Failure | None:
        """Why it failed, if it did."""
        return None if self._binding is None else self._binding.failure(self._guid)

    @property
    def directory(self) -> Path:
        """Its folder in the directory of the run."""
        return self.binding.directory(self._guid)

    def trace(self, name: str) -> TraceFile:
        """Return what it has left, or is still writing, under the name of a trace."""
        self._trace(name)
        return self.binding.trace(self._guid, name)

    def _fixed(self) -> bool:
        return self._binding is not None and self._binding.deployed(self._guid)

    def _change(self, field: Field, value: object) -> None:
        if field.live and self._fixed():
            self.set(**{field.name: value})
        else:
            super()._change(field, value)

    # -- neighbours -----------------------------------------------------------------------------

    @property
    def neighbours(self) -> "tuple[Acting, ...]":
        """All it is connected to, in the order in which that was done."""
        return tuple(self._neighbours or ())

    def neighbour(self, peer: type[T]) -> T:
        """Return the only neighbour that is a *peer*."""
        match [each for each in self._neighbours or () if isinstance(each, peer)]:
            case [only]:
                return only
            case found:
                raise MissingConnectionError(
                    f"{self.label} needs one neighbour that is a {peer.__name__}, "
                    f"it has {len(found)}"
                )

    def joined(self, port: str) -> Sequence[Any]:
        """Return the neighbours of the connection declared as *port*."""
        return (self._joined or {}).get(port, ())

    def join(self, other: "Acting", port: str | None) -> None:
        """Note that *other* is a neighbour; `nepi.resource.connect` has checked that it may be."""
        if self._neighbours is None:
            self._neighbours, self._joined = [], {}
        self._neighbours.append(other)
        if port is not None and self._joined is not None:
            self._joined.setdefault(port, []).append(other)

    # -- verbs and moments ----------------------------------------------------------------------

    @property
    def set(self) -> Setter:
        """Set attributes now, or later by exp.at."""
        return Setter(self)

    @property
    def discover(self) -> Verb:
        """Find what it is to be."""
        return Verb(self, Step.DISCOVER)

    @property
    def provision(self) -> Verb:
        """Get it, or make it."""
        return Verb(self, Step.PROVISION)

    @property
    def deploy(self) -> Verb:
        """Make it ready to start."""
        return Verb(self, Step.DEPLOY)

    @property
    def start(self) -> Verb:
        """Start it."""
        return Verb(self, Step.START)

    @property
    def stop(self) -> Verb:
        """Stop it."""
        return Verb(self, Step.STOP)

    @property
    def release(self) -> Verb:
        """Give back all it has taken."""
        return Verb(self, Step.RELEASE)

    @property
    def discovered(self) -> Moment:
        """The moment at which it became DISCOVERED."""
        return Moment(self, State.DISCOVERED)

    @property
    def provisioned(self) -> Moment:
        """The moment at which it became PROVISIONED."""
        return Moment(self, State.PROVISIONED)

    @property
    def ready(self) -> Moment:
        """The moment at which it became READY."""
        return Moment(self, State.READY)

    @property
    def started(self) -> Moment:
        """The moment at which it became STARTED."""
        return Moment(self, State.STARTED)

    @property
    def stopped(self) -> Moment:
        """The moment at which it became STOPPED."""
        return Moment(self, State.STOPPED)

    @property
    def failed(self) -> Moment:
        """The moment at which it became FAILED."""
        return Moment(self, State.FAILED)

    @property
    def released(self) -> Moment:
        """The moment at which it became RELEASED."""
        return Moment(self, State.RELEASED)
