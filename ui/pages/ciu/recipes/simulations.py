"""Simulations of this process: one at a time, each in a thread of its own, found again by whoever comes back.

The same recipe, size, seed and error always give the same figures: a result that is there is never computed again.
"""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from services.ciu.recipes import Recipe
from services.ciu.simulator import Simulation, simulate
from services.ciu.store.programmes import checksum_of

MOST_KEPT = 50


@dataclass(frozen=True, slots=True)
class Asked:
    """What to simulate; `error` is the chance of a slip in one typed answer."""

    checksum: str
    people: int
    seed: int
    error: float


@dataclass(eq=False)
class Run:
    """One simulation: how far it is (0 to 1), and its figures once it is over."""

    asked: Asked
    share: float = 0.0
    found: Simulation | None = None
    has_failed: bool = False
    _is_stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come."""
        return self.found is not None or self.has_failed or self._is_stopped.is_set()

    @property
    def is_stopped(self) -> bool:
        """Whether somebody ended it."""
        return self._is_stopped.is_set()

    def stop(self) -> None:
        """End it."""
        self._is_stopped.set()

    def work(self, recipe: Recipe) -> None:
        """Compute the figures, unless it was stopped before."""
        try:
            self._tell(0.0)
            self.found = simulate(recipe, self.asked.people, self.asked.seed, self.asked.error, tell=self._tell)
        except _StoppedError:
            return
        except Exception:
            self.has_failed = True
            raise

    def _tell(self, share: float) -> None:
        if self._is_stopped.is_set():
            raise _StoppedError
        self.share = share


class _StoppedError(Exception):
    """Somebody ended the simulation."""


_runs: dict[Asked, Run] = {}
_latest: dict[str, Run] = {}
_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="simulation")


def begin(recipe: Recipe, people: int, seed: int, error: float) -> Run:
    """Return the simulation of a recipe: the one that is there or on its way, else a new one."""
    asked = Asked(checksum_of(recipe), people, seed, error)
    run = _runs.get(asked)
    if run is None or run.is_stopped or run.has_failed:
        run = _runs[asked] = Run(asked)
        _worker.submit(run.work, recipe)
        _forget_oldest(_runs)
    _latest[asked.checksum] = run
    return run


def latest(recipe: Recipe) -> Run | None:
    """Return the last simulation that was asked of this very recipe."""
    return _latest.get(checksum_of(recipe))


def _forget_oldest(runs: Mapping[Asked, Run]) -> None:
    over = [asked for asked, run in runs.items() if run.is_over]
    for asked in over[: max(len(runs) - MOST_KEPT, 0)]:
        del _runs[asked]
        _latest.pop(asked.checksum, None)
