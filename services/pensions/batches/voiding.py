"""What was reserved and will not be paid goes back, slice by slice, each slice one posting under a key of its own."""

from dataclasses import dataclass

from core import clock
from core.database import Session, fetch_all, fetch_one
from models.ledger import Source
from models.pension_stages import PaymentStage
from services import ledger
from services.ledger import Posting
from services.pensions import accounts, counters
from services.pensions.files.totals import Sum
from services.pensions.shapes import BatchRow

SLICE_ROWS = 2_500  # whoever saves what comes back of the same batch waits for a slice

# The next line that has not left; a slice is the lines from there on.
_FIRST = """
select least(
    (select min(line) from pension_payment where batch_id = %(batch)s and stage = 'WAITING' and line > %(after)s),
    (select min(line) from pension_payment where batch_id = %(batch)s and stage = 'HELD' and line > %(after)s)) as line
"""
# Rows that a worker holds are passed by: it decides about them, and they come back with a later slice or as sent.
_PASSING_BY = "for update skip locked"
_SLICE = """
with slice as (
    select id, line, stage, amount_minor from pension_payment
    where batch_id = %(batch)s and line between %(first)s and %(last)s and stage in ('WAITING', 'HELD') {passing_by}
), ended as (
    update pension_payment p set stage = 'CANCELLED', next_try_at = null, completed_at = %(now)s
    from slice where p.id = slice.id
), dropped as (
    delete from pension_claim c using slice where c.payment_id = slice.id
)
select stage, count(*) as count, sum(amount_minor)::bigint as minor, min(line) as first, max(line) as last
from slice group by stage
"""


@dataclass(frozen=True, slots=True)
class Voided:
    """How many payments a slice ended, and the last line it looked at; nothing is left after a slice that is over."""

    count: int
    last_line: int
    is_over: bool = False


def void_all(session: Session, batch: BatchRow) -> None:
    """End every payment of a locked batch of which nothing has left: no worker knows it yet."""
    voided = Voided(0, 0)
    while not voided.is_over:
        voided = void_slice(session, batch, voided.last_line, passing_by="")


def void_slice(session: Session, batch: BatchRow, after: int = 0, *, passing_by: str = _PASSING_BY) -> Voided:
    """End the next payments of a locked batch that have not left: stages, claims, counters, and their money back."""
    found = fetch_one(session, _FIRST, {"batch": batch.id, "after": after})
    if found is None or found["line"] is None:
        return Voided(0, after, is_over=True)
    last_line = found["line"] + SLICE_ROWS - 1
    values = {"batch": batch.id, "first": found["line"], "last": last_line, "now": clock.now()}
    rows = fetch_all(session, _SLICE.format(passing_by=passing_by), values)
    if not rows:
        return Voided(0, last_line)
    counters.shift(
        session,
        batch.id,
        {(PaymentStage(row["stage"]), PaymentStage.CANCELLED): Sum(row["count"], row["minor"]) for row in rows},
    )
    first, last = min(row["first"] for row in rows), max(row["last"] for row in rows)
    if batch.seal:
        _give_back(session, batch, sum(row["minor"] for row in rows), f"void:{batch.id}:{first}-{last}")
    return Voided(sum(row["count"] for row in rows), last_line)


def _give_back(session: Session, batch: BatchRow, amount_minor: int, key: str) -> None:
    account = accounts.find_account(session, batch.account_id)
    ledger.void(
        session,
        account.available_account_id,
        account.reserved_account_id,
        batch.money(amount_minor),
        Posting(Source.PENSION, key, "pension_void", (), actor="Palabre"),
    )
