"""How many files one process examines at a time: the others wait a little, then are told to come back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import Unavailable

MOST_AT_ONCE = 2
WAIT_S = 30


class Busy(Unavailable):
    """Too many files are being examined; `secondes` says when to come back."""

    code = "busy"
    sentence = "D'autres fichiers sont en cours de vérification : renvoyez le vôtre dans {secondes} s."


_places = threading.BoundedSemaphore(MOST_AT_ONCE)


@contextmanager
def place(wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold one of the places while the block lasts; `Busy` when none gets free in time."""
    if not _places.acquire(timeout=wait_s):
        raise Busy(secondes=WAIT_S)
    try:
        yield
    finally:
        _places.release()
