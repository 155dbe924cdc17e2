"""A day of one account: its transfers, its suspense, and the statement that speaks of it."""

from datetime import UTC, date, datetime
from typing import Any

from core.database import Database, fetch_one
from core.money import Currency
from models.ledger import AccountKind
from models.transfers import Transfer
from services import ledger
from services.provider_accounts import AccountRow
from services.reconciliation import ImportStatement
from tests.builders import payments

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
MORNING_AFTER = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


def ours(database: Database, account: AccountRow, **columns: Any) -> Transfer:
    return payments.transfer(
        database,
        account.id,
        **{"state": "succeeded", "ended_at": NOON, "created_at": NOON, "submitted_at": NOON, **columns},
    )


def suspense(database: Database, account: AccountRow) -> int:
    with database.transaction() as session:
        held = ledger.house_account(session, AccountKind.SUSPENSE, Currency.XOF, "provider_account", account.id)
        found = fetch_one(session, "select ledger_balance(%s) as minor", (held,))
    assert found
    return int(found["minor"])


HEADER = "Date;Référence;Notre réf;Sens;Montant;Frais;Numéro\n"
COLUMNS = {
    "date": "Date",
    "provider_ref": "Référence",
    "our_reference": "Notre réf",
    "direction": "Sens",
    "amount": "Montant",
    "fee": "Frais",
    "party": "Numéro",
}


def statement(account: AccountRow, content: bytes, **order: Any) -> ImportStatement:
    return ImportStatement(
        **{"account_id": account.id, "file_name": "r.csv", "content": content, "columns": COLUMNS} | order
    )
