"""A draft goes on: what it would pay is looked at again, under the lock, before a franc is set aside."""

from typing import Any

import polars as pl

from core.database import Session, driver, fetch_all, fetch_one
from core.errors import Refusal
from core.permissions import Actor
from models.pension_stages import BatchStage, LookupPolicy, PaymentStage
from services.pensions import accounts, file_reading, steps
from services.pensions.batches import accepting, earlier
from services.pensions.batches.ground import lock_organisation, locked, require_open, start_of
from services.pensions.batches.orders import ConfirmBatch
from services.pensions.files.findings import MOST_ERRORS_SHOWN
from services.pensions.files.refusals import InvalidRows
from services.pensions.policy import Act
from services.pensions.refusals import AlreadyPaidThisCycle, LookupsRunning
from services.pensions.shapes import BatchRow

# A person who is paid again gets the next free occurrence: what was claimed before stays as it is.
_TAKE_BACK = """
insert into pension_payment
    (id, created_at, next_try_at, batch_id, organisation_id, line, file_transfer_id, id_type, identifier,
     identifier_raw, amount_minor, purpose, name, occurrence)
select overlay(b.id::text placing right(lpad(to_hex(s.line), 8, '0'), 8) from 29)::uuid, b.created_at, b.created_at,
    b.id, b.organisation_id, s.line, s.file_transfer_id, s.id_type, s.identifier, s.identifier_raw, s.amount_minor,
    s.purpose, s.name,
    coalesce(
        (select max(c.occurrence) from pension_claim c
         where c.organisation_id = b.organisation_id and c.cycle = b.cycle
             and c.payee_key = s.id_type || ':' || s.identifier and c.purpose = s.purpose), 0)
    + row_number() over (partition by s.id_type, s.identifier, s.purpose order by s.line)
from pension_set_aside s join pension_batch b on b.id = s.batch_id
where s.batch_id = %(batch)s and s.line = any(%(lines)s)
"""
_COUNT = """
select stage, count(*) as count, coalesce(sum(amount_minor), 0)::bigint as minor
from pension_payment where batch_id = %s group by stage
"""


class LineNotPaidBefore(Refusal):
    """An accepted line is none of those whose payee is paid already."""

    code = "line_unknown"
    sentence = "La ligne {line} n'est pas un paiement en double de ce lot : relisez l'aperçu."


def confirm(session: Session, actor: Actor, order: ConfirmBatch) -> BatchRow:
    """Reserve a draft's money, claim its people and seal it; to the queue, or to who must approve."""
    batch, settings = locked(session, actor, Act.CONFIRM, order.bulk_id, BatchStage.DRAFT)
    if batch.lookups_left and settings.lookup is LookupPolicy.BEFORE:
        raise LookupsRunning(left=batch.lookups_left)
    not_before = start_of(order.not_before) or batch.not_before
    lock_organisation(session, batch.organisation_id)
    account = require_open(accounts.find_account(session, batch.account_id))
    accepted = _accept_duplicates(session, batch, order.accept_duplicates)
    gone = _drop_paid_since(session, batch, order, accepted)
    invalid = _left_out(session, batch) - len(accepted) + gone
    if accepted or gone:
        batch = _count_again(session, batch)
    if invalid and (order.on_error == "refuse" or not batch.total.count):
        raise _invalid_rows(session, actor, batch, invalid)
    accepting.judge_terms(batch, order, settings, account)
    driver(session).execute("delete from pension_set_aside where batch_id = %s", (batch.id,))
    confirmed = accepting.accept(
        session,
        actor,
        batch,
        settings,
        account,
        skipped_count=invalid,
        not_before=not_before,
        has_accepted_duplicates=bool(accepted),
    )
    # Nobody has asked about those who stood aside until now.
    return accepting.begin_lookups(session, confirmed, settings) if accepted else confirmed


def _accept_duplicates(session: Session, batch: BatchRow, lines: tuple[int, ...]) -> frozenset[int]:
    """Put accepted lines back among those that go on; one that is not set aside is refused."""
    wanted = frozenset(lines)
    if not wanted:
        return wanted
    rows = fetch_all(
        session,
        "select line from pension_set_aside where batch_id = %s and line = any(%s)",
        (batch.id, list(wanted)),
    )
    for unknown in sorted(wanted - {row["line"] for row in rows}):
        raise LineNotPaidBefore(line=unknown)
    driver(session).execute(_TAKE_BACK, {"batch": batch.id, "lines": list(wanted)})
    return wanted


def _drop_paid_since(session: Session, batch: BatchRow, order: ConfirmBatch, accepted: frozenset[int]) -> int:
    """Take out who was claimed, and ids that were used, since the draft was made; return how many rows."""
    paid = earlier.find_paid(session, batch.id, batch.organisation_id, batch.cycle)
    paid = paid.filter(~pl.col("line").is_in(sorted(accepted)))
    taken = earlier.find_taken(session, batch.id, batch.organisation_id)
    lines = pl.concat([paid["line"], taken["line"]]).unique()
    if lines.len() and order.on_error == "refuse":
        raise AlreadyPaidThisCycle
    earlier.delete_rows(session, batch.id, lines)
    return lines.len()


def _left_out(session: Session, batch: BatchRow) -> int:
    """Return how many rows of the draft's file were wrong when it was read."""
    row = fetch_one(session, "select invalid from pension_file where id = %s", (batch.file_id,))
    return int(row["invalid"]) if row else 0


def _count_again(session: Session, batch: BatchRow) -> BatchRow:
    """Count a draft's rows stage by stage, after some came and some went."""
    rows = {PaymentStage(row["stage"]): row for row in fetch_all(session, _COUNT, (batch.id,))}
    values: dict[str, Any] = {
        "total_count": sum(row["count"] for row in rows.values()),
        "total_minor": sum(row["minor"] for row in rows.values()),
    }
    for stage in PaymentStage:
        row = rows.get(stage, {"count": 0, "minor": 0})
        values |= {f"{stage.lower()}_count": row["count"], f"{stage.lower()}_minor": row["minor"]}
    return steps.write(session, batch, **values)


def _invalid_rows(session: Session, actor: Actor, batch: BatchRow, invalid: int) -> InvalidRows:
    """Return the refusal with what was found in the file."""
    if batch.file_id is None:
        return InvalidRows(rows=invalid, valid=batch.total.count, invalid=invalid)
    file = file_reading.get_file(session, actor, batch.file_id)
    errors, errors_count = file_reading.list_file_errors(session, actor, batch.file_id, limit=MOST_ERRORS_SHOWN)
    return InvalidRows(
        file_id=file.id,
        rows=file.rows,
        valid=batch.total.count,
        invalid=invalid,
        errors=tuple(
            {
                "line": one.line,
                "column": one.column,
                "code": one.code,
                "value": one.value,
                "message": one.message,
                "see": one.see or None,
            }
            for one in errors
        ),
        errors_count=errors_count,
        totals=file.totals,
    )
