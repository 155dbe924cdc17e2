"""Payments and their transfers, locked and read as they stand: batches first, payments by id."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from core.database import Session, driver, fetch_all
from core.money import Currency, Money
from models.pension_stages import BatchStage, LookupPolicy, NamePolicy, PaymentStage
from models.transfers import TransferState
from services.pensions.dispatch.shapes import Payer, Standing

_BATCHES = "select id from pension_batch where id = any(%s) order by id for no key update"
_STANDING = """
select t.id as transfer_id, p.id as payment_id, p.batch_id, t.account_id, t.amount_minor, t.currency, t.state, p.stage,
    b.stage as batch_stage, t.reason, t.handles, p.tries, t.connect_failures, t.submitted_at, t.lease_until, p.name,
    p.name_verdict, coalesce(s.lookup, 'before') as lookup, coalesce(s.name_policy, 'warn') as name_policy,
    s.fee_cap_minor, a.available_account_id, a.reserved_account_id, a.fees_account_id
from transfer t
join pension_payment p on p.id = t.subject_id
join pension_batch b on b.id = p.batch_id
join pension_account a on a.id = b.account_id
left join pension_settings s on s.organisation_id = b.organisation_id
where t.id = any(%s) order by p.id for no key update of p, t
"""


def lock_batches(session: Session, batch_ids: Iterable[UUID]) -> None:
    """Lock batches in the order of their ids: whoever moves a payment holds its batch."""
    driver(session).execute(_BATCHES, (list(set(batch_ids)),))


def lock(session: Session, batch_ids: Iterable[UUID], transfer_ids: Iterable[UUID]) -> dict[UUID, Standing]:
    """Return transfers with their payments, by transfer id; nobody else changes them until the transaction ends."""
    lock_batches(session, batch_ids)
    return {row["transfer_id"]: _standing(row) for row in fetch_all(session, _STANDING, (list(transfer_ids),))}


def _standing(row: dict[str, Any]) -> Standing:
    return Standing(
        transfer_id=row["transfer_id"],
        payment_id=row["payment_id"],
        batch_id=row["batch_id"],
        account_id=row["account_id"],
        payer=Payer(row["available_account_id"], row["reserved_account_id"], row["fees_account_id"]),
        amount=Money(row["amount_minor"], Currency(row["currency"])),
        state=TransferState(row["state"]),
        stage=PaymentStage(row["stage"]),
        batch_stage=BatchStage(row["batch_stage"]),
        reason=row["reason"],
        handles=row["handles"],
        tries=row["tries"],
        connect_failures=row["connect_failures"],
        submitted_at=row["submitted_at"],
        lease_until=row["lease_until"],
        name=row["name"],
        name_verdict=row["name_verdict"],
        lookup=LookupPolicy(row["lookup"]),
        name_policy=NamePolicy(row["name_policy"]),
        fee_cap_minor=row["fee_cap_minor"],
    )
