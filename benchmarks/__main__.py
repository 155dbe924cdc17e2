"""`./dev bench [NAME …]`: measure and print the table; write `docs/benchmarks.md` when all ran."""

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

from benchmarks import (
    callbacks,
    ciu_reading,
    ciu_turns,
    figures,
    hanging,
    menus,
    pensions_dispatch,
    pensions_file,
    pensions_reading,
    pensions_reports,
    posting,
    reconciliation,
    ussd,
)
from benchmarks.measure import Row, load
from core import clock
from core.embedded_postgres import find_binaries

TABLE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
HEAD = (
    "| what | product | yardstick | ratio | target | CPU ms an operation, ours | CPU ms, database | |",
    "|---|---|---|---|---|---|---|---|",
)
INTRODUCTION = """# Benchmarks

Written by `./dev bench`. Each line is the product's way beside its yardstick, measured in turn in one run: absolute
rates move with the machine and its neighbours, ratios and CPU per operation hold. The rate is the median of the rounds,
the ratio the median of the rounds' own ratios.

- posting: the yardstick is `ledger_post` called by pgbench, 16 clients, prepared, nothing between; durable commits.
- USSD: the yardstick is `GET /health/live` on the same server; half of the turns are balances of the service menu, half
  are transfers of the wallet menu up to their confirmation; no PIN. Sixteen who never pause wait sixteen turns' time
  each, whatever is measured: so p50 and p99 are taken at a pace, from the instant each turn was due. The client shares
  the machine.
- hanging providers: the yardstick is the same turns with no top-up on its way; beside them two operators keep every
  request they get and never answer, so that all the lanes of the worker wait.
- callbacks: the yardstick is `GET /health/live` at the same pace; each callback is signed, new, and stored before it is
  answered.
- reconciliation: the yardstick is the bare COPY of the lines; a day is saved page by page and compared both ways, and
  half a hundredth of each side is unknown to the other.
- pensions file: the yardstick is the bare COPY of the same rows, ready made, into the same table; the product receives,
  hashes, decodes, checks, finds who stands twice or was paid before, loads, keeps the original and takes the content's
  hash.
- pensions sent: the yardstick is a bare aiohttp client that posts the same orders to the same fake, fifty at once, and
  keeps nothing; a worker claims, sends, saves, posts and counts. The fake shares the machine.
- pensions reports: the yardstick is the bare COPY of the batch's rows to a file; one payment in fifty failed, and each
  has its transfer; CSV and workbook have every line, paper of more than 5 000 what is not paid.
- pensions reading: the yardstick is the bare query of a page of a thousand payments; each is asked through the door.
- identifiers: the yardstick is `GET /health/live` at the same pace; people ask for codes from telephones of their own,
  seven signed messages each, every message a transaction of its own, and every one of them must have been answered.
- identifiers, reading: the yardstick is the bare query of one digest; a million codes with their six million digests of
  how answers sound, made set-based.
- figures: a million sessions of 30 days, made set-based; an hour is counted anew, and the pages read over all days.
- menus: a publication is timed from its commit to the first new caller who reads it; lint and the meter are what an
  operator waits for at every key.
"""

MEASURES: dict[str, Callable[[int, float], list[Row]]] = {
    "posting": posting.measure,
    "ussd": ussd.measure,
    "hanging": hanging.measure,
    "callbacks": callbacks.measure,
    "reconciliation": reconciliation.measure,
    "figures": figures.measure,
    "menus": menus.measure,
    "pensions_file": pensions_file.measure,
    "pensions_dispatch": pensions_dispatch.measure,
    "pensions_reports": pensions_reports.measure,
    "pensions_reading": pensions_reading.measure,
    "ciu_turns": ciu_turns.measure,
    "ciu_reading": ciu_reading.measure,
}


def main(arguments: Sequence[str]) -> int:
    """Run the measures asked for, all by default; the status says whether every target holds."""
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="|".join(MEASURES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="length of one sample")
    asked = parser.parse_args(arguments)
    unknown = set(asked.names) - set(MEASURES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    loads, rows = [load()], []
    for name in asked.names or MEASURES:
        print(f"{name}:", flush=True)
        rows += MEASURES[name](asked.rounds, asked.seconds)
        loads.append(load())
    table = "\n".join([*HEAD, *map(_line, rows)])
    print(f"\n{table}")
    if not asked.names:
        TABLE.write_text(f"{INTRODUCTION}\n{_circumstances(asked.rounds, asked.seconds, loads)}\n\n{table}\n")
    return 0 if all(row.holds for row in rows) else 1


def _line(row: Row) -> str:
    mark = ("✓" if row.holds else "✗") if row.target else ""
    cells = (row.name, row.figure, row.yardstick, row.ratio, row.target, row.own_cpu, row.database_cpu, mark)
    return f"| {' | '.join(cells)} |"


def _circumstances(rounds: int, seconds: float, loads: Sequence[str]) -> str:
    day: datetime = clock.now()
    return (
        f"Run of {day:%Y-%m-%d}: {rounds} rounds of {seconds:g} s each, {os.cpu_count()} cores, "
        f"PostgreSQL {find_binaries().version}, Python {platform.python_version()}. Load averages (1 and 5 minutes) "
        f"before, between and after: {'; '.join(loads)}. They count the benchmark itself and the neighbours."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
