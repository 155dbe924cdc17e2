"""Pensions against the books, a day and rail at a time: counters, reserves, the mirror at the switch, what is out.

The switch gives no list of a day: its word is each transfer's own, asked by the workers. What the scheme or the bank
sends as a file is compared like any operator's, and a day is closed like any (`services/reconciliation`).
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field

from core import clock
from core.database import Database, Session, driver, fetch_all, fetch_one
from core.money import Currency, Money
from core.orders import Order
from core.permissions import SYSTEM, Actor, Permission
from core.zones import bounds_of_day, zone_of
from models.reconciliation import ItemKind, ProviderBalance, ReconciliationItem, ReconciliationRun
from models.transfers import ProviderAccount
from services import audit
from services.pensions.accounts import RailUnknown
from services.reconciliation.balances import DIFFERS
from services.reconciliation.comparing import LATER_COMPARISON
from services.reconciliation.days import end_run, open_run

SOURCE = "reads"
TIMEOUT_MS = 10 * 60_000
BROKEN = "pensions.books_differ"
COUNTERS, RESERVED, MIRROR = "compteurs", "réserve", "miroir"


class RecordPosition(Order):
    """What a statement of the scheme says that our position is, in minor units; it may be negative."""

    rail_account_id: UUID
    position_minor: int = Field(ge=-(10**15), le=10**15)
    currency: Currency
    reason: str = Field(min_length=3, max_length=500)


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure that two places hold differently; `ours` is what screens show."""

    subject: str
    detail: str
    ours_minor: int
    theirs_minor: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check of a rail's day found; `asked` transfers are being asked about now."""

    run_id: UUID
    batches: int
    asked: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """What the switch holds for us by its own statement, and by our books."""

    theirs: Money
    ours: Money
    in_flight: Money

    @property
    def agrees(self) -> bool:
        """Whether what is under way explains the difference."""
        return abs(self.theirs.minor - self.ours.minor) <= self.in_flight.minor


def check_day(database: Database, rail_account_id: UUID, day: date) -> Checked:
    """Have everything open asked about, then compare the books of one rail in one snapshot; what differs is kept."""
    with database.transaction() as session:
        asked = _ask(session, rail_account_id)
    with database.transaction(statement_timeout_ms=TIMEOUT_MS) as session:
        driver(session).execute("set transaction isolation level repeatable read")
        run = open_run(session, rail_account_id, day, SOURCE)
        found, batches = _differences(session, rail_account_id, day)
        _keep(session, run, found)
        _count(session, run)
        end_run(session, run)
    return Checked(run.id, batches, asked, tuple(found))


def check_now(database: Database, actor: Actor, rail_account_id: UUID, day: date) -> Checked:
    """Check a day because an administrator asks."""
    actor.require(Permission.PENSIONS_ACCOUNTS)
    return check_day(database, rail_account_id, day)


def record_position(session: Session, actor: Actor, order: RecordPosition) -> Position:
    """Keep what a statement says our position is, beside what the books say; a difference is an alert."""
    actor.require(Permission.PENSIONS_ACCOUNTS)
    account = session.get(ProviderAccount, order.rail_account_id)
    if account is None:
        raise RailUnknown
    row = fetch_one(session, _POSITION, {"account": account.id, "currency": order.currency})
    assert row is not None  # noqa: S101  # scalars always give a row
    position = Position(
        theirs=Money(order.position_minor, order.currency),
        ours=Money(int(row["funded"] + row["mirror"]), order.currency),
        in_flight=Money(int(row["in_flight"]), order.currency),
    )
    session.add(
        ProviderBalance(
            account_id=account.id,
            currency=order.currency,
            theirs_minor=position.theirs.minor,
            ours_minor=position.ours.minor,
            in_flight_minor=position.in_flight.minor,
        )
    )
    changes = {"theirs": position.theirs.minor, "ours": position.ours.minor, "in_flight": position.in_flight.minor}
    action = "pensions.position" if position.agrees else DIFFERS
    audit.record(session, actor, action, "provider_account", account.id, order.reason, changes)
    return position


