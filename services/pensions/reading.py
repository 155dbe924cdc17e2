"""Batches as doors read them. A batch of another organisation is not there: the same refusal as for an unknown one."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.permissions import Actor, Permission
from models.pension_stages import BatchStage, PaymentStage
from services.pensions.refusals import BatchNotFound
from services.pensions.shapes import BatchRow, batch_row
from services.searching import containing

LARGEST_PAGE = 200

_COUNTERS = ", ".join(f"b.{stage.lower()}_count, b.{stage.lower()}_minor" for stage in PaymentStage)
_COLUMNS = f"""
select b.id, b.bulk_id, b.organisation_id, o.code as organisation_code, o.name as organisation_name, o.timezone,
    b.file_id, coalesce(f.name, '') as file_name, b.account_id, a.account_id as account_code,
    a.party_id_type as account_party_type, a.party_identifier as account_party_identifier, a.rail_account_id, b.rail,
    b.currency, b.cycle, b.stage, b.version, b.total_count, b.total_minor, {_COUNTERS}, b.fees_minor, b.skipped_count,
    b.lookups_left, b.seal, b.has_same_person, b.has_accepted_duplicates, b.end_reason, b.not_before, b.expires_at,
    b.started_at, b.completed_at, b.pause_reason, b.created_at, b.confirmed_at, b.approved_at,
    b.created_by, b.confirmed_by, b.approved_by, b.ended_by, {{names}}, r.bulk_id as retry_of
"""
_NAMES = ", ".join(
    f"(select trim(u.first_name || ' ' || u.last_name) from users u where u.id = b.{act}_by) as {act}_by_name"
    for act in ("created", "confirmed", "approved", "ended")
)
BATCHES = f"""
{_COLUMNS.format(names=_NAMES)}
from pension_batch b
join organisation o on o.id = b.organisation_id
join pension_account a on a.id = b.account_id
left join pension_file f on f.id = b.file_id
left join pension_batch r on r.id = b.retry_of
"""


@dataclass(frozen=True, slots=True)
class BatchSearch:
    """What narrows a history; what is empty narrows nothing. Dates are days of the organisation, both included."""

    organisation_id: UUID | None = None
    stages: tuple[BatchStage, ...] = ()
    first_day: date | None = None
    last_day: date | None = None
    cycle: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class BatchPage:
    """One page of a history, newest first, and how many batches there are in all."""

    batches: tuple[BatchRow, ...] = field(default=())
    total: int = 0


def list_batches(session: Session, actor: Actor, search: BatchSearch, *, limit: int = 50, offset: int = 0) -> BatchPage:
    """Return a page of the batches the actor may read; of one organisation when the search names it."""
    where, values = _where(session, actor, search)
    counted = fetch_one(
        session,
        f"""select count(*) as total from pension_batch b join organisation o on o.id = b.organisation_id
        left join pension_file f on f.id = b.file_id where {where}""",
        values,
    )
    rows = fetch_all(
        session,
        f"{BATCHES} where {where} order by b.created_at desc, b.id desc limit %(limit)s offset %(offset)s",
        {**values, "limit": min(limit, LARGEST_PAGE), "offset": offset},
    )
    return BatchPage(tuple(map(batch_row, rows)), int(counted["total"]) if counted else 0)


def get_batch(session: Session, actor: Actor, bulk_id: str) -> BatchRow:
    """Return a batch to who may read it."""
    batch = find_by_bulk_id(session, bulk_id)
    if not actor.may(Permission.PENSIONS_READ, batch.organisation_id):
        raise BatchNotFound
    return batch


def find_by_bulk_id(session: Session, bulk_id: str) -> BatchRow:
    """Return a batch by the name documents give it, whoever asks."""
    return _one(fetch_one(session, f"{BATCHES} where b.bulk_id = %s", (bulk_id,)))


def find_batch(session: Session, batch_id: UUID) -> BatchRow:
    """Return a batch as it is now, whoever asks."""
    return _one(fetch_one(session, f"{BATCHES} where b.id = %s", (batch_id,)))


def _one(record: dict[str, Any] | None) -> BatchRow:
    if record is None:
        raise BatchNotFound
    return batch_row(record)


def _where(session: Session, actor: Actor, search: BatchSearch) -> tuple[str, dict[str, Any]]:
    conditions = ["b.organisation_id = any(%(organisations)s)"]
    values: dict[str, Any] = {"organisations": readable(session, actor, search.organisation_id)}
    if search.stages:
        conditions.append("b.stage = any(%(stages)s)")
        values["stages"] = [str(stage) for stage in search.stages]
    if search.cycle:
        conditions.append("b.cycle = %(cycle)s")
        values["cycle"] = search.cycle
    for name, sign, day in (("since", ">=", search.first_day), ("until", "<", _after(search.last_day))):
        if day is not None:
            conditions.append(f"b.created_at {sign} (%({name})s::timestamp at time zone o.timezone)")
            values[name] = datetime.combine(day, time())  # the organisation's zone is given by SQL
    if search.text.strip():
        conditions.append(
            "(b.bulk_id ilike %(text)s or f.name ilike %(text)s or o.name ilike %(text)s or b.cycle ilike %(text)s)"
        )
        values["text"] = containing(search.text.strip())
    return " and ".join(conditions), values


def readable(session: Session, actor: Actor, wanted: UUID | None) -> list[UUID]:
    """Return the organisations whose pensions the actor may read, or the wanted one of them."""
    rows = fetch_all(session, "select id from organisation where %(id)s::uuid is null or id = %(id)s", {"id": wanted})
    return [row["id"] for row in rows if actor.may(Permission.PENSIONS_READ, row["id"])]


def _after(day: date | None) -> date | None:
    return None if day is None else day + timedelta(days=1)
