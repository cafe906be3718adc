# SPDX-License-Identifier: BSD-3-Clause
"""Listens to the experiments of a script and shows them, in a thread of its own.

The engine only drops its records into a queue here: showing never holds an experiment up.
"""

from collections.abc import Iterator, Sequence
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING

from nepi.cli.faces import Face, Watched
from nepi.cli.progress import Record

if TYPE_CHECKING:
    from nepi.experiment import Experiment

Told = tuple[Watched, Sequence[Record]]


class Audience:
    """Shows every experiment that it is told of, until it is closed."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self.experiments: dict[Watched, Experiment] = {}
        self._queue: SimpleQueue[Told | None] = SimpleQueue()
        self._closing = Event()
        self._thread = Thread(target=self._show, name="nepi-face", daemon=True)
        self._thread.start()

    def watch(self, experiment: "Experiment") -> None:
        """Show *experiment* from now on."""
        watched = Watched(experiment.name)
        self.experiments[watched] = experiment

        def told(records: Sequence[Record]) -> None:
            self._queue.put((watched, records))

        experiment.on(told)

    def close(self) -> None:
        """Show what there is to be shown, then no more."""
        self._closing.set()
        self._queue.put(None)
        self._thread.join()

    def _show(self) -> None:
        face = self._face
        while not self._closing.is_set():
            self._take_in(self._next(face.tick))
            face.draw(tuple(self.experiments))
            self._closing.wait(face.pause)
        self._take_in(self._next(0))

    def _take_in(self, news: Iterator[Told]) -> None:
        for watched, records in news:
            watched.run_id = watched.run_id or self.experiments[watched].run_id
            watched.progress.fold(records)
            self._face.tell(watched, records)

    def _next(self, tick: float | None) -> Iterator[Told]:
        """All that is waiting; the first of it, for *tick* seconds at most, is waited for."""
        timeout = tick
        while True:
            try:
                told = self._queue.get(timeout=timeout)
            except Empty:
                return
            if told:
                yield told
            timeout = 0.0
