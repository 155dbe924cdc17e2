"""Lanes: a few threads for each account, so that a provider that hangs holds up nobody but itself."""

import threading
from collections import Counter
from collections.abc import Callable
from uuid import UUID

import structlog

_log = structlog.get_logger(__name__)


class Lanes:
    """Runs tasks beside each other, at most `width` at once for each account. `on_free` is called when one ends."""

    def __init__(self, name: str, width: int, on_free: Callable[[], None]) -> None:
        self._name = name
        self._width = width
        self._on_free = on_free
        self._busy: Counter[UUID] = Counter()
        self._changed = threading.Condition()

    def free(self, account_id: UUID) -> int:
        """Return how many more tasks of an account may run now."""
        with self._changed:
            return self._width - self._busy[account_id]

    def run(self, account_id: UUID, task: Callable[[], None]) -> None:
        """Begin a task in a thread of its own."""
        with self._changed:
            self._busy[account_id] += 1
        threading.Thread(
            target=self._do, args=(account_id, task), name=f"{self._name}-{account_id.hex[-4:]}", daemon=True
        ).start()

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing runs; false when something still does."""
        with self._changed:
            return self._changed.wait_for(lambda: not +self._busy, timeout_s)

    def _do(self, account_id: UUID, task: Callable[[], None]) -> None:
        try:
            task()
        except Exception:  # noqa: BLE001  # its lease ends, and it is read: nothing is lost with this thread
            _log.exception("lane.failed", lane=self._name, account_id=str(account_id))
        finally:
            with self._changed:
                self._busy[account_id] -= 1
                self._changed.notify_all()
            self._on_free()
