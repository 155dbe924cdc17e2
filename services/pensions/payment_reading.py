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
from services.pensions.shapes import BatchRow, PaymentRow
from services.searching import containing

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
_LINE_DIGITS = 7


class PaymentNotFound(NotFound):
    """No such payment in this batch."""

    code = "not_found"
    sentence = "Paiement introuvable."


@dataclass(frozen=True, slots=True)
class PaymentSearch:
    """What narrows a batch's payments; what is empty narrows nothing. `after` is a line, amounts are minor units."""

    stages: tuple[PaymentStage, ...] = ()
    text: str = ""
    code: str = ""
    name_verdict: str = ""
    min_minor: int | None = None
    max_minor: int | None = None
    after: int = 0


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
    where, values = _where(search)
    values |= {"batch": batch.id, "limit": min(limit, LARGEST_PAGE), "offset": offset}
    rows = fetch_all(
        session,
        f"{PAYMENTS} where p.batch_id = %(batch)s and {where} order by p.line limit %(limit)s offset %(offset)s",
        values,
    )
    known = _counted(batch, search)
    return PaymentPage(tuple(map(payment_row, rows)), _count(session, where, values) if known is None else known)


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
    head, _, line = shown_id.rpartition("-")
    is_line = head == bulk_id and len(line) == _LINE_DIGITS and line.isdecimal() and line.isascii()
    record = fetch_one(
        session,
        f"""{PAYMENTS} where p.batch_id = %(batch)s and (
            p.file_transfer_id = %(shown)s or p.file_transfer_id is null and p.line = %(line)s
            or p.id = %(id)s or p.id in (select subject_id from transfer
                where external_id = %(id)s and purpose = 'pension'))""",
        {
            "batch": batch_id,
            "shown": shown_id,
            "line": int(line) if is_line else None,
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


def _counted(batch: BatchRow, search: PaymentSearch) -> int | None:
    """Return how many match where the batch's own counters tell; None where rows have to be counted."""
    if search == PaymentSearch(after=search.after):
        return batch.total.count
    if search == PaymentSearch(stages=search.stages):
        return sum(batch.sums[stage].count for stage in set(search.stages))
    return None


def _count(session: Session, where: str, values: dict[str, Any]) -> int:
    counted = fetch_one(
        session,
        f"""select count(*) as total from pension_payment p join pension_batch b on b.id = p.batch_id
        where p.batch_id = %(batch)s and {where}""",
        {**values, "after": 0},
    )
    return int(counted["total"]) if counted else 0


def _where(search: PaymentSearch) -> tuple[str, dict[str, Any]]:
    conditions, values = ["p.line > %(after)s"], dict[str, Any](after=search.after)
    if search.stages:
        conditions.append("p.stage = any(%(stages)s)")
        values["stages"] = [str(stage) for stage in search.stages]
    for name in ("code", "name_verdict"):
        if getattr(search, name):
            conditions.append(f"p.{name} = %({name})s")
            values[name] = getattr(search, name)
    for name, sign in (("min_minor", ">="), ("max_minor", "<=")):
        if getattr(search, name) is not None:
            conditions.append(f"p.amount_minor {sign} %({name})s")
            values[name] = getattr(search, name)
    if search.text.strip():
        text = search.text.strip()
        conditions.append(
            f"""(p.name ilike %(text)s or p.identifier ilike %(text)s or p.identifier_raw ilike %(text)s
            or p.line::text = %(exact)s or {SHOWN_ID} = %(exact)s)"""
        )
        values |= {"text": containing(text), "exact": text}
    return " and ".join(conditions), values


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
