"""The home page, as each person finds it; the search; the counts of the rail."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from nicegui import ui

from core import clock, ids
from core.database import Database
from core.money import Currency, Money
from core.permissions import Actor, Grant, Role, Scope
from models.ledger import Source
from models.users import PinCredential
from models.wallets import UssdOperation, Wallet
from services import ledger
from services.ledger import Leg, Posting
from tests.builders import people, traffic
from tests.builders.money import open_wallet, send
from tests.ui.conftest import signed_in
from ui import live, navigation, search
from ui.labels import NO_BREAK

# A Saturday, 14:25 in Dakar.
NOW = datetime.fromisoformat("2026-11-21T14:25:00Z")
WEEK = timedelta(days=7)
THIN = "\N{NARROW NO-BREAK SPACE}"
ADMIN = Actor(None, "Mireille", (Grant(Scope.PLATFORM, Role.ADMIN),))
READER = Actor(None, "Léa", (Grant(Scope.USSD, Role.LECTEUR),))


@pytest.fixture(autouse=True)
def saturday() -> Iterator[clock.Traveller]:
    with clock.travel(NOW) as traveller:
        yield traveller


@pytest.fixture
def money(house: Database) -> UssdOperation:
    """Awa sent Jean 5 000 (fee 50) five minutes ago, and 4 000 (fee 40) last Saturday."""
    with house.transaction() as session:
        awa = open_wallet(session, "Awa Diop", at=NOW - 4 * WEEK, phone="+237699000001", country="CM")
        jean = open_wallet(session, "Jean Nkolo", at=NOW - 4 * WEEK, phone="+237677000002", country="CM")
        rich = open_wallet(session, "Koffi Aka", Currency.XOF, at=NOW - 4 * WEEK)
        send(session, rich, open_wallet(session, "Afi Brou", Currency.XOF, at=NOW - 4 * WEEK), 777, 7, NOW)
        send(session, awa, jean, 4_000, 40, NOW - WEEK - timedelta(minutes=30))
        return send(session, awa, jean, 5_000, 50, NOW - timedelta(minutes=5))


def write_waiting(database: Database) -> None:
    """Two payments of unknown outcome and one locked PIN."""
    with database.transaction() as session:
        payer = open_wallet(session, "Awa Diop", at=NOW - WEEK)
        session.add(PinCredential(user_id=payer.user_id, hash="", pepper_id="1", needs_admin=True, changed_at=NOW))
        for number, minor in enumerate((5_000, 7_000)):
            session.add(
                UssdOperation(
                    reference=f"BI-{number}",
                    type="bill",
                    payer_id=payer.id,
                    currency="XAF",
                    amount_minor=minor,
                    key=str(number),
                    state="unknown",
                    created_at=NOW - timedelta(minutes=40),
                )
            )


async def test_an_administrator_sees_the_day_at_a_glance(
    open_console: Any, house: Database, money: UssdOperation
) -> None:
    async with open_console(signed_in(house, "Mireille Bongo", Scope.PLATFORM, Role.ADMIN)) as user:
        await user.open("/")
        await user.should_see("Bonjour Mireille")
        await user.should_see("Samedi 21 novembre 2026. Tout est calme.")
        await user.should_see("Rien ne vous attend.")
        await user.should_see("Argent déplacé")
        await user.should_see(f"5{THIN}000</span>")
        await user.should_see(f"+25,0{NO_BREAK}%")
        await user.should_see("que samedi dernier")
        await user.should_see("Frais perçus")
        await user.should_see("Transfert d’Awa Diop")
        await user.should_see(f'href="/grand-livre/operations/{money.transaction_id}"')
        await user.should_see("Tout le journal")


async def test_what_waits_has_its_amount_and_one_button(open_console: Any, house: Database) -> None:
    write_waiting(house)
    async with open_console(signed_in(house, "Mireille Bongo", Scope.PLATFORM, Role.ADMIN)) as user:
        await user.open("/")
        await user.should_see("Le sort de deux paiements est inconnu, un code secret est à débloquer.")
        await user.should_see(f"Paiements au sort inconnu{NO_BREAK}: 2")
        await user.should_see(f"12{THIN}000</span>")
        await user.should_see("depuis 13:45")
        await user.should_see("Ouvrir la file")
        await user.should_see('aria-label="3 en attente"')
        await user.should_not_see("Rien ne vous attend.")


async def test_a_reader_sees_neither_fees_nor_the_trail_nor_what_others_decide(
    open_console: Any, house: Database, money: UssdOperation
) -> None:
    write_waiting(house)
    async with open_console(signed_in(house, "Yao Kouassi", Scope.USSD, Role.LECTEUR)) as user:
        await user.open("/")
        await user.should_see("Bonjour Yao")
        await user.should_see("Argent déplacé")
        await user.should_see("Transfert d’Awa Diop")
        await user.should_not_see(f"/grand-livre/operations/{money.transaction_id}")
        await user.should_not_see("Frais perçus")
        await user.should_not_see("Tout le journal")
        await user.should_see("Rien ne vous attend.")


@pytest.mark.parametrize(
    ("scope", "role", "word"),
    [(Scope.PLATFORM, Role.MEMBRE, "Membre"), (Scope.CIU, Role.LECTEUR, "Lecture")],
)
async def test_who_has_nothing_here_yet_is_told_so_calmly(
    open_console: Any, house: Database, money: UssdOperation, scope: Scope, role: Role, word: str
) -> None:
    assert money.amount_minor == 5_000
    async with open_console(signed_in(house, "Chantal Ngo", scope, role)) as user:
        await user.open("/")
        await user.should_see(f"Votre compte est ouvert ({word}).")
        await user.should_not_see("En direct")
        await user.should_not_see("Aujourd’hui")
        await user.should_not_see("Awa Diop")


async def test_figures_and_feed_follow_what_happens_and_the_currency_is_chosen(
    open_console: Any, house: Database, money: UssdOperation, saturday: clock.Traveller
) -> None:
    async with open_console(signed_in(house, "Grâce Mbuyi", Scope.USSD, Role.OPERATEUR)) as user:
        await user.open("/")
        await user.should_not_see("Transfert de Jean Nkolo")
        saturday.advance(60)
        with house.transaction() as session:
            awa, jean = (session.get_one(Wallet, wallet_id) for wallet_id in (money.payer_id, money.payee_id))
            send(session, jean, awa, 1_000, 10, clock.now())
        live.hub.deliver({"topic": "ussd"})
        await user.should_see("Transfert de Jean Nkolo")
        await user.should_see(f"6{THIN}000</span>")
        with user:
            next(one for one in user.find(kind=ui.toggle).elements if "XOF" in one.options).set_value("XOF")
        await user.should_see(">777</span>")


# The search


def found(database: Database, text: str, actor: Actor = ADMIN) -> list[tuple[str, str]]:
    with database.transaction() as session:
        return [(hit.title, hit.href) for hit in search.find(session, actor, text)]


def test_the_search_finds_people_by_number_and_name_and_operations_by_reference(
    house: Database, money: UssdOperation
) -> None:
    with house.transaction() as session:
        awa, jean = (session.get_one(Wallet, wallet_id).user_id for wallet_id in (money.payer_id, money.payee_id))
    to_awa, to_jean = (("Awa Diop", f"/ussd-console/abonnes/{awa}"), ("Jean Nkolo", f"/ussd-console/abonnes/{jean}"))
    operation = (money.reference, f"/grand-livre/operations/{money.transaction_id}")
    for text in ("699000001", "+237 6 99 00 00 01", "awa", "DIOP"):
        assert found(house, text) == [to_awa]
    assert found(house, money.reference.lower())[0] == operation
    assert set(found(house, money.reference)[1:]) == {to_awa, to_jean}
    assert set(found(house, money.reference, READER)) == {to_awa, to_jean}  # the ledger is not his
    assert found(house, "personne") == []


def test_the_search_finds_an_operation_by_the_reference_of_any_service(house: Database, money: UssdOperation) -> None:
    reference = str(ids.new_id())  # a pension's payment
    with house.transaction() as session:
        wallets = [session.get_one(Wallet, wallet_id) for wallet_id in (money.payer_id, money.payee_id)]
        amount = Money(300, Currency.XAF)
        legs = tuple(Leg(wallet.account_id, moved) for wallet, moved in zip(wallets, (amount, -amount), strict=True))
        posted = ledger.post(session, Posting(Source.PENSION, "post:1", "pension", legs, reference=reference))
    assert (reference, f"/grand-livre/operations/{posted.id}") in found(house, reference)
    assert found(house, str(ids.new_id())) == []


def test_the_search_finds_a_dialogue_by_either_key_and_a_colleague_by_his_address(house: Database) -> None:
    with house.transaction() as session:
        row = traffic.add_session(session, traffic.open_line(session), NOW)
        key, identifier = row.session_key, str(row.id)
    colleague = people.person(house, "grace@palabre.example", first_name="Grâce", last_name="Mbuyi")
    dialogue = (key, f"/ussd-console/sessions/{identifier}")
    assert found(house, key) == found(house, identifier) == found(house, key, READER) == [dialogue]
    assert found(house, "grace@pal") == [("Grâce Mbuyi", f"/administration/utilisateurs/{colleague}")]
    assert found(house, "grace@pal", READER) == []
    member = Actor(None, "Chantal", (Grant(Scope.PLATFORM, Role.MEMBRE),))
    assert found(house, key, member) == []


async def test_what_is_typed_in_the_header_is_found(open_console: Any, house: Database, money: UssdOperation) -> None:
    async with open_console(signed_in(house, "Mireille Bongo", Scope.PLATFORM, Role.ADMIN)) as user:
        await user.open("/grand-livre/balance")
        user.find("Numéro, nom, référence…").type("jean")
        await user.should_see("Jean Nkolo")
        user.find("Numéro, nom, référence…").clear().type("zzzz")
        await user.should_see("Rien de tel.")
    assert money.reference


# The rail


def test_the_rail_counts_things_and_marks_failures(house: Database) -> None:
    write_waiting(house)
    with house.transaction() as session:
        line = traffic.open_line(session)
        steps = [traffic.Step("home", is_error=number < 9) for number in range(40)]
        traffic.add_session(session, line, NOW - timedelta(minutes=4), steps, gap_s=1)
    with house.transaction() as session:
        paths = [section.path for section in navigation.SECTIONS]
        standing = navigation.standing(session, ADMIN, navigation.sections_for(ADMIN, paths))
    assert standing.waiting == {
        "/": navigation.Waiting(4, is_failure=True),
        "/ussd-console": navigation.Waiting(1, is_failure=True),
        "/ussd-console/operations": navigation.Waiting(2),
        "/ussd-console/abonnes": navigation.Waiting(1),
    }
