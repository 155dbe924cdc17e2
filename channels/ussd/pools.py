"""Where slow steps are worked out: a few threads each, and a queue that refuses rather than grows."""

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as SlowTimeoutError
from typing import Any

from channels.actions import Effect, SlowStep

OUTSIDE_THREADS = 16
MOST_WAITING = 50


class BusyError(Exception):
    """Another request of this session is being worked out, or no place is free: nothing was counted."""


class SlowPool:
    """A few threads, and a queue that refuses rather than grows."""

    def __init__(self, name: str, threads: int = 1) -> None:
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._waiting = 0

    def check_room(self) -> None:
        """Raise when so many wait that this one would be late."""
        if self._waiting >= MOST_WAITING:
            raise BusyError

    def run(self, step: SlowStep, timeout_s: float) -> Any:
        """Work out a slow step in the pool, cut at `timeout_s`."""
        self._waiting += 1
        try:
            return self._executor.submit(step.work).result(timeout=timeout_s)
        except SlowTimeoutError as error:
            raise BusyError from error
        finally:
            self._waiting -= 1


# Secrets have their thread to themselves: they never stand behind somebody outside who does not answer.
_secrets, _outside = SlowPool("secret"), SlowPool("outside", OUTSIDE_THREADS)


def pool_of(step: SlowStep) -> SlowPool:
    """Return the pool a step is worked out in."""
    return _outside if step.action.effect in {Effect.OUTSIDE, Effect.MONEY} else _secrets


def work_out(step: SlowStep, timeout_s: float) -> Any:
    """Work a slow step out; one that can is settled without its work when that takes too long."""
    try:
        return pool_of(step).run(step, timeout_s)
    except BusyError:
        if not step.action.settles_unfinished:
            raise
        return None
