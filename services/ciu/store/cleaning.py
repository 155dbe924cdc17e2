"""Cleaning up in batches, each a transaction of its own: by the worker, by night, or by hand."""

from collections.abc import Callable, Iterable

from core.database import Database, Session
from services.ciu.store import keeping

TIMEOUT_MS = 15_000

Step = Callable[..., int]


def clean(database: Database, *, is_over: Callable[[], bool] = lambda: False) -> int:
    """End every conversation past its time, and erase what goes with it; return how many ended."""
    return run(database, keeping.EVERY_MINUTE, is_over)[keeping.expire]


def run(database: Database, steps: Iterable[Step], is_over: Callable[[], bool]) -> dict[Step, int]:
    """Repeat each step until nothing is left of it; return how much each did."""
    return {step: _in_batches(database, step, is_over) for step in steps}


def _in_batches(database: Database, step: Callable[[Session], int], is_over: Callable[[], bool]) -> int:
    total, batch = 0, keeping.BATCH
    while batch >= keeping.BATCH and not is_over():
        with database.transaction(statement_timeout_ms=TIMEOUT_MS) as session:
            batch = step(session)
        total += batch
    return total
