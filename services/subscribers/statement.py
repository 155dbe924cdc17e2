"""A wallet's statement as an operator reads it: every ledger entry, with who is on the other side."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.money import Currency, Money
from core.permissions import Actor, Permission
from services.shown import LARGEST_PAGE, full_name, outside_name

# Reads


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One movement: `amount` is what came in (or left, negative), `balance` what the wallet held after it."""

    entry_id: UUID
    at: datetime
    kind: str
    reference: str
    other_name: str
    amount: Money
    balance: Money
    operation_id: UUID | None
    transaction_id: UUID


def list_statement(
    session: Session, actor: Actor, wallet_id: UUID, *, limit: int = 25, offset: int = 0
) -> list[StatementLine]:
    """Return a wallet's movements, newest first."""
    actor.require(Permission.SUBSCRIBERS_READ)
    rows = fetch_all(
        session,
        """
        select e.id, e.currency, -e.amount as amount, e.balance_after, t.id as transaction_id, t.occurred_at, t.kind,
               t.reference, o.id as operation_id, coalesce(o.party, '') as party,
               coalesce(o.party_name, '') as party_name, coalesce(u.first_name, '') as first_name,
               coalesce(u.last_name, '') as last_name
        from (
            select e.* from wallet w join ledger_entry e on e.account_id = w.account_id
            where w.id = %(wallet)s and e.account_version is not null
            order by e.account_version desc limit %(limit)s offset %(offset)s
        ) e
        join ledger_transaction t on t.id = e.transaction_id
        left join ussd_operation o on o.reference = t.reference
        left join wallet ow on ow.id = case when o.payer_id = %(wallet)s then o.payee_id else o.payer_id end
        left join users u on u.id = ow.user_id
        order by e.account_version desc
        """,
        {"wallet": wallet_id, "limit": min(limit, LARGEST_PAGE), "offset": offset},
    )
    return [
        StatementLine(
            entry_id=row["id"],
            at=row["occurred_at"],
            kind=row["kind"],
            reference=row["reference"],
            other_name=full_name(row["first_name"], row["last_name"])
            or outside_name(actor, row["party"], row["party_name"]),
            amount=Money(row["amount"], Currency(row["currency"])),
            balance=Money(row["balance_after"], Currency(row["currency"])),
            operation_id=row["operation_id"],
            transaction_id=row["transaction_id"],
        )
        for row in rows
    ]


def count_statement(session: Session, actor: Actor, wallet_id: UUID) -> int:
    """Return how many lines `list_statement` pages through."""
    actor.require(Permission.SUBSCRIBERS_READ)
    row = fetch_one(
        session,
        "select count(*) as found from ledger_entry e join wallet w on w.account_id = e.account_id"
        " where w.id = %s and e.account_version is not null",
        (wallet_id,),
    )
    return int(row["found"]) if row else 0
