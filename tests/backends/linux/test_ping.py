# SPDX-License-Identifier: BSD-3-Clause
"""`linux::Ping`: how ping is asked, what becomes of its answers, what is a failure."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from nepi.backends.linux import Node, Ping
from nepi.backends.linux.ending import ApplicationFailedError
from nepi.backends.linux.parsers.ping import Reply
from nepi.hosts.fake import Running, run_virtual, scripted
from nepi.resource import InvalidValueError
from tests.backends.linux.stage import Stage, begin, complete, fake_machine, this_machine

DATA = Path(__file__).parents[2] / "data" / "linux-ping"


def words(ping: Ping) -> str:
    return " ".join(ping.argv())


def test_how_ping_is_asked() -> None:
    assert words(Ping("a.example")) == "ping -O -D -s 56 -- a.example"
    full = Ping(
        "::1",
        count=3,
        interval="200 us",
        packet_size="1 KiB",
        ttl=5,
        deadline="1.5 s",
        timeout="500 ms",
        address="eth0",
        version=6,
        numeric=True,
        preload=2,
        pattern="ff00",
        tos="0x10",
        mark=7,
        send_buffer="1 MiB",
        timestamp="tsonly",
        hint="do",
        print_timestamp=False,
        quiet=True,
        record_route=True,
        route_bypass=True,
        full_latency=True,
        verbose=True,
        flood=True,
    )
    assert words(full) == (
        "ping -O -n -q -R -r -U -v -f -6 -c 3 -i 0.0002 -s 1024 -t 5 -W 0.5 -I eth0 -l 2 -p ff00 "
        "-Q 0x10 -m 7 -S 1048576 -T tsonly -M do -w 2 -- ::1"
    )


def test_it_is_read_in_one_language() -> None:
    assert Ping("a", env={"LC_ALL": "de_DE", "A": "1"}).environment() == {"A": "1", "LC_ALL": "C"}


def test_what_scripts_of_nepi_set() -> None:
    ping = Ping.draft()
    for name, value in {
        "target": "127.0.0.1",
        "count": 3,
        "interval": "0.2",
        "packetSize": "100",
        "ttl": "9",
        "printTimestamp": True,
        "recordRoute": False,
        "routeBypass": False,
        "fullLatency": False,
        "sendBuff": "4096",
        "deadline": "5",
        "timeout": "1",
        "tos": "16",
        "preload": None,
    }.items():
        ping.set_classic(name, value)
    assert words(ping) == (
        "ping -O -D -c 3 -i 0.2 -s 100 -t 9 -W 1 -Q 16 -S 4096 -w 5 -- 127.0.0.1"
    )


@pytest.mark.parametrize("target", ["", " ", "-f", "a b"])
def test_what_is_no_target_is_refused(target: str) -> None:
    with pytest.raises(InvalidValueError, match=r"target: .* does not look like"):
        Ping(target)


def test_how_long_it_lasts_is_known_beforehand() -> None:
    assert Ping("a").lifetime() is None
    assert Ping("a", count=5, interval="2 s").lifetime() == 8.0
    assert Ping("a", count=5, interval="2 s", deadline=3).lifetime() == 3.0


def played(case: str, tmp_path: Path) -> Ping:
    """Let a ping live on a fake host where it prints what was recorded."""

    async def scenario() -> Ping:
        told = json.loads((DATA / f"{case}.json").read_text(encoding="utf-8"))
        stage = Stage(folder=tmp_path)
        program = scripted(
            output=told["stdout"].encode(), error=told["stderr"].encode(), code=told["exit"]
        )
        machine = fake_machine(stage, ping=program)
        ping = stage.add(Ping("x", name="p"), on=machine)
        await complete(ping)
        return ping

    return run_virtual(scenario())


def test_answers_become_records(tmp_path: Path) -> None:
    ping = played("some-lost", tmp_path)
    assert [reply.seq for reply in ping.replies] == [1, 2, 3, 6, 7, 8]
    assert ping.unanswered == (4, 5)
    assert ping.summary is not None
    assert ping.summary.lost == 2
    assert list(ping.records()) == [*ping.replies, ping.summary, ping.result]


@pytest.mark.parametrize("case", ["silence", "no-answer-yet", "host-unreachable", "ttl-exceeded"])
def test_that_all_are_lost_is_a_result(case: str, tmp_path: Path) -> None:
    ping = played(case, tmp_path)
    assert ping.exit_code == 1
    assert ping.replies == ()
    assert ping.summary is not None
    assert ping.summary.loss == 100.0
    assert len(ping.troubles) == ping.summary.errors


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ("unknown-host", "exit code 2: ping: nosuch.invalid: Name or service not known"),
        ("no-route", "exit code 2: ping: connect: Network is unreachable"),
        ("unreachable-route", "No route to host"),
        ("wrong-option", "exit code 1: ping: invalid argument: '0'"),
    ],
)
def test_what_is_wrong_is_told_in_the_words_of_ping(case: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(ApplicationFailedError, match=f"linux::Ping 'p': .*{told}"):
        played(case, tmp_path)


def test_answers_are_there_while_it_runs(tmp_path: Path) -> None:
    async def one_a_second(running: Running) -> int:
        for seq in (1, 2, 3):
            await asyncio.sleep(1)
            line = f"64 bytes from 127.0.0.1: icmp_seq={seq} ttl=64 time=0.5 ms\n".encode()
            running.print(line[:9])
            running.print(line[9:])
        await asyncio.sleep(3600)
        return 0

    async def scenario() -> None:
        stage = Stage(folder=tmp_path)
        machine = fake_machine(stage, ping=one_a_second)
        ping = stage.add(Ping("x"), on=machine)
        await begin(ping)
        await asyncio.sleep(2.5)
        assert [reply.seq for reply in ping.replies] == [1, 2]
        assert list(ping.records()) == list(ping.replies)
        await ping.do_stop()
        await ping.finished()
        assert ping.replies[0] == Reply(seq=1, size=64, source="127.0.0.1", ttl=64, rtt=0.0005)
        assert ping.summary is None

    run_virtual(scenario())


@pytest.fixture
def play(tmp_path: Path) -> "Play":
    """Play a scenario on this machine."""

    async def on_this_machine(scenario: Scenario) -> None:
        async with this_machine(tmp_path / "run") as (stage, node):
            await scenario(stage, node)

    return lambda scenario: asyncio.run(on_this_machine(scenario))


Scenario = Callable[[Stage, Node], Awaitable[None]]
Play = Callable[[Scenario], None]


@pytest.mark.parametrize("target", ["127.0.0.1", "::1"])
def test_this_machine_answers(play: Play, target: str) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        ping = stage.add(Ping(target, count=3, interval="10 ms"), on=node)
        await complete(ping)
        assert [reply.seq for reply in ping.replies] == [1, 2, 3]
        assert all(reply.rtt is not None and reply.time is not None for reply in ping.replies)
        assert ping.summary is not None
        assert (ping.summary.sent, ping.summary.lost) == (3, 0)

    play(scenario)


async def first_words(ping: Ping) -> None:
    """Return when it has begun to print, and so knows what to do at a signal."""
    size = ping._taken  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    process = ping._process  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    assert process is not None
    async for _ in process.follow("stdout", size):
        return


def test_stopped_it_tells_its_summary(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        ping = stage.add(Ping("127.0.0.1", interval="10 ms"), on=node)
        await ping.do_deploy()
        for _ in range(2):
            await ping.do_start()
            ended = asyncio.ensure_future(ping.finished())
            await first_words(ping)
            await ping.do_stop()
            await ended
            assert ping.summary is not None
            assert ping.result is not None
            assert ping.result.stopped
        kinds = [type(each).__name__ for each in ping.records()]
        assert kinds.count("Summary") == 2

    play(scenario)


def test_a_name_that_nobody_knows_is_a_failure(play: Play) -> None:
    async def scenario(stage: Stage, node: Node) -> None:
        # The empty label is refused on this machine: no server is asked for the name.
        ping = stage.add(Ping("no..such", count=1, numeric=True), on=node)
        with pytest.raises(ApplicationFailedError, match=r"exit code 2: ping: no\.\.such: "):
            await complete(ping)

    play(scenario)
