"""A payer account as its people read it: what is due besides, and every movement of what is available."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.database import Session, fetch_all, fetch_one
from core.money import Money
from core.permissions import Actor, Permission
from services.pensions import accounts
from services.pensions.accounts import AccountRow, PensionAccountNotFound

LARGEST_PAGE = 200

# What a batch gave back is one line however many payments it was: a payment's id begins with its batch's.
_GROUPS = """
select t.kind, case when t.kind = 'pension_void' then left(split_part(t.key, ':', 2), 28) else t.key end as subject,
    count(*) as postings, sum(e.amount)::bigint as amount, max(e.id) as last_id
from ledger_entry e join ledger_transaction t on t.id = e.transaction_id
where e.account_id = %(account)s group by 1, 2
"""
_MOVEMENTS = f"""
with groups as ({_GROUPS}), page as (select * from groups order by last_id desc limit %(limit)s offset %(offset)s)
select g.kind, g.postings, g.amount, e.id, t.key, t.actor, t.occurred_at, e.balance_after, b.bulk_id, b.cycle
from page g
join ledger_entry e on e.id = g.last_id
join ledger_transaction t on t.id = e.transaction_id
left join pension_batch b on g.kind in ('pension_reserve', 'pension_void')
    and b.id between (left(split_part(t.key, ':', 2), 28) || '00000000')::uuid
        and (left(split_part(t.key, ':', 2), 28) || 'ffffffff')::uuid
order by g.last_id desc
"""
_DUE = f"select ledger_balance(%(fees)s) as due, (select count(*) from ({_GROUPS}) g) as movements"


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

    id: int
    kind: str
    postings: int
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
    due = fetch_one(session, _DUE, {"fees": account.fees_account_id, "account": account.available_account_id})
    assert due is not None  # noqa: S101  # two figures are always one row
    return AccountCard(account, row["name"], Money(int(due["due"]), account.currency), int(due["movements"]))


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
    after = row["balance_after"]
    return Movement(
        id=row["id"],
        kind=row["kind"],
        postings=int(row["postings"]),
        reference=str(row["key"]).rpartition(":")[2] if row["kind"] == "pension_funding" else "",
        actor=row["actor"],
        at=row["occurred_at"],
        amount=Money(-row["amount"], account.currency),  # a credit account: what comes in is written negative
        balance_after=None if after is None else Money(after, account.currency),
        bulk_id=row["bulk_id"] or "",
        cycle=row["cycle"] or "",
    )
