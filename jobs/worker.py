"""Work that does not wait for a clock: threads that do what is due, woken by the bell, looking by themselves otherwise.

One thread of the process listens to the bell for all workers. A step returns how much it did; as long as it did
something it is called again at once.
"""

import json
import threading
from collections.abc import Callable, Sequence

import psycopg
import structlog

from core.database import Database, get_database
from core.live import CHANNEL

STOP_TIMEOUT_S = 5.0
RETRY_S = 1.0
LISTEN_S = 1.0

Step = Callable[[], int]

_log = structlog.get_logger(__name__)


class Worker:
    """`threads` threads that call `step` until they are stopped: on `topic`, and at least every `idle_s`."""

    def __init__(self, name: str, step: Step, topic: str, idle_s: float, threads: int = 1) -> None:
        self.name = name
        self.topic = topic
        self._step = step
        self._idle_s = idle_s
        self._count = threads
        self._threads: list[threading.Thread] = []
        self._rung = threading.Condition()
        self._rings = 0
        self._is_over = False

    def start(self) -> None:
        """Begin to work."""
        self._is_over = False
        for number in range(self._count):
            thread = threading.Thread(target=self._run, name=f"{self.name}-{number}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End after the step at hand; one that does not end in 5 s is left to end with the process."""
        self._is_over = True
        self.wake()
        while self._threads:
            self._threads.pop().join(STOP_TIMEOUT_S)

    def wake(self) -> None:
        """Have every thread look for work now, or again after what it is doing."""
        with self._rung:
            self._rings += 1
            self._rung.notify_all()

    def _run(self) -> None:
        while not self._is_over:
            heard = self._rings
            try:
                done = self._step()
            except Exception:  # noqa: BLE001  # a worker outlives whatever one step runs into; the log tells
                _log.exception("worker.failed", worker=self.name)
                done = 0
            if done == 0:
                self._wait(heard)

    def _wait(self, heard: int) -> None:
        with self._rung:
            self._rung.wait_for(lambda: self._is_over or self._rings != heard, self._idle_s)


class Ear:
    """Listens to the bell and wakes the workers of the topic; a lost connection is opened again."""

    def __init__(self, database: Database, workers: Sequence[Worker]) -> None:
        self._database = database
        self._workers = workers
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ear", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening, within a second."""
        self._is_over.set()
        self._thread.join(STOP_TIMEOUT_S)

    def _run(self) -> None:
        while not self._is_over.is_set():
            try:
                with self._database.connect() as connection:
                    self._listen(connection)
            except psycopg.Error as error:
                _log.warning("ear.deaf", error=type(error).__name__)
                self._is_over.wait(RETRY_S)

    def _listen(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        connection.execute(f"listen {CHANNEL}".encode())
        for worker in self._workers:  # what was rung while nobody listened
            worker.wake()
        while not self._is_over.is_set():
            for notice in connection.notifies(timeout=LISTEN_S):
                topic = json.loads(notice.payload).get("topic")
                for worker in self._workers:
                    if worker.topic == topic:
                        worker.wake()
                if self._is_over.is_set():
                    return


_process: list[tuple[Ear, Sequence[Worker]]] = []


def start(workers: Sequence[Worker]) -> None:
    """Let this process work."""
    ear = Ear(get_database(), workers)
    _process.append((ear, workers))
    for worker in workers:
        worker.start()
    ear.start()


def stop() -> None:
    """End what `start` began."""
    while _process:
        ear, workers = _process.pop()
        ear.stop()
        for worker in workers:
            worker.stop()
