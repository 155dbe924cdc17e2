"""A small ledger to tell stories with: wallets with money in them, transfers, and the books' examination."""

from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from core import ids
from core.database import Database, driver
from core.money import Currency, Money
from models.ledger import AccountKind, Source
from services import books, ledger
from services.ledger import Leg, Posted, Posting


@dataclass(frozen=True, slots=True)
class Bank:
    """The ledger of one database, in the words of a story."""

    database: Database

    def wallet(self, balance: int = 0, currency: Currency = Currency.XOF) -> UUID:
        """Open a wallet, and put `balance` into it from the opening account."""
        with self.database.transaction() as session:
            wallet = ledger.open_account(session, AccountKind.WALLET, "wallet", ids.new_id(), currency)
            if balance:
                opening = ledger.house_account(session, AccountKind.OPENING, currency)
                ledger.post(session, transfer(opening, wallet, balance, f"opening:{wallet}", currency=currency))
        return wallet

    def reserved(self) -> UUID:
        """Open the reserved side of a wallet."""
        with self.database.transaction() as session:
            return ledger.open_account(session, AccountKind.WALLET_RESERVED, "wallet", ids.new_id(), Currency.XOF)

    def house(self, kind: AccountKind = AccountKind.FEE_INCOME, currency: Currency = Currency.XOF) -> UUID:
        """Open, or find, a house account of the platform."""
        with self.database.transaction() as session:
            return ledger.house_account(session, kind, currency)

    def post(self, posting: Posting) -> Posted:
        """Post in a transaction of its own."""
        with self.database.transaction() as session:
            return ledger.post(session, posting)

    def post_many(self, *postings: Posting) -> list[Posted]:
        """Post a batch in a transaction of its own."""
        with self.database.transaction() as session:
            return ledger.post_many(session, postings)

    def seal(self, most: int = 50_000) -> int:
        """Seal what is not sealed yet."""
        with self.database.transaction() as session:
            return ledger.seal_next(session, most=most)

    def balance(self, account: UUID) -> int:
        """Return a balance in minor units, on the account's own side."""
        with self.database.transaction() as session:
            return ledger.get_balance(session, account).minor

    def figure(self, query: LiteralString, *parameters: Any) -> Any:
        """Return the one value of a query."""
        with self.database.transaction() as session:
            row = driver(session).execute(query, parameters).fetchone()
        assert row is not None
        return row[0]

    def size(self) -> tuple[int, int]:
        """Return how many transactions and entries there are."""
        with self.database.transaction() as session:
            head = books.get_head(session)
        return int(str(head["transactions"])), int(str(head["entries"]))

    def broken(self) -> set[int]:
        """Return the numbers of the invariants that do not hold."""
        with self.database.transaction() as session:
            return {finding.invariant.number for finding in books.list_findings(session) if not finding.holds}

    def owner(self) -> psycopg.Connection[Any]:
        """Connect as the owner of the tables, whom only triggers and constraints stop."""
        return psycopg.connect(self.database.url)


def transfer(
    payer: UUID,
    payee: UUID,
    minor: int,
    key: str,
    *,
    fees: tuple[UUID, int] | None = None,
    currency: Currency = Currency.XOF,
) -> Posting:
    """Ask for `minor` from one account to another, with a fee on top for a third."""
    legs = [Leg(payer, Money(minor + (fees[1] if fees else 0), currency)), Leg(payee, Money(-minor, currency))]
    if fees:
        legs.append(Leg(fees[0], Money(-fees[1], currency)))
    return Posting(Source.MANUAL, key, "transfer", tuple(legs))


def rewrite(owner: psycopg.Connection[Any], function: str, old: str, new: str) -> None:
    """Replace a passage of one of the ledger's functions, to see what notices."""
    row = owner.execute("select pg_get_functiondef(%s::regproc)", (function,)).fetchone()
    assert row is not None
    assert row[0].count(old) == 1
    owner.execute(row[0].replace(old, new))
