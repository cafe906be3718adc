# SPDX-License-Identifier: BSD-3-Clause
from typing import Any

from nepi.cli.progress import Progress
from nepi.core.lifecycle import State


def add(guid: int, name: str, rtype: str = "linux::Application") -> dict[str, Any]:
    return {"t": 0.0, "kind": "add", "guid": guid, "rtype": rtype, "name": name, "critical": True}


def reached(guid: int, state: str, at: float, failure: str = "") -> dict[str, Any]:
    record: dict[str, Any] = {"t": at, "kind": "reached", "guid": guid, "state": state, "at": at}
    if failure:
        record["failure"] = {"type": "ExitError", "message": failure, "trace": ""}
    return record


def hold(guid: int, group: list[int], state: str, delay: float = 0.0) -> dict[str, Any]:
    condition = {"step": "start", "group": group, "state": state, "delay": delay}
    return {"t": 0.0, "kind": "hold", "guid": guid, **condition}


def told(*records: dict[str, Any]) -> Progress:
    progress = Progress()
    progress.fold(records)
    return progress


def test_every_resource_is_where_its_last_state_says() -> None:
    progress = told(add(1, "server"), reached(1, "READY", 5.0), reached(1, "STARTED", 6.0))
    assert progress.items[1].state is State.STARTED
    assert progress.counts[State.STARTED] == 1
    assert progress.counts[State.READY] == 0
    assert progress.by_type["linux::Application", State.STARTED] == 1


def test_the_outcome_survives_release() -> None:
    records = [add(1, "a"), reached(1, "STARTED", 1.0), reached(1, "FAILED", 2.5, "exit code 3")]
    progress = told(*records, reached(1, "RELEASED", 9.0))
    item = progress.items[1]
    assert (item.state, item.outcome, item.failure) == (
        State.RELEASED,
        State.FAILED,
        "exit code 3",
    )
    assert item.lasted == 1.5
    assert progress.over


def test_a_restart_begins_the_time_anew() -> None:
    records = [add(1, "a"), reached(1, "STARTED", 1.0), reached(1, "STOPPED", 2.0)]
    progress = told(*records, reached(1, "STARTED", 5.0))
    assert progress.items[1].lasted is None
    progress.fold([reached(1, "STOPPED", 9.0)])
    assert progress.items[1].lasted == 4.0


def test_time_counts_from_the_moment_all_are_ready() -> None:
    progress = told(add(1, "a"), reached(1, "READY", 3.0))
    assert progress.time(3.0) == 3.0
    progress.fold([reached(0, "STARTED", 4.0)])
    assert progress.time(6.5) == 2.5


def test_who_waits_for_another_says_so() -> None:
    progress = told(
        add(1, "server"),
        add(2, "client"),
        hold(2, [1], "STARTED", 1.0),
        reached(1, "READY", 1.0),
        reached(2, "READY", 1.0),
        reached(0, "STARTED", 1.0),
    )
    client = progress.items[2]
    assert progress.waits(client, 1.0) == "start waits for server STARTED + 1 s"
    progress.fold([reached(1, "STARTED", 2.0)])
    assert progress.waits(client, 2.4) == "start waits for 0.6 s more"
    assert progress.waits(client, 3.1) == ""


def test_a_ready_resource_waits_for_all_the_others() -> None:
    progress = told(add(1, "a"), add(2, "b"), reached(1, "READY", 1.0))
    assert progress.waits(progress.items[1], 1.0) == "start waits for all to be READY"


def test_of_a_big_group_only_some_are_named() -> None:
    members = list(range(1, 8))
    records = [add(guid, f"n{guid}") for guid in (*members, 9)]
    progress = told(*records, hold(9, members, "STOPPED"), reached(9, "READY", 1.0))
    assert progress.waits(progress.items[9], 1.0) == "start waits for n1, n2 and 5 others STOPPED"


def test_who_is_at_a_step_waits_for_nothing() -> None:
    progress = told(add(1, "a"), {"t": 1.0, "kind": "run", "guid": 1, "step": "deploy"})
    assert progress.items[1].step == "deploy"
    assert progress.waits(progress.items[1], 1.0) == ""


def test_a_retry_is_remarked() -> None:
    failure = {"type": "OSError", "message": "no route", "trace": ""}
    retried = {
        "t": 1.0,
        "kind": "retried",
        "guid": 1,
        "step": "deploy",
        "failure": failure,
        "at": 2.0,
    }
    assert told(add(1, "a"), retried).items[1].remark == "deploy is tried again: no route"


def test_an_abort_names_who_failed() -> None:
    failure = {"type": "ExitError", "message": "", "trace": ""}
    aborted = {"t": 1.0, "kind": "aborted", "guid": 1, "step": "start", "failure": failure}
    assert told(add(1, "server"), aborted).aborted == "server: ExitError"


def test_records_of_kinds_unknown_here_are_passed_over() -> None:
    assert told({"t": 1.0, "kind": "journal"}, {"t": 2.0, "kind": "woke", "token": 1}).latest == 2.0
