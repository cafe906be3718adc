# SPDX-License-Identifier: BSD-3-Clause
"""What the interpreter itself takes for the like, without any engine: `floors.py CASE COUNT`.

The last line it prints is its figures in JSON.
"""

import asyncio
import json
import sys
import threading
import time
from collections.abc import Callable

from usage import cpu

LASTS = 0.5  # seconds, as in the other scenarios


def hops(count: int) -> dict[str, float]:
    """From one thread through a loop in a second to a third, as a condition has to go."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    bell, answer = threading.Semaphore(0), threading.Semaphore(0)
    met: list[float] = []
    begun: list[float] = []

    def work() -> None:
        while True:
            bell.acquire()
            begun.append(time.monotonic())
            answer.release()

    threading.Thread(target=work, daemon=True).start()
    for _ in range(count):
        met.append(time.monotonic())
        loop.call_soon_threadsafe(bell.release)
        answer.acquire()
    hops = sorted(b - m for m, b in zip(met, begun, strict=True))
    return {"median": hops[count // 2], "p95": hops[int(0.95 * (count - 1))]}


def timers(count: int) -> dict[str, float]:
    """So many coroutines that await a timer."""

    async def all_of_them() -> None:
        await asyncio.gather(*(asyncio.sleep(LASTS) for _ in range(count)))

    begun = time.monotonic()
    asyncio.run(all_of_them())
    return {"wall": time.monotonic() - begun}


def threads(count: int) -> dict[str, float]:
    """So many threads that block."""
    begun = time.monotonic()
    hired = [threading.Thread(target=threading.Event().wait, args=(LASTS,)) for _ in range(count)]
    for thread in hired:
        thread.start()
    for thread in hired:
        thread.join()
    return {"wall": time.monotonic() - begun}


def tasks(count: int) -> dict[str, float]:
    """Three tasks with nothing in them for each resource."""

    async def nothing() -> None:
        pass

    async def all_of_them() -> None:
        for _ in range(3):
            await asyncio.gather(*(nothing() for _ in range(count)))

    before = cpu()
    asyncio.run(all_of_them())
    return {"cpu": cpu() - before}


CASES: dict[str, Callable[[int], dict[str, float]]] = {
    "hops": hops,
    "timers": timers,
    "threads": threads,
    "tasks": tasks,
}

if __name__ == "__main__":
    print(json.dumps(CASES[sys.argv[1]](int(sys.argv[2]))), flush=True)