def _ask(session: Session, rail_account_id: UUID) -> int:
    """Bring the next read of everything open forward to now; a call that is out keeps its lease."""
    now = clock.now()
    moved = driver(session).execute(
        """
        update transfer set next_read_at = %(now)s
        where account_id = %(account)s and purpose = 'pension' and state in ('pending', 'unknown')
          and (next_read_at is null or next_read_at > %(now)s)
        """,
        {"now": now, "account": rail_account_id},
    )
    return moved.rowcount


def _differences(session: Session, rail_account_id: UUID, day: date) -> tuple[list[Difference], int]:
    first, _ = _bounds(session, rail_account_id, day)
    asked = {"account": rail_account_id, "first": first}
    batches = fetch_all(session, _BATCHES, asked)
    asked_batches = {"batches": [row["id"] for row in batches]}
    found = [
        Difference(f"{row['bulk_id']} {row['stage']}", COUNTERS, row["shown"], row["held"])
        for row in fetch_all(session, _COUNTERS, asked_batches)
    ]
    found += [
        Difference(row["bulk_id"], MIRROR, row["shown"], int(row["held"]))
        for row in fetch_all(session, _MIRRORS, asked_batches)
    ]
    found += [
        Difference(row["code"], RESERVED, int(row["shown"]), row["held"])
        for row in fetch_all(session, _RESERVES, asked)
    ]
    return found, len(batches)


def _keep(session: Session, run: ReconciliationRun, found: list[Difference]) -> None:
    """Write what differs as items of the day; what no longer does is resolved by this very comparison."""
    known = {
        item["subject"]: item["id"]
        for item in fetch_all(
            session, "select id, subject from reconciliation_item where run_id = %s and resolved_at is null", (run.id,)
        )
    }
    now = clock.now()
    for one in found:
        subject = f"{one.detail} {one.subject}"
        if known.pop(subject, None) is not None:
            continue
        session.add(
            ReconciliationItem(
                run_id=run.id,
                kind=ItemKind.AMOUNT_DIFFERS,
                subject=subject if not _was_resolved(session, run.id, subject) else f"{subject} {now:%H:%M:%S}",
                ours_minor=one.ours_minor,
                theirs_minor=one.theirs_minor,
                detail=one.detail,
            )
        )
        changes = {"subject": one.subject, "ours": one.ours_minor, "theirs": one.theirs_minor}
        audit.record(session, SYSTEM, BROKEN, "reconciliation_run", run.id, one.detail, changes)
    for item_id in known.values():
        item = session.get_one(ReconciliationItem, item_id)
        item.resolved_at, item.resolution = now, LATER_COMPARISON
    session.flush()


def _was_resolved(session: Session, run_id: UUID, subject: str) -> bool:
    return bool(
        fetch_all(session, "select 1 from reconciliation_item where run_id = %s and subject = %s", (run_id, subject))
    )


def _count(session: Session, run: ReconciliationRun) -> None:
    """Write what we paid that day, and how much of it the switch said twice."""
    first, last = _bounds(session, run.account_id, run.day)
    row = fetch_one(session, _PAID, {"account": run.account_id, "first": first, "last": last})
    assert row is not None  # noqa: S101  # an aggregate always gives a row
    run.ours_count, run.ours_minor = row["payments"], int(row["minor"])
    run.theirs_count, run.theirs_minor = row["confirmed"], int(row["confirmed_minor"])
    run.matched_count = row["confirmed"]
    session.flush()


def _bounds(session: Session, rail_account_id: UUID, day: date) -> tuple[datetime, datetime]:
    account = session.get(ProviderAccount, rail_account_id)
    if account is None:
        raise RailUnknown
    return bounds_of_day(day, zone_of(account.country))


