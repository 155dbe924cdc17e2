"""The ledger as a person reads it: transactions, accounts and their statements. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.money import Currency, Money
from core.permissions import Actor, Permission
from models.ledger import Source

MOST_COUNTED = 10_000  # a longer list says «10 000»: nobody reads on, and counting costs as much as reading


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A transaction in a list; `amount` is the sum of its debits."""

    id: UUID
    kind: str
    reference: str
    source: str
    actor: str
    occurred_at: datetime
    amount: Money
    lines: int
    is_reversed: bool


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One line: on the account's own side in a statement (`amount` signed), debit or credit in a transaction."""

    id: int
    transaction_id: UUID
    account_id: UUID
    account_kind: str
    account_label: str
    kind: str
    reference: str
    occurred_at: datetime
    amount: Money
    balance_after: Money | None


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction with its entries, and what it reverses or is reversed by."""

    row: TransactionRow
    key: str
    posted_at: datetime
    reverses_id: UUID | None
    reversed_by_id: UUID | None
    entries: tuple[EntryRow, ...]


@dataclass(frozen=True, slots=True)
class AccountCard:
    """An account and its balance on its own side."""

    id: UUID
    kind: str
    side: str
    label: str
    owner_type: str
    balance: Money
    floor: Money | None
    is_house: bool
    entries: int


# Reads

_TRANSACTION = """
    select t.id, t.kind, t.reference, t.source, t.actor, t.occurred_at, t.key, t.posted_at, t.reverses_id,
           e.currency, e.amount, e.lines,
           (select r.id from ledger_transaction r where r.reverses_id = t.id) as reversed_by_id
    from {transactions} t
    cross join lateral (
        select min(currency) as currency, count(*) as lines,
               coalesce(sum(amount) filter (where amount > 0), 0) as amount
        from ledger_entry where transaction_id = t.id
    ) e
"""

_ENTRY = """
    select e.id, e.transaction_id, e.account_id, a.kind as account_kind, a.label as account_label, a.side,
           t.kind, t.reference, t.occurred_at, e.currency, e.amount, e.balance_after
    from ledger_entry e
    join ledger_account a on a.id = e.account_id
    join ledger_transaction t on t.id = e.transaction_id
"""


def list_transactions(
    session: Session, actor: Actor, *, search: str = "", kind: str = "", limit: int = 25, offset: int = 0
) -> tuple[list[TransactionRow], int]:
    """Return transactions, newest first, by reference, key or kind; and how many there are, up to `MOST_COUNTED`."""
    actor.require(Permission.LEDGER_READ)
    values = {"search": search, "sources": list(Source), "kind": kind, "limit": limit, "offset": offset}
    values["most"] = MOST_COUNTED
    named = "(reference in (%(search)s::text, upper(%(search)s)) or source = any(%(sources)s) and key = %(search)s)"
    where = f"where (%(kind)s = '' or kind = %(kind)s) and {named if search else 'true'}"
    order = "order by occurred_at desc, id desc limit %(limit)s offset %(offset)s"
    page = f"(select * from ledger_transaction {where} {order})"
    rows = fetch_all(session, _TRANSACTION.format(transactions=page) + "order by t.occurred_at desc, t.id desc", values)
    counted = fetch_one(
        session, f"select count(*) as total from (select 1 from ledger_transaction {where} limit %(most)s) c", values
    )
    return [_transaction(row) for row in rows], int(counted["total"]) if counted else 0


def list_kinds(session: Session, actor: Actor) -> list[str]:
    """Return the kinds of transactions that exist."""
    actor.require(Permission.LEDGER_READ)
    return [row["kind"] for row in fetch_all(session, "select distinct kind from ledger_transaction order by kind")]


def get_transaction(session: Session, actor: Actor, transaction_id: UUID) -> Transaction:
    """Return one transaction with its entries, debits first."""
    actor.require(Permission.LEDGER_READ)
    row = fetch_one(
        session, _TRANSACTION.format(transactions="(select * from ledger_transaction where id = %s)"), (transaction_id,)
    )
    if row is None:
        raise NotFound(thing="transaction")
    entries = fetch_all(session, _ENTRY + "where e.transaction_id = %s order by e.amount desc, e.id", (transaction_id,))
    return Transaction(
        row=_transaction(row),
        key=row["key"],
        posted_at=row["posted_at"],
        reverses_id=row["reverses_id"],
        reversed_by_id=row["reversed_by_id"],
        entries=tuple(_entry(entry, sign=1) for entry in entries),
    )


def get_account(session: Session, actor: Actor, account_id: UUID) -> AccountCard:
    """Return one account with its balance now."""
    actor.require(Permission.LEDGER_READ)
    row = fetch_one(
        session,
        """
        select a.*, ledger_balance(a.id) as present,
               case when not a.is_house then a.version
                    else (select count(*) from ledger_entry e where e.account_id = a.id) end as entries
        from ledger_account a where a.id = %s
        """,
        (account_id,),
    )
    if row is None:
        raise NotFound(thing="account")
    currency = Currency(row["currency"])
    return AccountCard(
        id=row["id"],
        kind=row["kind"],
        side=row["side"],
        label=row["label"],
        owner_type=row["owner_type"],
        balance=Money(int(row["present"]), currency),
        floor=None if row["min_balance"] is None else Money(row["min_balance"], currency),
        is_house=row["is_house"],
        entries=int(row["entries"]),
    )


def list_statement(
    session: Session, actor: Actor, account_id: UUID, *, limit: int = 25, offset: int = 0
) -> list[EntryRow]:
    """Return an account's entries, newest first, signed on the account's own side."""
    actor.require(Permission.LEDGER_READ)
    rows = fetch_all(
        session,
        _ENTRY + "where e.account_id = %s order by e.id desc limit %s offset %s",
        (account_id, limit, offset),
    )
    return [_entry(row, sign=1 if row["side"] == "debit" else -1) for row in rows]


def _transaction(row: dict[str, Any]) -> TransactionRow:
    return TransactionRow(
        id=row["id"],
        kind=row["kind"],
        reference=row["reference"],
        source=row["source"],
        actor=row["actor"],
        occurred_at=row["occurred_at"],
        amount=Money(int(row["amount"]), Currency(row["currency"])),
        lines=int(row["lines"]),
        is_reversed=row["reversed_by_id"] is not None,
    )


def _entry(row: dict[str, Any], *, sign: int) -> EntryRow:
    currency = Currency(row["currency"])
    return EntryRow(
        id=row["id"],
        transaction_id=row["transaction_id"],
        account_id=row["account_id"],
        account_kind=row["account_kind"],
        account_label=row["account_label"],
        kind=row["kind"],
        reference=row["reference"],
        occurred_at=row["occurred_at"],
        amount=Money(row["amount"] * sign, currency),
        balance_after=None if row["balance_after"] is None else Money(row["balance_after"], currency),
    )
