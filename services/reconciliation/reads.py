"""What a person reads of the reconciliation: days per account, a day with its differences, likely matches."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.money import Currency, Money
from core.permissions import Actor, Permission
from core.phone import mask_phone

LARGEST_PAGE = 200

# Reads


@dataclass(frozen=True, slots=True)
class DayRow:
    """One account's day: totals of both sides and how many differences wait."""

    run_id: UUID
    account_id: UUID
    account_code: str
    account_label: str
    environment: str
    currency: str
    day: date
    source: str
    state: str
    note: str
    theirs_count: int
    theirs: Money
    ours_count: int
    ours: Money
    matched_count: int
    open_items: int
    items: int
    ended_at: datetime | None
    closed_at: datetime | None
    closed_by: str
    seal_id: int | None
    seal_sha256: str


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One difference of a day."""

    id: UUID
    kind: str
    subject: str
    transfer_id: UUID | None
    transfer_reference: str
    provider_ref: str
    party: str
    at: datetime | None
    ours: Money | None
    theirs: Money | None
    detail: str
    resolution: str
    resolved_at: datetime | None
    resolved_by: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A transfer that looks like a line: same amount, same person, within ten minutes. Never taken by itself."""

    transfer_id: UUID
    reference: str
    state: str
    amount: Money
    party: str
    at: datetime


_DAYS = """
select r.*, a.code, a.label, a.environment, a.currency, encode(r.seal_sha256, 'hex') as seal_hex,
       coalesce(nullif(trim(coalesce(u.first_name, '') || ' ' || coalesce(u.last_name, '')), ''), '') as closer,
       coalesce(i.items, 0) as items, coalesce(i.waiting, 0) as waiting
from reconciliation_run r
join provider_account a on a.id = r.account_id
left join users u on u.id = r.closed_by
left join lateral (
    select count(*) as items, count(*) filter (where resolved_at is null) as waiting
    from reconciliation_item where run_id = r.id
) i on true
"""


def list_days(
    session: Session, actor: Actor, *, first: date, last: date, account_id: UUID | None = None
) -> list[DayRow]:
    """Return every compared day between two dates (both included), by account then day."""
    actor.require(Permission.PAYMENTS_READ)
    rows = fetch_all(
        session,
        _DAYS
        + """
        where r.day between %(first)s and %(last)s and (%(account)s::uuid is null or r.account_id = %(account)s)
        order by a.code, r.day, r.source
        """,
        {"first": first, "last": last, "account": account_id},
    )
    return [_day_row(row) for row in rows]


def get_day(session: Session, actor: Actor, run_id: UUID) -> DayRow:
    """Return one compared day."""
    actor.require(Permission.PAYMENTS_READ)
    row = fetch_one(session, _DAYS + "where r.id = %s", (run_id,))
    if row is None:
        raise NotFound(thing="reconciliation_run")
    return _day_row(row)


def list_items(
    session: Session, actor: Actor, run_id: UUID, *, is_open: bool | None = None, limit: int = 100, offset: int = 0
) -> list[ItemRow]:
    """Return a day's differences, the open ones first."""
    actor.require(Permission.PAYMENTS_READ)
    rows = fetch_all(
        session,
        """
        select i.*, t.reference, l.currency as their_currency, l.provider_ref, l.party, l.at, t.ended_at,
               -- What is about no single transfer is in the money of its account.
               coalesce(t.currency, l.currency, nullif(a.currency, ''), (
                   select p.currency from pension_account p where p.rail_account_id = a.id order by p.id limit 1
               )) as our_currency,
               t.party_phone, coalesce(u.first_name || ' ' || u.last_name, '') as resolver
        from reconciliation_item i
        join reconciliation_run r on r.id = i.run_id
        join provider_account a on a.id = r.account_id
        left join transfer t on t.id = i.transfer_id
        left join provider_line l on l.id = i.line_id
        left join users u on u.id = i.resolved_by
        where i.run_id = %(run)s and (%(open)s::boolean is null or (i.resolved_at is null) = %(open)s)
        order by i.resolved_at is not null, i.kind, i.created_at, i.id limit %(limit)s offset %(offset)s
        """,
        {"run": run_id, "open": is_open, "limit": min(limit, LARGEST_PAGE), "offset": offset},
    )
    return [_item_row(row) for row in rows]


def list_suggestions(session: Session, actor: Actor, item_id: UUID) -> list[Suggestion]:
    """Return our transfers that look like a line nobody asked for."""
    actor.require(Permission.PAYMENTS_READ)
    rows = fetch_all(
        session,
        """
        select t.id, t.reference, t.state, t.amount_minor, t.currency, t.party_phone,
               coalesce(t.submitted_at, t.created_at) as at
        from reconciliation_item i
        join provider_line l on l.id = i.line_id
        join transfer t on t.account_id = l.account_id and t.amount_minor = l.amount_minor and t.currency = l.currency
             and t.created_at between l.at - interval '10 min' and l.at + interval '10 min'
             and (l.party = '' or t.party_phone = '' or right(t.party_phone, 8) = right(l.party, 8))
        where i.id = %s and not exists (select from provider_line o where o.transfer_id = t.id)
        order by abs(extract(epoch from t.created_at - l.at)) limit 5
        """,
        (item_id,),
    )
    return [
        Suggestion(
            row["id"],
            row["reference"],
            row["state"],
            Money(row["amount_minor"], Currency(row["currency"])),
            mask_phone(row["party_phone"]),
            row["at"],
        )
        for row in rows
    ]


def count_open_items(session: Session, actor: Actor) -> int:
    """Return how many differences wait for a person, over all days."""
    actor.require(Permission.PAYMENTS_READ)
    found = fetch_one(session, "select count(*) as items from reconciliation_item where resolved_at is null")
    return int(found["items"]) if found else 0


def _day_row(row: dict[str, Any]) -> DayRow:
    currency = Currency(row["currency"])
    return DayRow(
        run_id=row["id"],
        account_id=row["account_id"],
        account_code=row["code"],
        account_label=row["label"],
        environment=row["environment"],
        currency=currency,
        day=row["day"],
        source=row["source"],
        state=row["state"],
        note=row["note"],
        theirs_count=row["theirs_count"],
        theirs=Money(row["theirs_minor"], currency),
        ours_count=row["ours_count"],
        ours=Money(row["ours_minor"], currency),
        matched_count=row["matched_count"],
        open_items=row["waiting"],
        items=row["items"],
        ended_at=row["ended_at"],
        closed_at=row["closed_at"],
        closed_by=row["closer"],
        seal_id=row["seal_id"],
        seal_sha256=row["seal_hex"] or "",
    )


def _item_row(row: dict[str, Any]) -> ItemRow:
    ours, theirs = row["ours_minor"], row["theirs_minor"]
    our_currency = Currency(row["our_currency"])
    their_currency = Currency(row["their_currency"] or row["our_currency"])
    return ItemRow(
        id=row["id"],
        kind=row["kind"],
        subject=row["subject"],
        transfer_id=row["transfer_id"],
        transfer_reference=row["reference"] or "",
        provider_ref=row["provider_ref"] or "",
        party=mask_phone(row["party"] or row["party_phone"] or ""),
        at=row["at"] or row["ended_at"],
        ours=None if ours is None else Money(ours, our_currency),
        theirs=None if theirs is None else Money(theirs, their_currency),
        detail=row["detail"],
        resolution=row["resolution"],
        resolved_at=row["resolved_at"],
        resolved_by=row["resolver"].strip(),
    )
