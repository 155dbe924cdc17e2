"""Lea opens a wallet for her own number; Awa finds Jean however she writes his."""

from collections.abc import Iterator
from uuid import UUID

import pytest

from core import clock, gsm7
from core.database import Database, Session, driver, fetch_one
from core.money import Currency
from core.permissions import SYSTEM
from core.security import PinHash, hash_pin, verify_pin
from models.users import User
from services import pins, wallets
from services.wallets import (
    AlreadyRegistered,
    InvalidPayee,
    OwnNumber,
    PayeeClosed,
    RegisterSubscriber,
    Subscriber,
    TooManyRequests,
    UnknownPayee,
)
from tests.builders import world
from tests.services import wallet_world as people
from tests.services.wallet_world import AWA, JEAN, MARIE, PAUL

LEA = "+237699000099"
PIN = "39571"


@pytest.fixture
def bank(database: Database) -> Iterator[Database]:
    with clock.travel(world.NOW):
        world.build(database, {"surveys": [], "notices": []})
        yield database


def order(user_id: UUID, pin: PinHash, phone: str = LEA, name: str = "Lea Tamo") -> RegisterSubscriber:
    return RegisterSubscriber(
        user_id=user_id, phone=phone, name=name, pin=pin, currency=Currency.XAF, country="CM", brand="PerfectPay"
    )


def register(bank: Database, phone: str = LEA, name: str = "Lea Tamo") -> Subscriber:
    """Do what the last screen of the registration does: prepare, hash outside any transaction, open."""
    with bank.transaction() as session:
        user_id = wallets.prepare_registration(session, phone, Currency.XAF)
    pin = hash_pin(user_id, PIN)
    with bank.transaction() as session:
        return wallets.register(session, SYSTEM, order(user_id, pin, phone, name))


def person(session: Session, user_id: UUID) -> dict[str, object]:
    row = fetch_one(session, "select * from users where id = %s", (user_id,))
    assert row is not None
    return row


def test_a_new_number_gets_a_wallet_at_zero_a_pin_and_a_welcome(bank: Database) -> None:
    lea = register(bank, name="  Lea   Tamo Ngo ")

    with bank.transaction() as session:
        row = person(session, lea.user_id)
        assert (row["first_name"], row["last_name"]) == ("Lea", "Tamo Ngo")
        assert (row["phone"], row["phone_proved_at"], row["country"]) == (LEA, world.NOW, "CM")
        assert people.balance(session, LEA) == 0
        (welcome,) = people.texts(session, LEA)
        assert welcome.startswith(
            "Bienvenue sur PerfectPay, Lea Tamo Ngo. Votre compte 699000099 est ouvert. Ne donnez"
        )
        stored = pins.count_try(session, lea.user_id).stored
        people.assert_books_hold(session)
    assert verify_pin(lea.user_id, PIN, stored).is_right
    assert people.send(bank, AWA, LEA, 1_000).payee_name == "Lea Tamo Ngo"


def test_a_number_that_has_a_wallet_is_refused(bank: Database) -> None:
    with pytest.raises(AlreadyRegistered):
        register(bank, AWA)

    with bank.transaction() as session:
        assert people.count(session, "message") == 0


def test_two_registrations_of_one_number_at_once_open_one_wallet(bank: Database) -> None:
    with bank.transaction() as session:
        ids = [wallets.prepare_registration(session, LEA, Currency.XAF) for _ in range(2)]
    first, second = (order(user_id, hash_pin(user_id, PIN)) for user_id in ids)

    def ask() -> Subscriber | AlreadyRegistered:
        try:
            with bank.transaction() as session:
                return wallets.register(session, SYSTEM, second)
        except AlreadyRegistered as refusal:
            return refusal

    answer = people.while_open(bank, lambda session: wallets.register(session, SYSTEM, first), ask)

    assert isinstance(answer, AlreadyRegistered)
    with bank.transaction() as session:
        assert people.count(session, "wallet") == len(world.VECTORS["world"]["subscribers"]) + 1
        assert len(people.texts(session, LEA)) == 1


def test_a_person_who_proved_his_number_gets_the_wallet_on_his_own_row(bank: Database) -> None:
    with bank.transaction() as session:
        known = User(phone=LEA, phone_proved_at=world.NOW, first_name="Léa", last_name="Tamo", email="lea@example.org")
        session.add(known)

    lea = register(bank, name="Autre Nom")

    assert lea.user_id == known.id
    assert lea.name == "Léa Tamo"


