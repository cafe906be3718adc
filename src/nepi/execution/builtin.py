# SPDX-License-Identifier: BSD-3-Clause
"""Built-in types as classic scripts see them: a ResourceManager over a typed resource.

The typed resource performs the steps and has the values; here are only other names for them.
"""

from datetime import datetime, timedelta
from typing import Any, ClassVar, cast

from nepi.core.conditions import Guid
from nepi.core.errors import Refusal
from nepi.core.lifecycle import State, Step
from nepi.execution.attribute import Attribute, Flags, Types
from nepi.execution.controller import Controller, Line
from nepi.execution.declared import common_attributes
from nepi.execution.errors import FrozenAttributeError, UnknownAttributeError
from nepi.execution.relations import Guids, condition_of
from nepi.execution.resource import ResourceFactory, ResourceManager
from nepi.execution.trace import Trace, TraceAttr
from nepi.resource import AttributeInfo, Phase, Registry, Resource, describe
from nepi.resource import FrozenAttributeError as FixedError
from nepi.resource import UnknownAttributeError as NoAttributeError
from nepi.resource.traces import TraceFile
from nepi.runtime.engine import Engine
from nepi.util.timefuncs import tnow

_TYPES = {"boolean": Types.Bool, "integer": Types.Integer, "number": Types.Double}


class Builtin(ResourceManager):
    """The classic side of one resource; *resource* is the typed one."""

    typed: ClassVar[type[Resource]]
    engine: Engine | None = None

    def __init__(self, ec: Controller, guid: Guid) -> None:
        super().__init__(ec, guid)
        self.resource = self.typed.draft()
        for attr in self._attributes.values():
            if attr.has_changed:
                self.set(attr.name, attr.value)

    # -- values ---------------------------------------------------------------------------------

    @classmethod
    def field_of(cls, name: str) -> str | None:
        """Return how the typed resource calls attribute *name*, if it has it."""
        plan = cls.typed.blueprint()
        return name if name in plan.fields else plan.classic.get(name)

    @classmethod
    def _found(cls, attributes: dict[str, Attribute], name: str) -> Attribute:
        field = cls.field_of(name)
        classic = name if field is None else cls.typed.blueprint().fields[field].classic
        return super()._found(attributes, classic)

    def set(self, name: str, value: Any) -> None:
        field = self.field_of(name)
        if field is None:
            super().set(name, value)
            return
        try:
            self.resource.set_classic(name, value)
        except FixedError as error:
            raise FrozenAttributeError(str(error)) from None
        except NoAttributeError as error:
            raise UnknownAttributeError(str(error)) from None

    def get(self, name: str) -> Any:
        field = self.field_of(name)
        if field is None:
            return super().get(name)
        return None if field in self.resource.missing() else getattr(self.resource, field)

    def has_attribute(self, name: str) -> bool:
        return self.field_of(name) is not None or super().has_attribute(name)

    def has_changed(self, name: str) -> bool:
        return bool(self.get(name) != self._attribute(name).default)

    def register_condition(
        self, action: int, group: Guids, state: int, time: str | float | None = None
    ) -> None:
        super().register_condition(action, group, state, time)
        condition = condition_of(action, self.conditions[action][-1])
        ec = self.ec
        if all(isinstance(ec.get_resource(g), Builtin) for g in condition.requirement.group):
            # The experiment writes it down, too: it is part of the description and of the plan.
            self.resource.binding.hold(self._guid, condition.step, (condition.requirement,))

    # -- traces ---------------------------------------------------------------------------------

    def enable_trace(self, name: str) -> None:
        self.resource.set_trace(name, to=True)

    def trace_enabled(self, name: str) -> bool:
        known = self.resource.traces()
        return name in known and known[name] is not None

    def trace(
        self,
        name: str,
        attr: str = TraceAttr.ALL,
        block: int = 512,
        offset: int = 0,
    ) -> Any:
        """Return the whole trace, its size, its path, or its block number *offset*.

        Text where it is text, else bytes; None while there is nothing.
        """
        file: TraceFile = self.resource.trace(name)
        if attr == TraceAttr.PATH:
            return str(file.path)
        if not file.exists:
            return None
        if attr == TraceAttr.SIZE:
            return file.size
        if attr == TraceAttr.STREAM:
            return _text(file.read(block, offset=offset * block))
        return _text(file.read())

    # -- where it is ----------------------------------------------------------------------------

    def listen(self, line: Line) -> None:
        """Be known to the engine; the typed resource tells it everything."""
        self._line = line

    @property
    def state(self) -> State:
        if self._line is not None and self.engine is not None:
            return self.engine.state(self._guid)
        return self._state

    @property
    def discover_time(self) -> datetime | None:
        return self._time(State.DISCOVERED)

    @property
    def provision_time(self) -> datetime | None:
        return self._time(State.PROVISIONED)

    @property
    def ready_time(self) -> datetime | None:
        return self._time(State.READY)

    @property
    def start_time(self) -> datetime | None:
        return self._time(State.STARTED)

    @property
    def stop_time(self) -> datetime | None:
        return self._time(State.STOPPED)

    @property
    def failed_time(self) -> datetime | None:
        return self._time(State.FAILED)

    @property
    def release_time(self) -> datetime | None:
        return self._time(State.RELEASED)

    def _time(self, state: State) -> datetime | None:
        """Return when it last reached *state*; one that it passed through, when it did."""
        if self._line is None or self.engine is None:
            return None
        reached = self.engine.history(self._guid)
        moments = [one.at for one in reached if one.state is state]
        if not moments:
            moments = [one.at for one in reached if state < one.state < State.FAILED][:1]
        if not moments:
            return None
        return tnow() - timedelta(seconds=self.engine.now() - moments[-1])

    def _act(self, step: Step) -> None:
        if self._line is None:
            self._find_line()
        try:
            self.resource.binding.act(self._guid, step)
        except Refusal as refusal:
            self.refused(step, str(refusal))


