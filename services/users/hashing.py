"""Passwords are hashed here only: slowly, a few at a time, and never while a row is locked."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core import security
from core.errors import Unavailable

LONGEST_WAIT_S = 5.0

# argon2id takes 19 MiB and a whole core: more at once would only make everybody wait, and eat the memory.
_slots = threading.BoundedSemaphore(max(1, os.cpu_count() or 1))


def hash_password(password: str) -> str:
    """Return the hash of a password, or refuse with `Unavailable` when the queue is too long."""
    with _slot():
        return security.hash_password(password)


def check_password(password: str, stored: str | None) -> security.Check:
    """Check a password; without a stored hash the answer is no, after the same time."""
    with _slot():
        return security.verify_password(password, stored)


@contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(timeout=LONGEST_WAIT_S):
        raise Unavailable
    try:
        yield
    finally:
        _slots.release()
