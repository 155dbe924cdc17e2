"""The simulators on the screen: a trial rings on a phone, the two books agree, and nothing is tried on real people."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from nicegui import ui

from core import clock
from core.database import Database, fetch_all
from core.money import Currency
from core.permissions import Role, Scope
from models.transfers import ProviderAccount
from providers.fakes.accounts import account_of
from providers.fakes.behaviour import STORIES
from providers.fakes.kernel import Kernel
from providers.fakes.phones import PHONES, Letter
from providers.fakes.place import keep_port
from providers.fakes.server import FakeServer
from providers.tokens import tokens
from services import transfers
from services.provider_accounts.views import seal_secrets
from tests.builders.transfers import AWA, NOW, add_person, add_prices, add_routes
from tests.ui.conftest import signed_in
from tests.ui.hands import field, press, shown, stored, until

PATH = "/paiements/simulateurs"
THIN, NO_BREAK = "\N{NARROW NO-BREAK SPACE}", "\N{NO-BREAK SPACE}"
ASKED = f"1{THIN}000{NO_BREAK}F{NO_BREAK}CFA"
TOTAL = f"1{THIN}010{NO_BREAK}F{NO_BREAK}CFA"


@pytest.fixture
def fakes(house: Database, tmp_path: Path) -> Iterator[FakeServer]:
    """MTN Bénin as a fake that runs, an account that leads to it, and Awa with 10 000 in her wallet."""
    server = FakeServer(Kernel(pace=0.005, is_manual=True))
    server.start()
    keep_port(tmp_path, server.port)
    tokens.clear()
    found = account_of("mtn", "BJ")
    with house.transaction() as session:
        account = ProviderAccount(
            code=found.code, label=found.label, adapter="mtn", environment="fake", country="BJ", currency="XOF",
            base_url=f"{server.url}/mtn", settings=dict(found.settings), offers=["collect", "payout"], state="active",
        )  # fmt: skip
        account.secrets = seal_secrets(account, found.secrets)
        session.add(account)
        session.flush()
        add_routes(session, account.id, "mtn_momo", "BJ")
        add_prices(session, Currency.XOF)
        add_person(session, AWA, Currency.XOF)
    with clock.travel(NOW):
        yield server
    PHONES.reset()
    server.stop()


def operator(house: Database) -> str:
    return signed_in(house, "Inès Quenum", Scope.USSD, Role.OPERATEUR)


def send(house: Database) -> None:
    """Do what the worker does when it is rung."""
    assert transfers.submit_due(house) == 1


def hear(house: Database) -> None:
    """Let a callback be read."""
    with house.transaction() as session:
        transfers.plan_read(session, fetch_all(session, "select id from transfer")[0]["id"])
    with clock.travel(clock.now() + timedelta(seconds=2)):
        assert transfers.read_due(house) == 1


def choose_tab(user: Any, name: str) -> None:
    with user:
        next(iter(user.find(kind=ui.tabs).elements)).set_value(name)


async def test_a_trial_rings_on_the_phone_and_both_books_agree_in_the_end(
    open_console: Any, house: Database, fakes: FakeServer
) -> None:
    async with open_console(operator(house)) as user:
        await user.open(PATH)
        await until(lambda: [one for one in shown(user, ui.button) if one.text == f"Demander {ASKED}"])
        press(user, f"Demander {ASKED}")
        await user.should_see("Essai parti", retries=30)
        assert stored(house, "select count(*) as n, min(state) as state from transfer") == {"n": 1, "state": "created"}
        send(house)
        await user.open(PATH)
        await user.should_see(f"Palabre vous demande {TOTAL}.", retries=30)
        press(user, "Accepter")
        await until(lambda: len(fakes.kernel.book) == 1)
        choose_tab(user, "book")
        await user.should_see("Un écart", retries=30)
        hear(house)
        await user.open(PATH)
        choose_tab(user, "book")
        await user.should_see("Égaux", retries=30)
    assert stored(house, "select state, amount_minor from transfer") == {"state": "succeeded", "amount_minor": 1_010}
    acts = stored(house, "select array_agg(action order by id) as acts from audit_entry where action ~ '^simulator'")
    assert acts["acts"] == ["simulator.scenario", "simulator.press"]


async def test_a_refused_order_leaves_no_scenario_waiting_for_the_next(
    open_console: Any, house: Database, fakes: FakeServer
) -> None:
    async with open_console(operator(house)) as user:
        await user.open(PATH)
        await until(lambda: field(user, "Moyen").value == "mtn_momo")
        with user:
            field(user, "Montant").value = "9000000"
        press(user, f"Demander 9{THIN}000{THIN}000{NO_BREAK}F{NO_BREAK}CFA")
        await user.should_see("Maximum", retries=30)
    assert not fakes.kernel.chooser.queued.get("mtn")
    assert stored(house, "select count(*) as n from transfer") == {"n": 0}


async def test_time_passes_for_the_fakes_and_a_forged_callback_is_sent(
    open_console: Any, house: Database, fakes: FakeServer
) -> None:
    async with open_console(operator(house)) as user:
        await user.open(PATH)
        await until(lambda: field(user, "Moyen").value == "mtn_momo")
        with user:
            field(user, "Ce qui va se passer").value = "014"
        press(user, f"Demander {ASKED}")
        await user.should_see("Essai parti", retries=30)
        send(house)
        press(user, "+ 1 min")
        await user.should_see("Échoué", retries=30)
        await user.should_see("Solde insuffisant · 014")
        before = len(fakes.kernel.sent)
        forge = next(
            one for one in user.find(kind=ui.menu_item).elements if "Falsifié" in one.default_slot.children[0].text
        )
        with user:
            for listener in list(forge._event_listeners.values()):
                forge._handle_event({"id": forge.id, "listener_id": listener.id, "args": {}})
        await until(lambda: len(fakes.kernel.sent) == before + 1)
    assert fakes.kernel.sent[-1].is_forged
    assert len(fakes.kernel.book) == 0
    hear(house)
    assert stored(house, "select state, reason from transfer") == {"state": "failed", "reason": "insufficient_funds"}


async def test_what_arrived_stands_on_the_phone_it_arrived_on(
    open_console: Any, house: Database, fakes: FakeServer
) -> None:
    letter = Letter("kannel", "k-1", AWA, "Recharge de 1 000 FCFA recue.", "", clock.now())
    PHONES.receive(fakes.kernel, letter, STORIES["000"], None)
    async with open_console(operator(house)) as user:
        await user.open(PATH)
        choose_tab(user, "letters")
        await user.should_see("Recharge de 1 000 FCFA recue.", retries=30)
        await user.should_see(AWA)


async def test_without_an_account_on_trial_there_is_nothing_to_simulate(open_console: Any, house: Database) -> None:
    async with open_console(operator(house)) as user:
        await user.open(PATH)
        await user.should_see("Aucun compte d’essai en service")
        await user.should_not_see("Leur horloge")


async def test_who_only_reads_may_not_simulate(open_console: Any, house: Database) -> None:
    async with open_console(signed_in(house, "Yao Kouassi", Scope.USSD, Role.LECTEUR)) as user:
        answer = await user.http_client.get(PATH)
        assert "Votre rôle ne permet pas cet acte." in answer.text
        await user.open("/paiements")
        await user.should_not_see("Simulateurs")
