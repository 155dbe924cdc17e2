"""What waits for a person: batches to approve, payments that are held, payments nobody knows the end of."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.permissions import Actor
from models.pension_stages import BatchStage, PaymentStage
from services.pensions import payment_reading, reading
from services.pensions.shapes import PaymentRow

LARGEST_PAGE = 200

_STUCK = "p.stage in ('HELD', 'UNKNOWN') and b.completed_at is null and b.organisation_id = any(%(organisations)s)"


@dataclass(frozen=True, slots=True)
class AttentionRow:
    """One payment that a person must look at: since when, how often it was asked about, when it is asked next."""

    payment: PaymentRow
    organisation_name: str
    since: datetime
    reads: int
    next_read_at: datetime | None


@dataclass(frozen=True, slots=True)
class AttentionCounts:
    """How many of each there are, over all the batches one may read."""

    to_approve: int
    at_work: int
    held: int
    unknown: int


def list_attention(
    session: Session,
    actor: Actor,
    organisation_id: UUID | None = None,
    *,
    stages: tuple[PaymentStage, ...] = (PaymentStage.UNKNOWN, PaymentStage.HELD),
    bulk_id: str = "",
    limit: int = LARGEST_PAGE,
    offset: int = 0,
) -> list[AttentionRow]:
    """Return the payments in doubt and those held, the oldest first; of one batch when it is named."""
    rows = fetch_all(
        session,
        f"""select s.*, o.name as organisation_name, coalesce(t.unknown_at, t.submitted_at, b.confirmed_at,
            b.created_at) as since, coalesce(t.reads, 0) as reads, t.next_read_at
        from ({payment_reading.PAYMENTS}) s
        join pension_batch b on b.id = s.batch_id
        join pension_payment p on p.id = s.id
        join organisation o on o.id = b.organisation_id
        left join transfer t on t.id = s.transfer_id
        where {_STUCK} and p.stage = any(%(stages)s) and (%(bulk_id)s = '' or b.bulk_id = %(bulk_id)s)
        order by since, s.id limit %(limit)s offset %(offset)s""",
        {
            "organisations": reading.readable(session, actor, organisation_id),
            "stages": [str(stage) for stage in stages],
            "bulk_id": bulk_id,
            "limit": min(limit, LARGEST_PAGE),
            "offset": offset,
        },
    )
    return [
        AttentionRow(
            payment=payment_reading.payment_row(row),
            organisation_name=row["organisation_name"],
            since=row["since"],
            reads=row["reads"],
            next_read_at=row["next_read_at"],
        )
        for row in rows
    ]


def count_attention(session: Session, actor: Actor, organisation_id: UUID | None = None) -> AttentionCounts:
    """Return what waits, from the counters of the open batches."""
    row = fetch_one(
        session,
        """select count(*) filter (where stage = %(approval)s) as to_approve,
            count(*) filter (where stage = any(%(working)s)) as at_work,
            coalesce(sum(held_count) filter (where seal <> ''), 0) as held,
            coalesce(sum(unknown_count), 0) as unknown
        from pension_batch where completed_at is null and organisation_id = any(%(organisations)s)""",
        {
            "organisations": reading.readable(session, actor, organisation_id),
            "approval": BatchStage.AWAITING_APPROVAL,
            "working": [BatchStage.QUEUED, BatchStage.PROCESSING, BatchStage.PAUSED, BatchStage.CANCELLING],
        },
    )
    assert row is not None  # noqa: S101  # an aggregate always has one row
    return AttentionCounts(**{name: int(value) for name, value in row.items()})
