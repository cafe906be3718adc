# SPDX-License-Identifier: BSD-3-Clause
"""How the parts of an engine are put together, once its loop is there."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define

from nepi.core.conditions import Guid
from nepi.core.messages import Add, Apply, Set
from nepi.core.orchestrator import Orchestrator
from nepi.core.stepping import OnFailure
from nepi.runtime.answers import Answer
from nepi.runtime.chronicle import Chronicle
from nepi.runtime.driver import Driver
from nepi.runtime.endings import Endings
from nepi.runtime.journal import Journal
from nepi.runtime.lines import EVENTS, set_line
from nepi.runtime.mailbox import Mailbox
from nepi.runtime.obeying import Obeying
from nepi.runtime.performing import Performer
from nepi.runtime.pool import Crew
from nepi.runtime.portal import Portal
from nepi.runtime.scribe import Scribe
from nepi.runtime.settings import Give, Settings
from nepi.runtime.subscriptions import Subscriptions
from nepi.runtime.timers import Timers

Redact = Callable[[Guid, str, object], object]
"""What the journal says in the place of a value that is set."""


@define(eq=False, kw_only=True)
class Plan:
    """What a driver is made from."""

    portal: Portal
    mailbox: Mailbox
    actors: Mapping[Guid, Any]
    adds: Mapping[Guid, Add]
    chronicle: Chronicle
    journal: Journal | None
    on_failure: OnFailure
    threads: int | None
    give: Give | None
    redact: Redact | None
    trouble: Callable[[str, BaseException], None]
    collapsed: Callable[[Exception], None]


def assemble(plan: Plan) -> Driver:
    """Return a driver whose parts know each other."""
    loop, mailbox = plan.portal.loop, plan.mailbox
    pool = plan.portal.new_pool(plan.threads)
    timers = Timers(loop, plan.portal.clock)
    obeying = Obeying(
        actors=plan.actors,
        mailbox=mailbox,
        performer=Performer(loop, pool, plan.actors, mailbox.post),
        timers=timers,
        endings=Endings(loop, plan.actors, plan.adds, mailbox.post),
        settings=Settings(plan.give or _giver(plan.actors), _submitter(pool), _teller(plan)),
        chronicle=plan.chronicle,
    )
    scribe = Scribe(
        plan.journal,
        timers=timers,
        submit=_submitter(pool),
        post=mailbox.post,
    )
    return Driver(
        loop=loop,
        clock=plan.portal.clock,
        orchestrator=Orchestrator(on_failure=plan.on_failure),
        mailbox=mailbox,
        pool=pool,
        timers=timers,
        obeying=obeying,
        scribe=scribe,
        subscriptions=Subscriptions(),
        encode={**EVENTS, Set: _set_line(plan.redact)} if plan.redact else EVENTS,
        collapsed=plan.collapsed,
    )


def _submitter(pool: Crew) -> Callable[[Any], None]:
    def submit(job: Any) -> None:
        if pool.submit(job):
            pool.watch()

    return submit


def _giver(actors: Mapping[Guid, Any]) -> Give:
    def give(guid: Guid, name: str, value: object) -> None:
        setattr(actors[guid], name, value)

    return give


def _teller(plan: Plan) -> Callable[[Apply, Answer | None, BaseException | None], None]:
    def told(order: Apply, answer: Answer | None, error: BaseException | None) -> None:
        if answer is not None:
            answer.give(error=error)
        elif error is not None:
            text = f"setting {order.name} of resource {order.guid} failed: {error}"
            plan.trouble(text, error)

    return told


def _set_line(redact: Redact) -> Callable[[Set], str]:
    def line(event: Set) -> str:
        return set_line(event, redact(event.guid, event.name, event.value))

    return line