def test_a_line_added_by_name_is_the_persons_own_and_gets_a_name_if_it_had_none(bank: Database) -> None:
    with bank.transaction() as session:
        line = User(phone=LEA)
        session.add(line)

    lea = register(bank)

    assert (lea.user_id, lea.name) == (line.id, "Lea Tamo")
    with bank.transaction() as session:
        assert person(session, line.id)["phone_proved_at"] == world.NOW


def test_who_proves_a_number_takes_it_from_who_only_declared_it(bank: Database) -> None:
    with bank.transaction() as session:
        thief = User(phone=LEA, email="voleur@example.org", password_hash="x", first_name="Un", last_name="Autre")
        session.add(thief)

    lea = register(bank)

    assert lea.user_id != thief.id
    with bank.transaction() as session:
        assert person(session, thief.id)["phone"] is None
        assert people.user_id(session, LEA) == lea.user_id
        assert fetch_one(session, "select 1 as found from wallet where user_id = %s", (thief.id,)) is None
        assert fetch_one(session, "select 1 as found from pin_credential where user_id = %s", (thief.id,)) is None
        actions = driver(session).execute("select action from audit_entry order by action").fetchall()
        assert actions == [("subscriber.register",), ("user.phone_lost",)]


def test_three_registrations_a_day_and_then_patience(bank: Database) -> None:
    _rule(bank, "registrations", 3, 86_400)
    with bank.transaction() as session:
        for _ in range(3):
            wallets.prepare_registration(session, LEA, Currency.XAF)
        with pytest.raises(TooManyRequests):
            wallets.prepare_registration(session, LEA, Currency.XAF)
        wallets.prepare_registration(session, "+237699000098", Currency.XAF)


@pytest.mark.parametrize("typed", ["677000002", "+237677000002", "00237677000002", "677 00 00 02", "237677000002"])
def test_every_written_form_is_the_same_payee(bank: Database, typed: str) -> None:
    with bank.transaction() as session:
        payee = wallets.get_payee(session, people.user_id(session, AWA), typed, "CM", Currency.XAF)
        assert (payee.phone, payee.name, payee.user_id) == (JEAN, "Jean Nkolo", people.user_id(session, JEAN))


def test_a_payee_may_be_no_number_oneself_nobody_or_closed(bank: Database) -> None:
    with bank.transaction() as session:
        awa = people.user_id(session, AWA)
        for typed, refusal in (
            ("12", InvalidPayee),
            ("*155#", InvalidPayee),
            ("", InvalidPayee),
            ("699000001", OwnNumber),
            ("699000098", UnknownPayee),
            (MARIE, PayeeClosed),
        ):
            with pytest.raises(refusal):
                wallets.get_payee(session, awa, typed, "CM", Currency.XAF)
        with pytest.raises(UnknownPayee):
            wallets.get_payee(session, awa, JEAN, "CM", Currency.XOF)


def test_a_suspended_wallet_is_closed_too(bank: Database) -> None:
    with bank.transaction() as session:
        driver(session).execute(
            "update wallet set state = 'suspended' where user_id = %s", (people.user_id(session, PAUL),)
        )
        with pytest.raises(PayeeClosed):
            wallets.get_payee(session, people.user_id(session, AWA), PAUL, "CM", Currency.XAF)


def test_a_directory_is_not_read_by_trial(bank: Database) -> None:
    _rule(bank, "lookups", 2, 3_600)
    with bank.transaction() as session:
        awa = people.user_id(session, AWA)
        for typed in (JEAN, PAUL):
            wallets.get_payee(session, awa, typed, "CM", Currency.XAF)
        with pytest.raises(TooManyRequests):
            wallets.get_payee(session, awa, JEAN, "CM", Currency.XAF)


@pytest.mark.parametrize(
    ("first", "last", "shown"),
    [
        ("Jean", "Nkolo", "Jean Nkolo"),
        ("Aïssatou", "Ndiaye", "Aissatou Ndiaye"),
        ("Marie-Emmanuelle", "Essomba Mvondo", "Marie-Emmanuelle Ess"),
        ("Abdoulaye Souleyman", "Ba", "Abdoulaye Souleyman"),
        ("{{{{{{{{{{", "{{{{", "{{{{{{{{{{"),
        ("王", "", "+237"),
    ],
)
def test_a_name_is_shown_in_twenty_septets(first: str, last: str, shown: str) -> None:
    name = wallets.shown_name(first, last, "+237")
    assert name == shown
    assert gsm7.measure(name).size <= 20


def _rule(bank: Database, name: str, capacity: int, window_s: int) -> None:
    with bank.transaction() as session:
        driver(session).execute(
            "insert into velocity_rule (id, created_at, name, capacity, window_s)"
            " values (gen_random_uuid(), %s, %s, %s, %s)",
            (clock.now(), name, capacity, window_s),
        )
