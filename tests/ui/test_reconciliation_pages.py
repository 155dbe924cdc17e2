"""Reconciliation on the screen: a calendar of days, one day's differences, its closing, a statement brought in."""

from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from nicegui import ui
from nicegui.elements.upload_files import SmallFileUpload

from core import clock
from core.database import Database, fetch_one
from core.money import Currency, Money
from core.permissions import Role, Scope
from models.reconciliation import ReconciliationRun
from providers.answers import Line
from services.reconciliation.comparing import compare
from services.reconciliation.days import end_run, open_run
from services.reconciliation.fetching import save_lines
from tests.builders import payments
from tests.builders.bank import Bank
from tests.ui.conftest import signed_in
from tests.ui.hands import field, press, shown, stored, until

PATH = "/paiements/rapprochement"
RETRIES = 50  # five seconds at most, on a machine that runs every test at once
OPEN_ITEMS = "select count(*) as items from reconciliation_item where resolved_at is null"


@pytest.fixture
def yesterday() -> date:
    return clock.now().date() - timedelta(days=1)


@pytest.fixture
def run_id(house: Database, yesterday: date) -> UUID:
    """A day of Wave with one line that only the provider knows and one transfer that only we know."""
    account = payments.account(house, "wave", country="SN", label="Wave Sénégal")
    at = datetime.combine(yesterday, datetime.min.time(), UTC) + timedelta(hours=12)
    payments.transfer(house, account.id, state="succeeded", ended_at=at, reference="OURSALONE")
    with house.transaction() as session:
        run = open_run(session, account.id, yesterday, "list")
        stray = Line("T1", "collect", Money(700, Currency.XOF), at, provider_ref="T1", party="+221771234567")
        save_lines(session, run.id, account.id, [stray])
        compare(session, run)
        end_run(session, run)
        return run.id


def is_left(house: Database, items: int) -> bool:
    return stored(house, OPEN_ITEMS) == {"items": items}


def is_redrawn(user: Any) -> bool:
    return not shown(user, ui.textarea)


async def test_the_calendar_counts_what_waits_and_leads_to_the_day(
    open_console: Any, house: Database, run_id: UUID
) -> None:
    async with open_console(signed_in(house, "Grâce Mbuyi", Scope.USSD, Role.OPERATEUR)) as user:
        await user.open(PATH)
        await user.should_see("Wave Sénégal")
        await user.should_see(f'href="{PATH}/{run_id}"')
        await user.should_see("2 à régler")
        await user.should_see("Importer un relevé")


async def test_a_reader_changes_nothing(open_console: Any, house: Database, run_id: UUID) -> None:
    async with open_console(signed_in(house, "Awa Diop", Scope.USSD, Role.LECTEUR)) as user:
        await user.open(PATH)
        await user.should_see("Wave Sénégal")
        await user.should_not_see("Importer un relevé")
        await user.open(f"{PATH}/{run_id}")
        await user.should_see("Chez l’opérateur seulement")
        await user.should_not_see("Régler l’écart")
        await user.should_not_see(kind=ui.button, content="Régler")


async def test_a_day_is_settled_word_by_word_and_closed(open_console: Any, house: Database, run_id: UUID) -> None:
    Bank(house).seal(1_000)
    async with open_console(signed_in(house, "Grâce Mbuyi", Scope.USSD, Role.OPERATEUR)) as user:
        await user.open(f"{PATH}/{run_id}")
        await user.should_see("OURSALONE")
        await user.should_see("+22177****67")
        for left in (1, 0):
            await user.should_not_see("Clôturer le jour")
            press(user, "Régler")
            await user.should_see("Pourquoi cet écart est réglé", retries=RETRIES)
            with user:
                field(user, "Pourquoi cet écart est réglé").set_value(f"Vu avec l'opérateur {left}")
            press(user, "Régler l’écart")
            await until(partial(is_left, house, left))
            await until(partial(is_redrawn, user))
        await user.should_see("Clôturer le jour", retries=RETRIES)
        user.find("Clôturer le jour").click()
        await user.should_see("Il ne s’ouvrira plus.", retries=RETRIES)
        press(user, "Clôturer le jour")
        await user.should_see("<dt>Sceau</dt>", retries=RETRIES)
    with house.transaction() as session:
        run = session.get_one(ReconciliationRun, run_id)
        assert run.state == "closed"
        assert run.seal_sha256


@pytest.mark.usefixtures("run_id")
async def test_a_statement_is_previewed_then_taken(open_console: Any, house: Database, yesterday: date) -> None:
    content = f"date;amount;provider_ref\n{yesterday:%d/%m/%Y};1 500;S1\n".encode()
    async with open_console(signed_in(house, "Grâce Mbuyi", Scope.USSD, Role.OPERATEUR)) as user:
        await user.open(PATH)
        user.find("Importer un relevé").click()
        await user.should_see("Déposez le relevé ici")
        with user:
            account = next(iter(user.find(kind=ui.select).elements))
            account.set_value(next(iter(account.options)))
            upload = next(iter(user.find(kind=ui.upload).elements))
        await upload.handle_uploads([SmallFileUpload("releve.csv", "text/csv", content)])
        await user.should_see("Importer 1 ligne")
        user.find("Importer 1 ligne").click()
        await user.should_see("relevé importé", retries=RETRIES)
    with house.transaction() as session:
        found = fetch_one(session, "select lines, file_name from provider_statement")
    assert found == {"lines": 1, "file_name": "releve.csv"}
