"""The ear: one LISTEN connection a process, and whoever cares hears every announcement on his own event loop."""

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import structlog

from core.database import get_database
from core.live import CHANNEL

RETRY_S = 1.0
LONGEST_SILENCE_S = 1.0

News = dict[str, Any]
OnNews = Callable[[News], None]

# Announced when the connection is made anew: whatever was said meanwhile went unheard.
WHATEVER_WAS_MISSED: News = {"topic": ""}

_log = structlog.get_logger(__name__)


class Ear:
    """Listens from the first who joins until it is stopped; a broken connection is made again."""

    def __init__(self) -> None:
        self._listeners: set[tuple[asyncio.AbstractEventLoop, OnNews]] = set()
        self._lock = threading.Lock()
        self._is_over: threading.Event | None = None

    def join(self, on_news: OnNews) -> Callable[[], None]:
        """Call `on_news` on the running loop with all that is announced, until the returned function is called."""
        listener = (asyncio.get_running_loop(), on_news)
        with self._lock:
            self._listeners.add(listener)
            if self._is_over is None:
                self._is_over = threading.Event()
                threading.Thread(target=self._listen, args=(self._is_over,), name="ear", daemon=True).start()

        def leave() -> None:
            with self._lock:
                self._listeners.discard(listener)

        return leave

    def stop(self) -> None:
        """Stop listening; the thread ends by itself within a second."""
        with self._lock:
            if self._is_over is not None:
                self._is_over.set()
                self._is_over = None

    def _listen(self, is_over: threading.Event) -> None:
        while not is_over.is_set():
            try:
                with get_database().connect() as connection:
                    connection.execute(f"listen {CHANNEL}")
                    self._tell(WHATEVER_WAS_MISSED)
                    while not is_over.is_set():
                        for notification in connection.notifies(timeout=LONGEST_SILENCE_S):
                            self._tell(read(notification.payload))
            except Exception as error:  # noqa: BLE001  # whatever broke, listen again
                _log.warning("ear.deaf", error=type(error).__name__)
                is_over.wait(RETRY_S)

    def _tell(self, news: News | None) -> None:
        if news is None:
            return
        with self._lock:
            self._listeners = {listener for listener in self._listeners if not listener[0].is_closed()}
            listeners = list(self._listeners)
        for loop, on_news in listeners:
            loop.call_soon_threadsafe(on_news, news)


def read(payload: str) -> News | None:
    """Return an announcement, or None when the payload is none."""
    try:
        news = json.loads(payload)
    except ValueError:
        return None
    return news if isinstance(news, dict) else None


_ear = Ear()
join, stop = _ear.join, _ear.stop
