"""The ledger on the screen: what the entries say, and one reversal."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from nicegui import ui

from core import clock, ids
from core.database import Database, fetch_all
from core.permissions import Role, Scope
from models.wallets import UssdOperation
from tests.builders.money import open_wallet, send
from tests.ui.conftest import signed_in
from ui.labels import NO_BREAK

THIN = "\N{NARROW NO-BREAK SPACE}"
CFA = f"{NO_BREAK}F{NO_BREAK}CFA"


@pytest.fixture
def money(house: Database) -> UssdOperation:
    """Awa sent Jean 5 000, fee 50, five minutes ago."""
    at = clock.now() - timedelta(days=30)
    with house.transaction() as session:
        awa, jean = (open_wallet(session, name, at=at) for name in ("Awa Diop", "Jean Nkolo"))
        return send(session, awa, jean, 5_000, 50, clock.now() - timedelta(minutes=5))


def rows_of(user: Any) -> list[dict[str, Any]]:
    with user:
        return [dict(row) for table in user.find(kind=ui.table).elements for row in table.rows]


async def test_every_movement_is_in_the_list_and_leads_to_its_page(
    open_console: Any, house: Database, money: UssdOperation
) -> None:
    async with open_console(signed_in(house, "Mireille Bongo", Scope.PLATFORM, Role.ADMIN)) as user:
        await user.open("/grand-livre")
        await user.should_see("Chaque mouvement d’argent, une fois, pour toujours.")
        await user.should_see(kind=ui.table, retries=20)
        found = rows_of(user)
        assert [(row["kind"], row["amount"]) for row in found] == [
            ("Transfert", f"5{THIN}050{CFA}"),
            ("Solde d’ouverture", f"10{THIN}000{THIN}000{CFA}"),
            ("Solde d’ouverture", f"10{THIN}000{THIN}000{CFA}"),
        ]
        assert found[0]["reference"] == money.reference
        assert found[0]["_href"] == f"/grand-livre/operations/{money.transaction_id}"


async def test_one_transaction_shows_debits_first_and_is_reversed_once(
    open_console: Any, house: Database, money: UssdOperation
) -> None:
    async with open_console(signed_in(house, "Mireille Bongo", Scope.PLATFORM, Role.ADMIN)) as user:
        await user.open(f"/grand-livre/operations/{money.transaction_id}")
        await user.should_see(money.reference)
        for size in (f"5{THIN}050{CFA}", f"5{THIN}000{CFA}", f"50{CFA}"):
            await user.should_see(f'class="number">{size}')
        user.find("Contre-passer").click()
        await user.should_see("Pour confirmer, écrivez")
        act = next(one for one in user.find(kind=ui.button).elements if one.text.startswith("Contre-passer 5"))
        assert not act.enabled
        with user:
            next(one for one in user.find(kind=ui.input).elements if one.props.get("type") == "text").set_value(
                money.reference
            )
        user.find(act.text).click()
        await user.should_see("<dt>Contre-passe</dt>", retries=20)
    with house.transaction() as session:
        reversals = fetch_all(session, "select reverses_id from ledger_transaction where kind = 'reversal'")
        wallets = fetch_all(session, "select balance from ledger_account where kind = 'wallet'")
    assert [row["reverses_id"] for row in reversals] == [money.transaction_id]
    assert [row["balance"] for row in wallets] == [10_000_000, 10_000_000]


async def test_an_account_shows_its_balance_and_its_statement(
    open_console: Any, house: Database, money: UssdOperation
) -> None:
    with house.transaction() as session:
        query = "select account_id from wallet where id = %s"
        account = fetch_all(session, query, (money.payer_id,))[0]["account_id"]
    async with open_console(signed_in(house, "Mireille Bongo", Scope.PLATFORM, Role.ADMIN)) as user:
        await user.open(f"/grand-livre/comptes/{account}")
        await user.should_see(f"9{THIN}994{THIN}950</span>")
        await user.should_see(kind=ui.table, retries=20)
        minus = "\N{MINUS SIGN}"
        assert [row["amount"] for row in rows_of(user)] == [
            f"{minus}5{THIN}050{CFA}",
            f"+10{THIN}000{THIN}000{CFA}",
        ]


async def test_the_balance_is_balanced_and_totals_are_equal(
    open_console: Any, house: Database, money: UssdOperation
) -> None:
    assert money.fee_minor == 50
    async with open_console(signed_in(house, "Mireille Bongo", Scope.PLATFORM, Role.ADMIN)) as user:
        answer = await user.http_client.get("/grand-livre/balance")
    assert answer.text.count(f"20{THIN}000{THIN}000") + answer.text.count("20\\u202f000\\u202f000") == 3
    assert "Équilibrée" in answer.text


@pytest.mark.parametrize("path", ["/grand-livre/operations/{}", "/grand-livre/comptes/{}"])
async def test_an_unknown_or_malformed_id_is_not_found(open_console: Any, house: Database, path: str) -> None:
    async with open_console(signed_in(house, "Mireille Bongo", Scope.PLATFORM, Role.ADMIN)) as user:
        assert (await user.http_client.get(path.format("pas-un-id"))).status_code == 404
        await user.open(path.format(ids.id_at(datetime.fromisoformat("2026-01-01T00:00:00Z"))))
        await user.should_see("Introuvable.")


@pytest.mark.parametrize("path", ["/grand-livre", "/grand-livre/balance"])
async def test_the_ledger_is_not_for_a_reader_of_ussd(open_console: Any, house: Database, path: str) -> None:
    async with open_console(signed_in(house, "Yao Kouassi", Scope.USSD, Role.LECTEUR)) as user:
        answer = await user.http_client.get(path)
        assert answer.status_code == 403
        assert "Votre rôle ne permet pas cet acte." in answer.text
