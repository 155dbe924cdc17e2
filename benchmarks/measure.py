"""How a figure is taken: rounds in turn, the median, the load of the neighbours, CPU per operation."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

TICKS_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Sample:
    """What one variant did in one round; CPU in seconds, of the side that asked and of the database."""

    operations: int
    elapsed_s: float
    own_cpu_s: float = 0.0
    database_cpu_s: float = 0.0
    waits_s: tuple[float, ...] = ()

    @property
    def rate(self) -> float:
        """Return operations per second."""
        return self.operations / self.elapsed_s


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: the product's way, its yardstick, and what the house promised."""

    name: str
    figure: str
    yardstick: str
    ratio: str
    target: str
    own_cpu: str
    database_cpu: str
    holds: bool


def take_turns(variants: Mapping[str, Callable[[], Sample]], rounds: int) -> dict[str, list[Sample]]:
    """Run every variant once a round, so that what the neighbours do falls on all alike."""
    samples: dict[str, list[Sample]] = {name: [] for name in variants}
    for number in range(rounds):
        for name, run in variants.items():
            sample = run()
            samples[name].append(sample)
            print(f"  round {number + 1}: {name:<28} {sample.rate:8.0f}/s   load {load()}", flush=True)
    return samples


def ratio(product: Sequence[Sample], yardstick: Sequence[Sample]) -> float:
    """Return the median of the rounds' ratios, each taken within its round."""
    return median(one.rate / beside.rate for one, beside in zip(product, yardstick, strict=True))


def rate(samples: Sequence[Sample]) -> float:
    """Return the median rate."""
    return median(sample.rate for sample in samples)


def cpu_ms(samples: Sequence[Sample], side: str) -> float:
    """Return the median CPU per operation of one side, `own` or `database`, in milliseconds."""
    used_s = {
        "own": [sample.own_cpu_s for sample in samples],
        "database": [sample.database_cpu_s for sample in samples],
    }
    return median(s / sample.operations * 1_000 for s, sample in zip(used_s[side], samples, strict=True))


def wait_ms(samples: Sequence[Sample], share: float) -> float:
    """Return the median over the rounds of the wait that `share` of the answers stayed under, in milliseconds."""
    return median(sorted(sample.waits_s)[int(len(sample.waits_s) * share)] for sample in samples) * 1_000


def load() -> str:
    """Return the machine's load averages over 1 and 5 minutes."""
    one, five, _ = os.getloadavg()
    return f"{one:.1f}, {five:.1f}"


def cpu_s(pid: int) -> float:
    """Return the CPU seconds a process and its descendants have used, the dead ones it waited for included."""
    used, children = _read_processes()
    family, known = [pid], 0.0
    while family:
        member = family.pop()
        known += used.get(member, 0.0)
        family += children.get(member, [])
    return known


def _read_processes() -> tuple[dict[int, float], dict[int, list[int]]]:
    used: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()
            pid = int(status.parent.name)
            used[pid] = sum(map(int, fields[11:15])) / TICKS_S
            children.setdefault(int(fields[1]), []).append(pid)
    return used, children
