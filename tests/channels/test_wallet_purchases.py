"""A bill, airtime, a counter, from a phone on the shipped menu: with a worker that is quick, and one that is not."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from core import clock
from core.database import Database, driver
from tests.builders import outside, world
from tests.channels.test_wallet_actions import PIN, Handset, count, house
from tests.providers.conftest import Fakes, _fake_server, fakes

__all__ = ["_fake_server", "fakes", "house"]

KIOSQUE, KIOSQUE_PIN = "+237699000003", "90467"
BILL = ("3", "1", "2001234567", "3000", "1")
REFUSED = "016"


@pytest.fixture
def city(house: Database, fakes: Fakes) -> Database:
    """Give the house with its billers and its seller of airtime outside."""
    for method in ("biller", "airtime"):
        outside.serve(house, fakes.url, method, method, "payout")
    return house


@contextmanager
def worker(database: Database) -> Iterator[None]:
    """Let somebody send what is due, elsewhere, meanwhile."""
    is_over = Event()

    def send() -> None:
        while not is_over.wait(0.01):
            outside.work(database)

    thread = Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def balance(database: Database, phone: str = "+237699000001") -> int:
    with database.transaction() as session:
        return world.balance(session, phone)


def states(database: Database) -> list[str]:
    with database.transaction() as session:
        rows = driver(session).execute("select state from ussd_operation order by created_at, id").fetchall()
    return [row[0] for row in rows]


def test_a_bill_the_worker_pays_at_once_is_told_at_once(city: Database) -> None:
    phone = Handset(city)
    assert phone.send(*BILL) == "Code PIN pour confirmer:"
    with worker(city):
        text = phone.send(PIN)
    assert text.startswith("Facture Electricité payée: 3 000 FCFA. Frais 100 FCFA. Solde 6 900 FCFA. Réf FA-")
    assert states(city) == ["completed"]


def test_a_bill_whose_worker_is_late_is_recorded_and_the_phone_waits_two_seconds(city: Database) -> None:
    phone = Handset(city)
    phone.send(*BILL)
    started = time.monotonic()
    text = phone.send(PIN)
    elapsed_s = time.monotonic() - started

    assert text.startswith("Demande enregistrée. Un SMS confirmera. Réf FA-")
    assert elapsed_s < 3.5
    assert (states(city), balance(city)) == (["reserved"], 6_900)
    outside.work(city)
    assert (states(city), balance(city)) == (["completed"], 6_900)


def test_no_lock_is_held_while_a_bill_is_waited_for(city: Database) -> None:
    phone = Handset(city)
    phone.send(*BILL)
    paying = Thread(target=phone.send, args=(PIN,))
    paying.start()
    while not states(city):
        Event().wait(0.01)
    started = time.monotonic()
    # Somebody sends her money meanwhile: her account is free, and so is her session's row.
    text = Handset(city, KIOSQUE).send("1", "699000001", "1000", "1", KIOSQUE_PIN)
    elapsed_s = time.monotonic() - started
    is_waiting = paying.is_alive()
    paying.join()

    assert text.startswith("Transfert de 1 000 FCFA à Awa Mbarga")
    assert is_waiting
    assert elapsed_s < 2
    assert balance(city) == 7_900


def test_a_bill_the_biller_refuses_gives_the_money_back(city: Database, fakes: Fakes) -> None:
    phone = Handset(city)
    phone.send(*BILL)
    fakes.kernel.chooser.queue("biller", REFUSED)
    with worker(city):
        text = phone.send(PIN)
    assert text.startswith("Opération refusée. Rien n'a été débité. Réf FA-")
    assert (states(city), balance(city)) == (["failed"], 10_000)


def test_a_biller_that_does_not_answer_costs_nobody_else_a_pin(city: Database) -> None:
    silent = Handset(city)
    silent.send("3", "1")
    asking = Thread(target=silent.send, args=("9900000011",))
    asking.start()
    started = time.monotonic()
    assert Handset(city, "+237677000002").send("6", "73519") == "Votre solde est de 2 500 FCFA"
    assert time.monotonic() - started < 2
    asking.join()
    assert silent.last is not None
    assert silent.last.text == "Electricité ne répond pas. Réessayez plus tard."
    assert count(city, "ussd_operation") == 0


def test_a_bill_without_anybody_to_pay_it_says_so(house: Database) -> None:
    assert Handset(house).send("3", "1", "2001234567") == "Electricité ne répond pas. Réessayez plus tard."


def test_a_bill_twice_asks_and_pays_twice_only_when_told(city: Database) -> None:
    with worker(city):
        Handset(city).send(*BILL, PIN)
        again = Handset(city)
        assert again.send(*BILL[:-1]).startswith("Vous avez déjà payé 3 000 FCFA pour 2001234567 il y a")
        assert again.send("1").startswith("Electricité: 2001234567\nMBARGA A\nMontant: 3 000 FCFA")
        assert again.send("1", PIN).startswith("Facture Electricité payée")
    assert (states(city), balance(city)) == (["completed", "completed"], 3_800)


def test_airtime_for_a_number_that_nobody_registered(city: Database) -> None:
    phone = Handset(city)
    assert phone.send("5", "2", "699000098", "200").startswith("Crédit pour 699000098\nNuméro non inscrit\n")
    with worker(city):
        text = phone.send("1", PIN)
    assert text.startswith("Crédit de 200 FCFA envoyé au 699000098. Solde 9 800 FCFA. Réf CR-")


def test_only_an_agent_is_offered_to_sell(house: Database) -> None:
    assert "4. Vendre" not in Handset(house).send("")
    assert Handset(house).send("", "4").startswith("Choix invalide.")
    agent = Handset(house, KIOSQUE)
    assert "4. Vendre" in agent.send("")
    text = agent.send("4", "677000002", "10000", "1", KIOSQUE_PIN)
    assert text.startswith("Vente de 10 000 FCFA à Jean Nkolo réussie. Solde 190 000 FCFA. Réf VE-")


def test_a_counter_in_the_movements_goes_by_its_name(house: Database) -> None:
    Handset(house).send("7", "318806", "4000", "1", PIN)
    assert Handset(house).send("9", "2", PIN).splitlines()[0].endswith("-4 000 FCFA Boutique Etoile")


def test_a_number_silent_for_a_year_meets_its_pin_first(house: Database) -> None:
    with clock.travel(clock.now()) as traveller:
        traveller.advance(400 * 86_400)
        phone = Handset(house)
        assert phone.send("") == "Entrez votre code PIN pour continuer:"
        assert phone.send("00000").startswith("Code PIN incorrect. Essais restants: 2.")
        assert phone.send(PIN).startswith("PerfectPay\n1. Transfert")
        assert Handset(house).send("").startswith("PerfectPay\n1. Transfert")
