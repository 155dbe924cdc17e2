"""kill -9 of the process that answers gateways, while people send money: nothing lost, nothing doubled."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from threading import Event

import httpx
import pytest

from core import ids
from core.database import Database, driver, fetch_all
from services import books
from tests.builders import world
from tests.builders.crowd import RICH, Caller, settle
from tests.database import ROOT
from tests.faults.test_publish_live import START_S, url_of
from tests.kannel.boxes import free_ports, listens, until

CALLERS = 6
EACH = 3
JEAN, JEANS_NUMBER = "+237677000002", "677000002"
FIRST = 100  # the amounts of two hundred rounds together fit into what one account may hold
PAUSE_S = 0.2
LONGEST_S = 0.6
NOTHING_DEBITED = "Rien n'a été débité. Réessayez."


@dataclass
class Service:
    """One address; behind it a process that is killed and started again."""

    database: Database
    port: int = field(default_factory=lambda: free_ports(1)[0])
    client: httpx.Client = field(default_factory=partial(httpx.Client, timeout=10, verify=False))
    is_over: Event = field(default_factory=Event)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "tests.faults.door", url_of(self.database.engine), str(self.port)]
        self._process = subprocess.Popen(command, cwd=ROOT)  # noqa: S603
        until(partial(listens, self.port), "le processus ne répond pas", START_S)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()


@contextmanager
def running(database: Database) -> Iterator[Service]:
    service = Service(database)
    service.start()
    try:
        yield service
    finally:
        service.is_over.set()
        service.kill()


def say(service: Service, caller: Caller, session: str, text: str) -> str:
    """Send one turn as often as it takes, as a gateway that hears nothing does."""
    body = {"sessionId": session, "phoneNumber": caller.phone, "text": text, "serviceCode": "*155#"}
    headers = {"X-API-Key": world.API_KEY}
    while not service.is_over.is_set():
        try:
            answer = service.client.post(f"{service.url}/ussd", json=body, headers=headers)
        except httpx.TransportError:
            time.sleep(PAUSE_S)  # a gateway that is refused waits a moment too
            continue
        assert answer.status_code == 200
        if "Service occupé" not in answer.text:  # the lease of the killed one has not ended yet
            return answer.text
    return ""


def send(service: Service, amount: int, caller: Caller) -> str:
    """Send an amount to Jean in a dialogue of its own; return the last screen."""
    session, typed = ids.new_id().hex[-12:], ""
    last = say(service, caller, session, "")
    for piece in ("1", JEANS_NUMBER, str(amount), "1", caller.pin):
        typed = f"{typed}*{piece}" if typed else piece
        last = say(service, caller, session, typed)
    return last


def send_all(service: Service, first: int, caller: Caller) -> list[int]:
    """Send some amounts to Jean, one after the other; who is told that nothing was debited dials again."""
    for amount in range(first, first + EACH):
        while NOTHING_DEBITED in (last := send(service, amount, caller)):
            time.sleep(PAUSE_S)
        assert "réussi" in last, last
    return [*range(first, first + EACH)]


def pass_a_day(database: Database) -> None:
    """Let the day of wrong PINs end: a try cut short counts as wrong, and ten of those in a day ask for an operator."""
    with database.transaction() as session:
        driver(session).execute("update pin_credential set wrong_day = wrong_day - interval '1 day'")


def assert_kept(database: Database, callers: list[Caller], heard: list[list[int]], begun: int) -> None:
    """Compare the books with what the callers were told, each for himself."""
    with database.transaction() as session:
        rows = fetch_all(
            session,
            "select u.phone, o.amount_minor as amount from ussd_operation o join wallet w on w.id = o.payer_id"
            " join users u on u.id = w.user_id where o.state = 'completed' order by 1, 2",
        )
        kept = {caller.phone: [row["amount"] for row in rows if row["phone"] == caller.phone] for caller in callers}
        assert kept == {caller.phone: told for caller, told in zip(callers, heard, strict=True)}
        for caller, told in zip(callers, heard, strict=True):
            assert world.balance(session, caller.phone) == RICH - sum(told) - 50 * len(told)
        assert world.balance(session, JEAN) == begun + sum(map(sum, heard))
        assert [finding for finding in books.list_findings(session) if not finding.holds] == []


@pytest.mark.parametrize("rounds", [1, pytest.param(200, marks=pytest.mark.slow)])
def test_money_survives_the_death_of_the_process_that_moves_it(database: Database, rounds: int) -> None:
    chance = random.Random(rounds)  # noqa: S311  # a seed
    callers = settle(database, CALLERS, balance=RICH)
    with database.transaction() as session:
        begun = world.balance(session, JEAN)
    heard: list[list[int]] = [[] for _ in callers]
    with running(database) as service, ThreadPoolExecutor(CALLERS) as pool:
        for number in range(rounds):
            work = [pool.submit(send_all, service, FIRST + number * EACH, caller) for caller in callers]
            time.sleep(chance.uniform(0.05, LONGEST_S))  # the blow may fall anywhere
            service.kill()
            service.start()
            for place, one in enumerate(work):
                heard[place] += one.result(timeout=120)
            assert_kept(database, callers, heard, begun)
            pass_a_day(database)
