"""A payer account as its people read it: what is due besides, and every movement of what is available."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.money import Money
from core.permissions import Actor, Permission
from services.pensions import accounts
from services.pensions.accounts import AccountRow, PensionAccountNotFound

LARGEST_PAGE = 200

# A reserve and what is given back name their batch in their key; a funding the bank's reference.
_MOVEMENTS = """
select e.id, t.id as transaction_id, t.kind, t.key, t.actor, t.occurred_at, e.amount, e.balance_after, a.side,
    b.bulk_id, b.cycle
from ledger_entry e
join ledger_account a on a.id = e.account_id
join ledger_transaction t on t.id = e.transaction_id
left join pension_batch b on b.id::text = split_part(t.key, ':', 2) and t.kind in ('pension_reserve', 'pension_void')
where e.account_id = %(account)s
order by e.id desc limit %(limit)s offset %(offset)s
"""
_DUE = "select ledger_balance(%(fees)s) as due, version as entries from ledger_account where id = %(available)s"


@dataclass(frozen=True, slots=True)
class AccountCard:
    """One account with what it owes for fees, and how many movements it had."""

    account: AccountRow
    organisation_name: str
    fees_due: Money
    movements: int


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of what is available: positive when money came. `bulk_id` is the batch it is about, if any."""

    id: UUID
    transaction_id: UUID
    kind: str
    reference: str
    actor: str
    at: datetime
    amount: Money
    balance_after: Money | None
    bulk_id: str
    cycle: str


def get_account(session: Session, actor: Actor, code: str) -> AccountCard:
    """Return an account by its code, to the people of its organisation and to administrators."""
    row = fetch_one(
        session,
        "select p.id, o.name from pension_account p join organisation o on o.id = p.organisation_id"
        " where upper(p.account_id) = upper(%s)",
        (code,),
    )
    if row is None:
        raise PensionAccountNotFound
    account = accounts.find_account(session, row["id"])
    if not actor.may(Permission.PENSIONS_READ, account.organisation_id):
        raise PensionAccountNotFound
    due = fetch_one(session, _DUE, {"fees": account.fees_account_id, "available": account.available_account_id})
    assert due is not None  # noqa: S101  # an account always has its ledger accounts
    return AccountCard(account, row["name"], Money(int(due["due"]), account.currency), int(due["entries"]))


def list_movements(
    session: Session, actor: Actor, code: str, *, limit: int = LARGEST_PAGE, offset: int = 0
) -> list[Movement]:
    """Return what came to and left an account, newest first."""
    account = get_account(session, actor, code).account
    rows = fetch_all(
        session,
        _MOVEMENTS,
        {"account": account.available_account_id, "limit": min(limit, LARGEST_PAGE), "offset": offset},
    )
    return [_movement(row, account) for row in rows]


def _movement(row: dict[str, Any], account: AccountRow) -> Movement:
    sign = 1 if row["side"] == "debit" else -1
    after = row["balance_after"]
    return Movement(
        id=row["id"],
        transaction_id=row["transaction_id"],
        kind=row["kind"],
        reference=str(row["key"]).rpartition(":")[2] if row["kind"] == "pension_funding" else "",
        actor=row["actor"],
        at=row["occurred_at"],
        amount=Money(sign * row["amount"], account.currency),
        balance_after=None if after is None else Money(sign * after, account.currency),
        bulk_id=row["bulk_id"] or "",
        cycle=row["cycle"] or "",
    )
