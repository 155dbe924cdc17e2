"""A ledger with a history, for the tests of its guards and of its books."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from core import ids
from core.database import Database
from models.ledger import AccountKind
from services import books
from services.ledger import Leg
from tests.builders.bank import Bank, transfer

Connection = psycopg.Connection[Any]
CONTENT = "'\\x00'::bytea"


@dataclass(frozen=True, slots=True)
class Story:
    """A ledger with a history: 3 000 from Awa to Moussa for a fee of 30, 500 taken back; the first part is sealed."""

    bank: Bank
    awa: UUID
    moussa: UUID
    fees: UUID
    opening: UUID
    first: UUID
    second: UUID


def tell(database: Database) -> Story:
    bank = Bank(database)
    awa, moussa, fees = bank.wallet(10_000), bank.wallet(), bank.house()
    first = bank.post(transfer(awa, moussa, 3_000, "t1", fees=(fees, 30)))
    bank.seal()
    mistake = transfer(awa, moussa, 500, "t2")
    bank.post(mistake)
    back = tuple(Leg(leg.account_id, -leg.amount) for leg in mistake.legs)
    bank.post(replace(mistake, key="r2", id=ids.new_id(), legs=back, reverses_id=mistake.id))
    bank.seal()
    return Story(bank, awa, moussa, fees, bank.house(AccountKind.OPENING), first.id, mistake.id)


def harm_transaction(owner: Connection, key: str = "harm", source: str = "manual") -> UUID:
    transaction_id = ids.new_id()
    owner.execute(
        f"insert into ledger_transaction (id, source, key, kind, reference, actor, occurred_at, posted_at, content)"
        f" values (%s, %s, %s, 'harm', '', '', now(), now(), {CONTENT})".encode(),
        (transaction_id, source, key),
    )
    return transaction_id


def harm_entry(
    owner: Connection,
    account: UUID,
    amount: int,
    transaction_id: UUID,
    after: int | None = None,
    version: int | None = None,
) -> None:
    owner.execute(
        "insert into ledger_entry (transaction_id, account_id, currency, amount, balance_after, account_version)"
        " values (%s, %s, 'XOF', %s, %s, %s)",
        (transaction_id, account, amount, after, version),
    )


def broken_for(owner: Connection) -> set[int]:
    """Return the numbers of the invariants broken in the owner's own transaction, which is then undone."""
    views = [(invariant.number, sql.Identifier(invariant.view)) for invariant in books.INVARIANTS]
    query = sql.SQL("select exists (select from {})")
    return {number for number, view in views if owner.execute(query.format(view)).fetchone() == (True,)}
