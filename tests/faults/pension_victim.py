"""A worker of pensions that kills itself at one point: `python -m tests.faults.pension_victim URL POINT HIT NOW`."""

import os
import signal
import sys
from datetime import datetime

from core import clock
from core.database import use_database
from providers.mojaloop.rail import MojaloopRail
from services.pensions.dispatch import desk as desks
from services.pensions.dispatch import faults, rails
from services.pensions.dispatch.desk import Desk


def main(url: str, point: str, hit: str, now: str) -> None:
    """Send what is due as a worker does, and die the `hit`-th time `point` is reached."""
    left = [int(hit)]

    def die(reached: str) -> None:
        left[0] -= reached == point
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    faults.at = die
    database = use_database(url, 4)
    with clock.travel(datetime.fromisoformat(now)):
        with database.transaction() as session:
            account = rails.find_rail(session, desks.list_busy(session)[0])
        desk = Desk(database, MojaloopRail(), account, wait_s=0.005)
        while desk.keep_books() or desk.held:
            desk.send()
    database.dispose()


if __name__ == "__main__":
    main(*sys.argv[1:])
