"""Payments as doors read them: a page of a batch's rows, and one payment with all that was done about it."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from core import ids
from core.database import Session, fetch_all, fetch_one
from core.errors import NotFound
from core.money import Currency, Money
from core.permissions import Actor
from models.pension_stages import PaymentStage
from services import ledger
from services.pensions import reading
from services.pensions.payment_search import PaymentSearch, conditions, known_total, line_of
from services.pensions.shapes import PaymentRow

LARGEST_PAGE = 5_000
USUAL_PAGE = 1_000
MOST_ATTEMPTS = 100

# The id a payment has in documents: the file's own, else the batch's and the line.
SHOWN_ID = "coalesce(p.file_transfer_id, b.bulk_id || '-' || lpad(p.line::text, 7, '0'))"
PAYMENTS = f"""
select p.*, b.bulk_id, b.currency, {SHOWN_ID} as shown_id, t.external_id, coalesce(t.handles, '{{}}') as handles
from pension_payment p
join pension_batch b on b.id = p.batch_id
left join transfer t on t.id = p.transfer_id
"""
# What matches is read once, for the page and for how many there are.
_FOUND = """
with found as materialized (select p.line from pension_payment p where {where})
select (select count(*) from found) as total, array(
    select line from found where line > %(after)s order by line limit %(limit)s offset %(offset)s) as lines
"""
_LINES = f"{PAYMENTS} where p.batch_id = %(batch)s and p.line = any(%(lines)s) order by p.line"


class PaymentNotFound(NotFound):
    """No such payment in this batch."""

    code = "not_found"
    sentence = "Paiement introuvable."


@dataclass(frozen=True, slots=True)
class PaymentPage:
    """One page of a batch's payments in file order, and how many match in all."""

    payments: tuple[PaymentRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class PaymentStep:
    """One transition of one sending of a payment."""

    at: datetime
    external_id: UUID
    from_state: str
    to_state: str
    cause: str
    reason: str
    detail: str
    actor: str


@dataclass(frozen=True, slots=True)
class PaymentAttempt:
    """One call about a payment; what was said in it is read on the transfer's own page, by who may."""

    sent_at: datetime
    answered_at: datetime | None
    operation: str
    method: str
    http_status: int | None
    answer: str
    error_kind: str


@dataclass(frozen=True, slots=True)
class PaymentEntry:
    """One line of the ledger about a payment; debit positive."""

    transaction_id: UUID
    kind: str
    label: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class PaymentDetail:
    """One payment, what was done about it, and what it wrote in the ledger."""

    payment: PaymentRow
    steps: tuple[PaymentStep, ...]
    attempts: tuple[PaymentAttempt, ...]
    entries: tuple[PaymentEntry, ...]
    next_read_at: datetime | None
    reads: int
    submitted_at: datetime | None


def list_payments(
    session: Session, actor: Actor, bulk_id: str, search: PaymentSearch, *, limit: int = USUAL_PAGE, offset: int = 0
) -> PaymentPage:
    """Return a page of a batch's payments in file order."""
    batch = reading.get_batch(session, actor, bulk_id)
    where, values = conditions(batch, search)
    values |= {"after": search.after, "limit": min(limit, LARGEST_PAGE), "offset": offset}
    total = known_total(batch, search)
    if total is not None:
        page = f"{PAYMENTS} where {where} and p.line > %(after)s order by p.line limit %(limit)s offset %(offset)s"
        return PaymentPage(tuple(map(payment_row, fetch_all(session, page, values))), total)
    found = fetch_one(session, _FOUND.format(where=where), values)
    assert found is not None  # noqa: S101  # a count always returns one row
    rows = fetch_all(session, _LINES, {"batch": batch.id, "lines": found["lines"]})
    return PaymentPage(tuple(map(payment_row, rows)), found["total"])


def get_payment(session: Session, actor: Actor, bulk_id: str, shown_id: str) -> PaymentDetail:
    """Return one payment of a batch, by the id documents give it or by the switch's transferId."""
    batch = reading.get_batch(session, actor, bulk_id)
    payment = find_payment(session, batch.id, batch.bulk_id, shown_id)
    transfers = fetch_all(
        session, "select * from transfer where subject_id = %s and purpose = 'pension' order by id", (payment.id,)
    )
    named = {row["id"]: row["external_id"] for row in transfers}
    known = {"ids": list(named), "most": MOST_ATTEMPTS}
    steps = fetch_all(
        session, "select * from transfer_event where transfer_id = any(%(ids)s) order by created_at, id", known
    )
    attempts = fetch_all(
        session,
        "select * from transfer_attempt where transfer_id = any(%(ids)s) order by sent_at desc, n desc limit %(most)s",
        known,
    )
    last = next((row for row in transfers if row["id"] == payment.transfer_id), {})
    return PaymentDetail(
        payment=payment,
        steps=tuple(_step(row, named) for row in steps),
        attempts=tuple(
            PaymentAttempt(**{one.name: row[one.name] for one in fields(PaymentAttempt)}) for row in attempts
        ),
        entries=_entries(session, payment.id, transfers),
        next_read_at=last.get("next_read_at"),
        reads=last.get("reads", 0),
        submitted_at=last.get("submitted_at"),
    )


def find_payment(session: Session, batch_id: UUID, bulk_id: str, shown_id: str) -> PaymentRow:
    """Return one payment of a batch by any of its names, whoever asks."""
    record = fetch_one(
        session,
        f"""{PAYMENTS} where p.batch_id = %(batch)s and (
            p.file_transfer_id = %(shown)s or p.file_transfer_id is null and p.line = %(line)s
            or p.id = %(id)s or p.id in (select subject_id from transfer
                where external_id = %(id)s and purpose = 'pension'))""",
        {
            "batch": batch_id,
            "shown": shown_id,
            "line": line_of(bulk_id, shown_id),
            "id": ids.parse_id(shown_id),
        },
    )
    if record is None:
        raise PaymentNotFound
    return payment_row(record)


def payment_row(record: dict[str, Any]) -> PaymentRow:
    """Read one row of `PAYMENTS`."""
    plain = {one.name: record[one.name] for one in fields(PaymentRow)}
    return PaymentRow(**{**plain, "currency": Currency(record["currency"]), "stage": PaymentStage(record["stage"])})


def _step(row: dict[str, Any], named: dict[UUID, UUID]) -> PaymentStep:
    copied = ("from_state", "to_state", "cause", "reason", "detail", "actor")
    return PaymentStep(
        at=row["created_at"],
        external_id=named[row["transfer_id"]],
        **{name: row[name] for name in copied},
    )


def _entries(session: Session, payment_id: UUID, transfers: list[dict[str, Any]]) -> tuple[PaymentEntry, ...]:
    """Return what a payment's sendings wrote, and what it gave back when it ended unpaid."""
    columns = ("hold_transaction_id", "transaction_id", "reversal_id")
    posted = [transfer[column] for transfer in transfers for column in columns if transfer[column] is not None]
    given_back = fetch_one(
        session, "select id from ledger_transaction where source = 'pension' and key = %s", (f"void:{payment_id}",)
    )
    found: list[PaymentEntry] = []
    for transaction_id in [*posted, given_back["id"]] if given_back else posted:
        transaction = ledger.get_transaction(session, transaction_id)
        found += [
            PaymentEntry(
                transaction_id=transaction_id,
                kind=entry["kind"],
                label=entry["label"],
                amount=Money(entry["amount"], Currency(entry["currency"])),
                at=transaction["occurred_at"],
            )
            for entry in transaction["entries"]
        ]
    return tuple(found)
