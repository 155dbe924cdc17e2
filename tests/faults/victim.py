"""A worker that kills itself at one point of a submission: `python -m tests.faults.victim URL POINT HIT NOW`."""

import os
import signal
import sys
from datetime import datetime

from core import clock
from core.database import use_database
from services import transfers
from services.transfers import faults


def main(url: str, point: str, hit: str, now: str) -> None:
    """Send what is due as a worker does, and die the `hit`-th time `point` is reached."""
    left = [int(hit)]

    def die(reached: str) -> None:
        left[0] -= reached == point
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    faults.at = die
    database = use_database(url, 2)
    with clock.travel(datetime.fromisoformat(now)):
        transfers.submit_due(database)
    database.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
