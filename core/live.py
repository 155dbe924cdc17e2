"""The bell: tells every console, on every process, that something changed.

`ring` costs nothing to the caller: a thread of the process sends one NOTIFY per topic at most four times a second.
NOTIFY inside a transaction would make all commits of the database wait for each other.
"""

import json
import threading

import psycopg
import structlog
from sqlalchemy import event

from core.database import Session, get_database

CHANNEL = "palabre_live"
SHORTEST_INTERVAL_S = 0.25

_log = structlog.get_logger(__name__)


class Bell:
    """Collects topics and announces them, until stopped."""

    def __init__(self) -> None:
        self._topics: set[str] = set()
        self._is_rung = threading.Event()
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def ring(self, topic: str) -> None:
        """Announce `topic` soon; call it after the commit."""
        self._topics.add(topic)
        if not self._is_rung.is_set():
            self._is_rung.set()

    def start(self) -> None:
        """Begin to announce."""
        self._is_over.clear()
        self._thread = threading.Thread(target=self._run, name="bell", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what was rung last is announced."""
        self._is_over.set()
        self._is_rung.set()
        if self._thread is not None:
            self._thread.join(timeout=2)

    def _run(self) -> None:
        connection: psycopg.Connection[object] | None = None
        while not self._is_over.is_set():
            self._is_rung.wait()
            self._is_rung.clear()
            topics, self._topics = self._topics, set()
            try:
                connection = connection or get_database().connect()
                for topic in topics:
                    connection.execute("select pg_notify(%s, %s)", (CHANNEL, json.dumps({"topic": topic})))
            except psycopg.Error:
                _log.warning("bell.silent", topics=sorted(topics))
                connection = None
            self._is_over.wait(SHORTEST_INTERVAL_S)
        if connection is not None:
            connection.close()


_bell = Bell()
ring, start, stop = _bell.ring, _bell.start, _bell.stop

_RUNG = "bell_topics"


def ring_after_commit(session: Session, *topics: str) -> None:
    """Announce `topics` when the transaction is committed; a rollback announces nothing."""
    session.info.setdefault(_RUNG, set[str]()).update(topics)


# Of the class, once: a session that listens for itself costs more than what most of them do.
@event.listens_for(Session, "after_commit")
def _announce(session: Session) -> None:
    if session.in_nested_transaction():  # a savepoint: nobody else sees it yet
        return
    for topic in session.info.pop(_RUNG, ()):
        ring(topic)


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    if session.in_nested_transaction():  # what stands around it may still be committed
        return
    session.info.pop(_RUNG, None)
