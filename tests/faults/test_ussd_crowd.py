"""A crowd at the gateways: repeated and reordered requests, callers side by side, two transfers of one wallet."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest
from fastapi.testclient import TestClient
from httpx import Response
from sqlalchemy import Connection

from channels.ussd.profiles.wire import WireRequest
from core import clock
from core.database import Database, fetch_all
from reports import ussd as figures
from reports.figures import Span
from services import books, pins
from tests.builders import world
from tests.builders.accounts import Handset
from tests.builders.crowd import RICH, Caller, at_once, open_door, settle
from tests.kannel.boxes import until

JEAN, JEANS_NUMBER = "+237677000002", "677000002"
NUMBERED = ("africastalking", "hubtel", "myriad", "orange_xhtml", "kannel_ussd")
UNNUMBERED = ("arkesel", "infobip", "moolre", "mtn_madapi", "nalo", "truroute")
HOLD = "select 1 from ussd_session where phone = %s and state = 'open' for update"
WAITING = """
with direct as (select pid from pg_stat_activity where pg_backend_pid() = any(pg_blocking_pids(pid)))
select count(*) from pg_stat_activity
where pid in (select pid from direct) or pg_blocking_pids(pid) && (select array_agg(pid) from direct)
"""
LATE = 4  # requests that may pass before a delayed copy arrives


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    assert database.engine
    with open_door() as client:
        yield client


def fee(amount: int) -> int:
    return 50 if amount <= 5_000 else (amount + 50) // 100


def balance(database: Database, phone: str) -> int:
    with database.transaction() as session:
        return world.balance(session, phone)


def count(database: Database, query: str) -> int:
    with database.transaction() as session:
        (row,) = fetch_all(session, f"select ({query}) as n")
    return int(row["n"])


def assert_books_hold(database: Database) -> None:
    with database.transaction() as session:
        assert [finding for finding in books.list_findings(session) if not finding.holds] == []


def are_two_waiting(holder: Connection) -> bool:
    holder.exec_driver_sql("select pg_stat_clear_snapshot()")
    return int(holder.exec_driver_sql(WAITING).scalar_one()) == 2


@dataclass
class Network:
    """A network that sends one request in five twice: at once, or later, when the dialogue has moved on."""

    database: Database
    handset: Handset
    chance: random.Random
    may_delay: bool
    late: list[tuple[int, WireRequest, Response]] = field(default_factory=list)
    latest: Response | None = None
    sent: int = 0
    repeated: int = 0

    def dial(self) -> None:
        self._send("begin")

    def answer(self, text: str) -> str:
        self.handset.turn += 1
        self.handset.typed = (*self.handset.typed, text)
        return self.handset.heard(self._send("continue")).text

    def _send(self, kind: str) -> Response:
        request = self.handset.request(kind)
        self.sent += 1
        is_twice = self.chance.random() < 0.2
        if is_twice and not (self.may_delay and self.chance.random() < 0.5):
            first, second = self._together(request, is_open=kind == "continue")
            self._same(first, second)
        else:
            first = self.handset.send(request)
            if is_twice:
                self.late.append((self.sent + self.chance.randint(1, LATE), request, first))
        self.latest = first
        self._arrive(self.sent)
        return first

    def _together(self, request: WireRequest, *, is_open: bool) -> tuple[Response, Response]:
        """Send a request twice; the dialogue is held until both copies wait for it, so that both are in flight."""
        with self.database.engine.connect() as holder, ThreadPoolExecutor(2) as pool:
            if is_open:
                holder.exec_driver_sql(HOLD, (self.handset.phone,))
            copies = [pool.submit(self.handset.send, request) for _ in range(2)]
            if is_open:
                until(partial(are_two_waiting, holder), "les deux copies n'attendent pas")
            holder.rollback()
            first, second = (copy.result() for copy in copies)
        return first, second

    def _arrive(self, now: int) -> None:
        due = [one for one in self.late if one[0] <= now]
        self.late = [one for one in self.late if one[0] > now]
        self.chance.shuffle(due)
        for _, request, first in due:
            self._same(first, self.handset.send(request))

    def end_again(self) -> None:
        """Repeat the last request when its answer has ended the dialogue, and that answer is hardly there."""
        assert self.latest is not None
        self._same(self.latest, self.handset.send(self.handset.request("continue")))

    def hang_up(self) -> None:
        """Let everything arrive that is still under way."""
        self._arrive(self.sent + LATE)

    def _same(self, first: Response, second: Response) -> None:
        self.repeated += 1
        assert (second.status_code, second.content, second.headers) == (200, first.content, first.headers)


def transfer(network: Network, caller: Caller) -> int:
    """Send an amount of one's own to Jean; return it."""
    amount = 1_000 + 7 * caller.number
    network.dial()
    for text in ("1", JEANS_NUMBER, str(amount), "1"):
        network.answer(text)
    last = network.answer(caller.pin)
    network.end_again()
    network.hang_up()
    assert "réussi" in last
    return amount