def _text(data: bytes) -> str | bytes:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data


# -- the classes --------------------------------------------------------------------------------


_made: dict[type[Resource], type[Builtin]] = {}


def builtin_type(typed: type[Resource]) -> type[Builtin]:
    """Return the classic type over *typed*; it inherits as the typed one does."""
    if typed not in _made:
        _made[typed] = _make(typed)
    return _made[typed]


def _make(typed: type[Resource]) -> type[Builtin]:
    parents = [cls for cls in typed.__mro__[1:] if issubclass(cls, Resource) and cls.rtype]
    base = builtin_type(parents[0]) if parents else Builtin
    info = describe(typed)
    declared = [_attribute(typed, each) for each in info.attributes]
    body = {
        "typed": typed,
        "_rtype": typed.rtype,
        "_help": info.help,
        "_platform": typed.rtype.partition("::")[0],
        "_attributes": {attr.name: attr for attr in (*common_attributes(), *declared)},
        "_traces": {t.name: Trace(t.name, t.help, enabled=t.enabled) for t in info.traces},
    }
    return cast("type[Builtin]", type(typed.__name__, (base,), body))


def _attribute(typed: type[Resource], info: AttributeInfo) -> Attribute:
    field = typed.blueprint().fields[info.name]
    flags = Flags.Design if info.phase is Phase.DESIGN else Flags(0)
    return Attribute(
        info.classic_name,
        info.help,
        type=Types.Enumerate if info.choices else _TYPES.get(info.type, Types.String),
        flags=flags | (Flags.Credential if info.secret else Flags(0)),
        default=None if info.required else field.default(),
        allowed=info.choices or None,
    )


def find_builtin(rtype: str) -> type[Builtin]:
    """Return the classic type over the built-in type *rtype*, by any of its names."""
    return builtin_type(Registry.installed()[rtype])


ResourceFactory.look_in(find_builtin)
