"""A day of one account: opened by the comparison, its differences resolved by a person or by time, closed for good."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor, Permission
from core.states import transition
from core.zones import bounds_of_day, zone_of
from models.ledger import AccountKind, Source
from models.reconciliation import (
    RECONCILIATION_STEPS,
    ItemKind,
    ReconciliationItem,
    ReconciliationRun,
    ReconciliationState,
)
from models.transfers import ProviderAccount, Transfer
from services import audit, ledger
from services.ledger import Leg, Posting
from services.reconciliation.refusals import (
    AlreadyResolved,
    DayClosed,
    DayNotCompared,
    DayNotOver,
    DayStillOpen,
    NotSealedYet,
    PensionsStillOpen,
    ResolutionNeeded,
)

SHORTEST_RESOLUTION = 5


class ResolveItem(Order):
    """An operator's word on one difference; `posts_fee` also enters the provider's fee in the books."""

    item_id: UUID
    resolution: str
    posts_fee: bool = False


def open_run(session: Session, account_id: UUID, day: date, source: str) -> ReconciliationRun:
    """Return the day's run, made at its first comparison and opened again at each one; refuse a closed day."""
    run = session.exec(
        select(ReconciliationRun)
        .where(
            col(ReconciliationRun.account_id) == account_id,
            col(ReconciliationRun.day) == day,
            col(ReconciliationRun.source) == source,
        )
        .with_for_update()
    ).first()
    if run is None:
        run = ReconciliationRun(account_id=account_id, day=day, source=source)
        session.add(run)
    elif run.state == ReconciliationState.CLOSED:
        raise DayClosed
    elif run.state == ReconciliationState.OPEN:
        transition(run, RECONCILIATION_STEPS, ReconciliationState.RUNNING)
    run.cursor, run.note, run.ended_at = "", "", None
    session.flush()
    return run


def end_run(session: Session, run: ReconciliationRun) -> None:
    """Say that the comparison came to its end: a person may close the day now."""
    transition(run, RECONCILIATION_STEPS, ReconciliationState.OPEN)
    run.ended_at = clock.now()
    session.flush()


def resolve(session: Session, actor: Actor, order: ResolveItem) -> None:
    """Close one difference with a word, and enter the provider's fee when that is the difference."""
    actor.require(Permission.PAYMENTS_ACT)
    word = order.resolution.strip()
    if len(word) < SHORTEST_RESOLUTION:
        raise ResolutionNeeded
    item = session.get(ReconciliationItem, order.item_id, with_for_update=True, populate_existing=True)
    if item is None:
        raise NotFound(thing="reconciliation_item")
    if item.resolved_at is not None:
        raise AlreadyResolved
    if order.posts_fee and item.kind == ItemKind.FEE_DIFFERS:
        _post_fee(session, actor, item)
    item.resolution, item.resolved_at, item.resolved_by = word, clock.now(), actor.user_id
    audit.record(
        session,
        actor,
        "reconciliation.resolve",
        "reconciliation_item",
        str(item.id),
        summary=word,
        changes={"kind": item.kind, "subject": item.subject, "ours": item.ours_minor, "theirs": item.theirs_minor},
    )


def close_day(session: Session, actor: Actor, run_id: UUID) -> None:
    """Close a compared day of which no difference and no pension is open, signed with the seal that covers it."""
    actor.require(Permission.PAYMENTS_ACT)
    run = session.get(ReconciliationRun, run_id, with_for_update=True, populate_existing=True)
    if run is None:
        raise NotFound(thing="reconciliation_run")
    if run.state == ReconciliationState.CLOSED:
        raise DayClosed
    if run.state != ReconciliationState.OPEN:
        raise DayNotCompared
    account = session.get_one(ProviderAccount, run.account_id)
    begin, end = bounds_of_day(run.day, zone_of(account.country))
    if clock.now() < end:
        raise DayNotOver
    open_pensions = _count_open_pensions(session, run.account_id, begin, end)
    if open_pensions:
        raise PensionsStillOpen(count=open_pensions)
    waiting = fetch_one(
        session,
        "select count(*) as items from reconciliation_item where run_id = %s and resolved_at is null",
        (run_id,),
    )
    if waiting and waiting["items"]:
        raise DayStillOpen(count=waiting["items"])
    seal = _seal_after(session, end)
    run.seal_id, run.seal_sha256 = seal["id"], bytes(seal["sha256"])
    run.closed_at, run.closed_by = clock.now(), actor.user_id
    transition(run, RECONCILIATION_STEPS, ReconciliationState.CLOSED)
    audit.record(
        session,
        actor,
        "reconciliation.close",
        "reconciliation_run",
        str(run_id),
        summary=f"{account.code} {run.day.isoformat()}",
        changes={"seal": seal["id"], "theirs": run.theirs_minor, "ours": run.ours_minor},
    )


def _count_open_pensions(session: Session, account_id: UUID, begin: datetime, end: datetime) -> int:
    found = fetch_one(
        session,
        """
        select count(*) as pensions from transfer
        where account_id = %s and purpose = 'pension' and state in ('submitted', 'pending', 'unknown')
          and submitted_at >= %s and submitted_at < %s
        """,
        (account_id, begin, end),
    )
    return int(found["pensions"]) if found else 0


def _seal_after(session: Session, end: Any) -> dict[str, Any]:
    """Return the first seal that covers every entry posted before `end`."""
    unsealed = fetch_all(
        session,
        """
        select 1 from ledger_transaction t
        join ledger_entry e on e.transaction_id = t.id
        where t.posted_at < %s and e.id > coalesce((select max(to_id) from ledger_seal), 0) limit 1
        """,
        (end,),
    )
    head = fetch_one(session, "select id, sha256 from ledger_seal order by id desc limit 1")
    if unsealed or head is None:
        raise NotSealedYet
    return head


def _post_fee(session: Session, actor: Actor, item: ReconciliationItem) -> None:
    """Enter what the provider took beyond what we had entered; a smaller fee gives the difference back."""
    assert item.transfer_id is not None and item.theirs_minor is not None  # noqa: S101, PT018  # what a fee item is
    transfer = session.get(Transfer, item.transfer_id, with_for_update=True, populate_existing=True)
    assert transfer is not None  # noqa: S101  # a foreign key
    difference = Money(item.theirs_minor - transfer.provider_fee_minor, Currency(transfer.currency))
    if difference.minor == 0:
        return
    place = ("provider_account", transfer.account_id)
    ledger.post(
        session,
        Posting(
            source=Source.TRANSFER,
            key=f"fee:{item.id}",
            kind="provider_fee",
            legs=(
                Leg(ledger.house_account(session, AccountKind.FEE_EXPENSE, difference.currency, *place), difference),
                Leg(
                    ledger.house_account(session, AccountKind.PROVIDER_FLOAT, difference.currency, *place), -difference
                ),
            ),
            reference=transfer.reference,
            actor=actor.name,
        ),
    )
    transfer.provider_fee_minor = item.theirs_minor
