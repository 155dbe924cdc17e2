"""What a batch report is made of: the head, the totals by stage, and the lines as PostgreSQL writes them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import clock
from core.database import Session, driver, fetch_one
from core.errors import NotFound
from core.money import Currency, Money
from core.permissions import Actor, Permission
from core.rates import Rate
from models.pension_stages import OPEN_PAYMENTS, BatchStage, PaymentStage
from reports.pensions import words

TIMEOUT_MS = 10 * 60_000
AT_WORK = (BatchStage.PROCESSING, BatchStage.PAUSED, BatchStage.CANCELLING)


class BatchNotFound(NotFound):
    """No such batch, or one of another organisation: the same words."""

    code = "not_found"
    sentence = "Lot introuvable."


@dataclass(frozen=True, slots=True)
class Act:
    """Who did one of the acts of a batch, and when; nothing where nobody did."""

    name: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class StageTotal:
    """How many payments stand in a stage, and how much they are worth."""

    stage: PaymentStage
    count: int
    amount: Money


@dataclass(frozen=True, slots=True)
class BatchHead:
    """A batch as its report's first page says it.

    `read_at` is the instant of the snapshot that the whole report is of, `ledger_entry` the ledger's last entry then.
    """

    id: UUID
    bulk_id: str
    organisation_id: UUID
    organisation_code: str
    organisation_name: str
    zone: str
    account_id: str
    rail: str
    cycle: str
    currency: Currency
    stage: BatchStage
    total_count: int
    total: Money
    stages: tuple[StageTotal, ...]
    fees: Money
    skipped: int
    seal: str
    file_name: str
    file_sha256: str
    uploaded: Act
    confirmed: Act
    approved: Act
    started_at: datetime | None
    completed_at: datetime | None
    end_reason: str
    pause_reason: str
    retry_of: str
    ledger_entry: int
    read_at: datetime

    @property
    def is_running(self) -> bool:
        """Whether payments of it may still end otherwise than they stand."""
        return self.stage in AT_WORK and any(one.count for one in self.stages if one.stage in OPEN_PAYMENTS)

    @property
    def success(self) -> Rate:
        """How many of its payments were made."""
        return Rate(self.of(PaymentStage.COMPLETED).count, self.total_count)

    def of(self, stage: PaymentStage) -> StageTotal:
        """Return one stage's total."""
        return next(one for one in self.stages if one.stage == stage)


# On paper the order is what happened, what is in doubt, what is to come.
SHOWN_STAGES = tuple(words.PAYMENT_STAGES)

_HEAD = f"""
select b.id, b.bulk_id, b.organisation_id, o.code as organisation_code, o.name as organisation_name,
    o.timezone as zone, a.account_id, b.rail, b.cycle, b.currency, b.stage, b.total_count, b.total_minor,
    {", ".join(f"b.{stage.lower()}_count, b.{stage.lower()}_minor" for stage in PaymentStage)},
    b.fees_minor, b.skipped_count as skipped, b.seal, coalesce(f.name, '') as file_name,
    coalesce(encode(f.sha256, 'hex'), '') as file_sha256, b.created_at, b.confirmed_at, b.approved_at, b.started_at,
    b.completed_at, b.end_reason, b.pause_reason, coalesce(r.bulk_id, '') as retry_of,
    {", ".join(f"trim(coalesce({who}.first_name || ' ' || {who}.last_name, '')) as {who}_name" for who in "ucp")},
    (select coalesce(max(id), 0) from ledger_entry) as ledger_entry
from pension_batch b
join organisation o on o.id = b.organisation_id
join pension_account a on a.id = b.account_id
left join pension_file f on f.id = b.file_id
left join pension_batch r on r.id = b.retry_of
left join users u on u.id = b.created_by
left join users c on c.id = b.confirmed_by
left join users p on p.id = b.approved_by
where b.bulk_id = %s
"""
_COPIED = (
    *("id", "bulk_id", "organisation_id", "organisation_code", "organisation_name", "zone", "account_id", "rail"),
    *("cycle", "skipped", "seal", "file_name", "file_sha256", "started_at", "completed_at", "end_reason"),
    *("pause_reason", "retry_of", "ledger_entry", "total_count"),
)


def freeze(session: Session) -> None:
    """Make the transaction that begins here read one snapshot, however long it lasts."""
    driver(session).execute("set transaction isolation level repeatable read")
    driver(session).execute(f"set local statement_timeout = {TIMEOUT_MS}")


def read_head(session: Session, actor: Actor, bulk_id: str) -> BatchHead:
    """Return a batch's head to who may read it."""
    row = fetch_one(session, _HEAD, (bulk_id,))
    if row is None or not actor.may(Permission.PENSIONS_READ, row["organisation_id"]):
        raise BatchNotFound
    currency = Currency(row["currency"])
    return BatchHead(
        **{name: row[name] for name in _COPIED},
        currency=currency,
        stage=BatchStage(row["stage"]),
        total=Money(row["total_minor"], currency),
        stages=tuple(
            StageTotal(stage, row[f"{stage.lower()}_count"], Money(row[f"{stage.lower()}_minor"], currency))
            for stage in SHOWN_STAGES
        ),
        fees=Money(row["fees_minor"], currency),
        uploaded=Act(row["u_name"], row["created_at"]),
        confirmed=Act(row["c_name"], row["confirmed_at"]),
        approved=Act(row["p_name"], row["approved_at"]),
        read_at=clock.now(),
    )
