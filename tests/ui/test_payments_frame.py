"""What payments put around every page: the band of accounts on trial, the search; and what leaves it as a file."""

import io
import zipfile
from typing import Any

import polars as pl
import pytest
from nicegui import ui

from core.database import Database
from core.permissions import Role, Scope
from models.transfers import Transfer
from tests.builders import transfer_rows
from tests.ui.conftest import signed_in
from tests.ui.hands import field, press, shown, stored, until
from ui.components.export import workbook, written

BAND = "Comptes d’essai actifs"


def operator(house: Database) -> str:
    return signed_in(house, "Inès Quenum", Scope.USSD, Role.OPERATEUR)


@pytest.mark.parametrize(
    ("environment", "state", "bands_shown"),
    [("fake", "active", 1), ("sandbox", "active", 1), ("live", "active", 0), ("fake", "paused", 0)],
)
async def test_every_screen_says_that_accounts_on_trial_are_active(
    open_console: Any, house: Database, environment: str, state: str, bands_shown: int
) -> None:
    with house.transaction() as session:
        transfer_rows.account(session, environment=environment, state=state)
    async with open_console(operator(house)) as user:
        for path in ("/", "/ussd-console", "/mon-compte"):
            await user.open(path)
            bands = [one for one in shown(user, ui.html) if BAND in str(one.content)]
            assert len(bands) == bands_shown


async def test_the_search_finds_a_transfer_by_its_reference(open_console: Any, house: Database) -> None:
    with house.transaction() as session:
        row = transfer_rows.transfer(session, transfer_rows.account(session))
    async with open_console(operator(house)) as user:
        await user.open("/")
        box = next(one for one in shown(user, ui.input) if one.props.get("role") == "combobox")
        with user:
            box.value = row.reference
        await user.should_see(f'href="/paiements/transferts/{row.id}"', retries=20)


def test_a_file_opens_in_a_spreadsheet_and_holds_no_formula() -> None:
    content = written(["Référence", "Montant"], [["=1+1", "-5000"], ["+22901****01", "12.50"]])
    assert content.decode("utf-8-sig").splitlines() == [
        "Référence;Montant",
        "'=1+1;-5000",
        "'+22901****01;12.50",
    ]


def test_a_workbook_counts_amounts_and_holds_no_formula() -> None:
    lines = [["=1+1", "-5000"], ["007", "12.50"], ["12345678901234567890", "@SUM(A1)"]]
    read = pl.read_excel(workbook(["Référence", "Montant"], lines), infer_schema_length=0)
    assert read.columns == ["Référence", "Montant"]
    assert read["Référence"].to_list() == ["'=1+1", "007", "12345678901234567890"]
    with zipfile.ZipFile(io.BytesIO(workbook(["Référence", "Montant"], lines))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert (sheet.count("<f>"), sheet.count("<v>-5000</v>"), sheet.count("<v>12.5</v>")) == (0, 1, 1)


@pytest.fixture
def paid(house: Database) -> Transfer:
    """A collect of 5 000 that succeeded."""
    with house.transaction() as session:
        return transfer_rows.transfer(session, transfer_rows.account(session))


async def test_a_refund_says_all_it_will_do_and_waits_for_a_second_person(
    open_console: Any, house: Database, paid: Transfer
) -> None:
    async with open_console(operator(house)) as user:
        await user.open(f"/paiements/transferts/{paid.id}")
        press(user, "Rembourser")
        await user.should_see("Cinq mille")
        await user.should_see("elle part quand une deuxième personne a approuvé")
        field(user, "Motif").value = "Payé deux fois"
        press(user, "Demander le remboursement de 5\u202f000\u00a0F\u00a0CFA")
        await until(lambda: stored(house, "select count(*) as n from transfer")["n"] == 2)
    child = stored(house, "select * from transfer where parent_id is not null")
    assert (child["parent_id"], child["direction"], child["state"], child["is_held"]) == (
        paid.id,
        "refund",
        "created",
        True,
    )
    async with open_console(signed_in(house, "Codjo Agossou", Scope.USSD, Role.OPERATEUR)) as user:
        await user.open(f"/paiements/transferts/{child['id']}")
        await user.should_see("Payé deux fois")
        press(user, "Approuver")
        await user.should_see("Vous signez en second.")
        press(user, "Approuver et faire")
        await until(lambda: not stored(house, "select is_held from transfer where id = %s", child["id"])["is_held"])


async def test_what_is_being_given_back_is_not_given_twice(open_console: Any, house: Database, paid: Transfer) -> None:
    with house.transaction() as session:
        contract = transfer_rows.account(session, "wave-sn", adapter="wave")
        transfer_rows.transfer(session, contract, "pending", direction="refund", parent_id=paid.id)
    async with open_console(operator(house)) as user:
        await user.open(f"/paiements/transferts/{paid.id}")
        await user.should_see("Rendu par")
        button = next(one for one in shown(user, ui.button) if one.text == "Rembourser")
        assert not button.enabled