# Batches that may have moved since the day began: those still open, and those that ended after.
_BATCHES = """
select b.id from pension_batch b join pension_account a on a.id = b.account_id
where a.rail_account_id = %(account)s and b.confirmed_at is not null
  and (b.completed_at is null or b.completed_at >= %(first)s)
order by b.id
"""
_STAGES = ("WAITING", "HELD", "SENDING", "SENT", "UNKNOWN", "COMPLETED", "FAILED", "CANCELLED", "REVERSED")
_COUNTERS = f"""
with shown as (
    select b.id, b.bulk_id, s.stage, s.payments, s.minor from pension_batch b, lateral (values
        {", ".join(f"('{stage}', b.{stage.lower()}_count, b.{stage.lower()}_minor)" for stage in _STAGES)}
    ) as s(stage, payments, minor) where b.id = any(%(batches)s)
), held as (
    select batch_id, stage, count(*) as payments, sum(amount_minor)::bigint as minor
    from pension_payment where batch_id = any(%(batches)s) group by 1, 2
)
select shown.bulk_id, shown.stage, shown.minor as shown, coalesce(held.minor, 0) as held
from shown left join held on held.batch_id = shown.id and held.stage = shown.stage
where (shown.payments, shown.minor) is distinct from (coalesce(held.payments, 0), coalesce(held.minor, 0))
order by 1, 2
"""
# What left the mirror for a batch's payments, without the fees the organisation owes beside it.
_MIRRORS = """
with posted as (
    select p.batch_id, -sum(e.amount) as minor
    from pension_payment p
    join transfer t on t.id = p.transfer_id
    join ledger_entry e on e.transaction_id = t.transaction_id
    join ledger_account a on a.id = e.account_id and a.kind in ('provider_float', 'pension_fees_due')
    where p.batch_id = any(%(batches)s) group by 1
)
select b.bulk_id, b.completed_minor + b.reversed_minor as shown, coalesce(posted.minor, 0) as held
from pension_batch b left join posted on posted.batch_id = b.id
where b.id = any(%(batches)s) and b.completed_minor + b.reversed_minor <> coalesce(posted.minor, 0)
order by 1
"""
_RESERVES = """
select a.account_id as code, l.balance as held, coalesce(sum(
    b.waiting_minor + b.held_minor + b.sending_minor + b.sent_minor + b.unknown_minor), 0) as shown
from pension_account a
join ledger_account l on l.id = a.reserved_account_id
left join pension_batch b on b.account_id = a.id and b.seal <> ''
    and b.stage in ('AWAITING_APPROVAL', 'QUEUED', 'PROCESSING', 'PAUSED', 'CANCELLING')
where a.rail_account_id = %(account)s
group by a.account_id, l.balance
having l.balance <> coalesce(sum(
    b.waiting_minor + b.held_minor + b.sending_minor + b.sent_minor + b.unknown_minor), 0)
order by 1
"""
_PAID = """
with paid as (
    select t.amount_minor, exists (
        select from transfer_attempt a
        where a.transfer_id = t.id and a.operation in ('get_transfer', 'status')
          and a.answer like 'seen%%succeeded') as is_confirmed
    from transfer t
    where t.account_id = %(account)s and t.purpose = 'pension' and t.state in ('succeeded', 'reversed')
      and t.ended_at >= %(first)s and t.ended_at < %(last)s
)
select count(*) as payments, coalesce(sum(amount_minor), 0) as minor,
    count(*) filter (where is_confirmed) as confirmed,
    coalesce(sum(amount_minor) filter (where is_confirmed), 0) as confirmed_minor
from paid
"""
_POSITION = """
select
    coalesce((select sum(ledger_balance(l.id)) from ledger_account l join pension_account a on a.id = l.owner_id
        where l.kind = 'bank_funding' and l.owner_type = 'pension_account' and l.currency = %(currency)s
          and a.rail_account_id = %(account)s), 0) as funded,
    coalesce((select ledger_balance(l.id) from ledger_account l
        where l.kind = 'provider_float' and l.owner_type = 'provider_account' and l.currency = %(currency)s
          and l.owner_id = %(account)s), 0) as mirror,
    coalesce((select sum(amount_minor) from transfer
        where account_id = %(account)s and currency = %(currency)s
          and state in ('submitted', 'pending', 'unknown')), 0) as in_flight
"""


# Reads


def list_rails(session: Session, since: datetime) -> list[dict[str, Any]]:
    """Return the rails of payer accounts that moved a pension since then, with their countries."""
    return fetch_all(
        session,
        """
        select distinct p.id, p.country from provider_account p join pension_account a on a.rail_account_id = p.id
        where p.state <> 'retired' and exists (
            select from transfer t where t.account_id = p.id and t.purpose = 'pension' and t.created_at > %s)
        order by p.id
        """,
        (since,),
    )
