"""Payments moved from stage to stage, in sets: with them the money, the claims, the counters and the batch's end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import clock
from core.database import Session, driver
from core.money import Money
from core.permissions import SYSTEM
from models.ledger import AccountKind, Source
from models.pension_stages import PAYMENT_STEPS, PaymentStage
from services import ledger
from services.ledger import Leg, Posting
from services.pensions import counters, steps
from services.pensions.dispatch.shapes import Payer
from services.pensions.files.totals import Sum
from services.transfers.cases import OWNER

UNPAID = frozenset({PaymentStage.FAILED, PaymentStage.CANCELLED})

_MOVE = """
update pension_payment p set stage = m.stage, code = m.code, reason = m.reason, is_retryable = m.is_retryable,
    fee_minor = m.fee_minor, next_try_at = m.next_try_at, tries = p.tries - m.unsent,
    completed_at = case when m.stage in ('COMPLETED', 'FAILED', 'CANCELLED') then %(now)s end,
    fsp_id = coalesce(nullif(m.fsp_id, ''), p.fsp_id), name_found = coalesce(nullif(m.name_found, ''), p.name_found),
    name_verdict = coalesce(nullif(m.name_verdict, ''), p.name_verdict)
from unnest(%(ids)s::uuid[], %(was)s::text[], %(stages)s::text[], %(codes)s::text[], %(reasons)s::text[],
        %(retryable)s::bool[], %(fees)s::bigint[], %(tries_at)s::timestamptz[], %(unsent)s::int[], %(fsps)s::text[],
        %(found)s::text[], %(verdicts)s::text[])
    as m (id, was, stage, code, reason, is_retryable, fee_minor, next_try_at, unsent, fsp_id, name_found, name_verdict)
where p.id = m.id and p.stage = m.was
"""


class StrayedPaymentError(Exception):
    """A payment had left the stage it was read in although its batch was locked: somebody forgot the lock."""


@dataclass(frozen=True, slots=True)
class Move:
    """One payment on its way. `fee_minor` is what is posted as due, `is_reserved` whether money is held for it."""

    payment_id: UUID
    batch_id: UUID
    was: PaymentStage
    to: PaymentStage
    amount: Money
    payer: Payer
    code: str = ""
    reason: str = ""
    is_retryable: bool = False
    fee_minor: int = 0
    next_try_at: datetime | None = None
    is_unsent: bool = False
    fsp_id: str = ""
    name_found: str = ""
    name_verdict: str = ""
    is_reserved: bool = True


def move(session: Session, moves: Sequence[Move]) -> None:
    """Take every step, in one statement a table. The caller holds the batches' rows and has read `was` under them."""
    if not moves:
        return
    for one in moves:
        if one.was is not one.to and one.to not in PAYMENT_STEPS[one.was]:
            raise StrayedPaymentError(one.payment_id, one.was, one.to)
    written = driver(session).execute(_MOVE, {"now": clock.now(), **_columns(moves)})
    if written.rowcount != len(moves):
        raise StrayedPaymentError(written.rowcount, len(moves))
    _drop_claims(session, moves)
    _count(session, moves)


def void(session: Session, moves: Sequence[Move]) -> None:
    """Give back what was held for payments that end unpaid, once each."""
    ledger.post_many(session, [_void_of(one) for one in moves if one.to in UNPAID and one.is_reserved])


def post(session: Session, account_id: UUID, paid: Mapping[UUID, Move]) -> dict[UUID, UUID]:
    """Post what was paid by a rail's account, by transfer id; return the ledger's transactions by the same."""
    if not paid:
        return {}
    currency = next(iter(paid.values())).amount.currency
    mirror = ledger.house_account(session, AccountKind.PROVIDER_FLOAT, currency, OWNER, account_id)
    postings = [_payment_of(transfer_id, one, mirror) for transfer_id, one in paid.items()]
    done = ledger.post_many(session, postings)
    return {transfer_id: posted.id for transfer_id, posted in zip(paid, done, strict=True)}


def _payment_of(transfer_id: UUID, one: Move, mirror: UUID) -> Posting:
    fee = Money(one.fee_minor, one.amount.currency)
    legs = [Leg(one.payer.reserved, one.amount), Leg(mirror, -(one.amount + fee))]
    if fee.minor:
        legs.append(Leg(one.payer.fees, fee))
    reference = str(one.payment_id)
    return Posting(
        Source.PENSION, f"post:{transfer_id}", "pension", tuple(legs), reference=reference, actor=SYSTEM.name
    )


def _void_of(one: Move) -> Posting:
    legs = (Leg(one.payer.reserved, one.amount), Leg(one.payer.available, -one.amount))
    reference = str(one.payment_id)
    return Posting(
        Source.PENSION, f"void:{one.payment_id}", "pension_void", legs, reference=reference, actor=SYSTEM.name
    )


def _columns(moves: Sequence[Move]) -> dict[str, list[object]]:
    return {
        "ids": [one.payment_id for one in moves],
        "was": [str(one.was) for one in moves],
        "stages": [str(one.to) for one in moves],
        "codes": [one.code for one in moves],
        "reasons": [str(one.reason) for one in moves],
        "retryable": [one.is_retryable for one in moves],
        "fees": [one.fee_minor for one in moves],
        "tries_at": [one.next_try_at for one in moves],
        "unsent": [int(one.is_unsent) for one in moves],
        "fsps": [one.fsp_id for one in moves],
        "found": [one.name_found for one in moves],
        "verdicts": [one.name_verdict for one in moves],
    }


def _drop_claims(session: Session, moves: Sequence[Move]) -> None:
    unpaid = [one.payment_id for one in moves if one.to in UNPAID]
    if unpaid:
        driver(session).execute("delete from pension_claim where payment_id = any(%s)", (unpaid,))


def _count(session: Session, moves: Sequence[Move]) -> None:
    """Keep the counters of each batch in the order of their ids, and end those of which nothing is open."""
    for batch_id in sorted({one.batch_id for one in moves}):
        sums: dict[tuple[PaymentStage, PaymentStage], Sum] = {}
        fees_minor = 0
        for one in moves:
            if one.batch_id == batch_id and one.was is not one.to:
                step = (one.was, one.to)
                sums[step] = sums.get(step, Sum()).plus(Sum(1, one.amount.minor))
                fees_minor += one.fee_minor if one.to is PaymentStage.COMPLETED else 0
        counters.shift(session, batch_id, sums, fees_minor)
        steps.end_if_over(session, batch_id)