@pytest.mark.parametrize("each", [2, pytest.param(40, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("profiles", "may_delay"), [(NUMBERED, True), (UNNUMBERED, False)])
def test_one_request_in_five_comes_twice_and_nothing_happens_twice(
    database: Database, client: TestClient, profiles: tuple[str, ...], *, may_delay: bool, each: int
) -> None:
    callers = settle(database, each * len(profiles))
    begun = balance(database, JEAN)

    def act(caller: Caller) -> tuple[int, Network]:
        handset = Handset(client, profiles[caller.number % len(profiles)], caller.phone)
        network = Network(database, handset, random.Random(caller.number), may_delay)  # noqa: S311  # a seed
        return transfer(network, caller), network

    done = at_once(act, callers, threads=4)
    for caller, (amount, _) in zip(callers, done, strict=True):
        assert balance(database, caller.phone) == RICH - amount - fee(amount)
    assert balance(database, JEAN) == begun + sum(amount for amount, _ in done)
    assert count(database, "select count(*) from ussd_operation") == len(callers)
    assert count(database, "select count(*) from ussd_session") == len(callers)
    assert count(database, "select count(*) from ussd_turn") == 6 * len(callers)
    assert sum(network.repeated for _, network in done) > len(callers) // 2
    assert_books_hold(database)


@pytest.mark.parametrize("many", [12, pytest.param(200, marks=pytest.mark.slow)])
def test_every_byte_of_an_answer_belongs_to_its_caller(database: Database, client: TestClient, many: int) -> None:
    callers = settle(database, many)

    def act(caller: Caller) -> int:
        turns = 0
        for visit in range(10):
            payee = callers[(caller.number + visit + 1) % many]
            amount = 5_001 + 100 * caller.number + visit
            handset = Handset(client, "hubtel", caller.phone)
            assert handset.dial().text.startswith("PerfectPay\n1. Transfert")
            assert handset.answer("1").text == "Entrez le numéro du bénéficiaire"
            assert handset.answer(payee.national).text == f"Montant à envoyer à {payee.name}:"
            shown = [f"{one:,} FCFA".replace(",", " ") for one in (amount, fee(amount), amount + fee(amount))]
            assert handset.answer(str(amount)).text == (
                f"Envoyer à {payee.name} {payee.national}\nMontant: {shown[0]}\nFrais: {shown[1]}\nTotal: {shown[2]}"
                "\n1. Confirmer\n0. Annuler"
            )
            assert handset.answer("0").text == "Opération annulée. Rien n'a été débité."
            turns += 5
        return turns

    assert at_once(act, callers) == [50] * many
    assert count(database, "select count(*) from ussd_turn") == 50 * many
    assert count(database, "select count(*) from ussd_operation") == 0
    with database.transaction() as session:
        outcomes = figures.get_outcomes(session, Span(clock.now() - timedelta(days=1), clock.now() + timedelta(days=1)))
    assert (outcomes.started, outcomes.ended) == (10 * many, 10 * many)


def at_the_pin(client: TestClient, caller: Caller, amount: int) -> Handset:
    handset = Handset(client, "hubtel", caller.phone)
    if handset.dial().text.startswith("Reprendre"):
        handset.answer("2")
    for text in ("1", JEANS_NUMBER, str(amount), "1"):
        handset.answer(text)
    return handset


def confirm(pin: str, handset: Handset) -> str:
    return handset.answer(pin).text


@pytest.mark.parametrize("rounds", [3, pytest.param(40, marks=pytest.mark.slow)])
def test_two_transfers_at_once_of_money_for_one_are_one(database: Database, client: TestClient, rounds: int) -> None:
    callers = settle(database, rounds, balance=9_000)
    begun = balance(database, JEAN)
    for caller in callers:
        handsets = [at_the_pin(client, caller, amount) for amount in (5_000, 5_001)]
        texts = at_once(partial(confirm, caller.pin), handsets, threads=2)
        assert sorted(text.partition(" ")[0] for text in texts) == ["Solde", "Transfert"], texts
        assert balance(database, caller.phone) in {9_000 - 5_050, 9_000 - 5_051}
    assert begun + 5_000 * rounds <= balance(database, JEAN) <= begun + 5_001 * rounds
    assert count(database, "select count(*) from ussd_operation where state = 'completed'") == rounds
    assert_books_hold(database)


@pytest.mark.parametrize("sessions", [12, pytest.param(50, marks=pytest.mark.slow)])
def test_sessions_side_by_side_guess_three_times_between_them(
    database: Database, client: TestClient, monkeypatch: pytest.MonkeyPatch, sessions: int
) -> None:
    (caller,) = settle(database, 1)
    checked = watched(monkeypatch)
    handsets = [Handset(client, "hubtel", caller.phone) for _ in range(sessions)]
    for handset in handsets:
        handset.dial()
        assert handset.answer("6").text.startswith("Code PIN")
    guesses = [str(20_000 + n) for n in range(sessions - 1)] + [caller.pin]
    texts = at_once(lambda pair: pair[0].answer(pair[1]).text, list(zip(handsets, guesses, strict=True)), sessions)
    assert len(checked) <= 3
    assert sum(text.startswith("Code PIN incorrect") for text in texts) <= 2
    assert sum(text.startswith("Votre solde") for text in texts) <= 1
    assert handsets[0].profile == "hubtel"
    late = Handset(client, "hubtel", caller.phone)
    late.dial()
    late.answer("6")
    assert late.answer(caller.pin).text.startswith("Code PIN bloqué"), "the right one too, while it is locked"
    assert len(checked) <= 3


def watched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Keep every PIN that is really checked."""
    seen, real, lock = [], pins.check, threading.Lock()

    def check(ticket: pins.PinTicket, pin: str) -> pins.PinChecked:
        with lock:
            seen.append(pin)
        return real(ticket, pin)

    monkeypatch.setattr(pins, "check", check)
    return seen
