"""The second rail: pensions by mobile money, one payout of the house each, through the account of the payee's operator.

What sends, asks about and settles them is what does so for every transfer (`services/transfers`); what they do to a
payment and its batch is `services/pensions/purpose.py`. A payment never changes rail by itself.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from core import clock
from core.database import Database, Session, driver, fetch_all
from core.errors import Refusal
from core.money import Currency, Money
from core.permissions import SYSTEM
from core.phone import PhoneNumber, normalise
from models.ledger import Source
from models.pension_stages import BatchStage, PaymentStage
from models.transfers import Direction
from providers.answers import Reason
from services.pensions import steps
from services.pensions.dispatch import payments
from services.pensions.dispatch.claiming import PURPOSE
from services.pensions.dispatch.payments import Move
from services.pensions.dispatch.shapes import Payer
from services.routes import NoRoute
from services.transfers import requests
from services.transfers.refusals import AmountTooLarge, AmountTooSmall
from services.transfers.requests import RequestTransfer

MOST_CREATED = 100
PAUSE = timedelta(minutes=15)
METHODS = {"MTN": "mtn_momo", "Moov": "moov_money", "Orange": "orange_money", "Yas": "free_money"}

_BATCHES = """
select id from pension_batch where rail = 'mobile_money' and stage = 'PROCESSING' and waiting_count > 0 order by id
"""
# What waits to be sent is no more than its workers carry soon: a pause then leaves little to take back.
_DUE = """
select p.id, p.line, p.id_type, p.identifier, p.amount_minor, p.tries, p.name, b.bulk_id, b.currency,
    b.organisation_id, a.available_account_id, a.reserved_account_id, a.fees_account_id
from pension_payment p
join pension_batch b on b.id = p.batch_id
join pension_account a on a.id = b.account_id
where p.batch_id = %(batch)s and p.stage = 'WAITING' and (p.next_try_at is null or p.next_try_at <= %(now)s)
order by p.line limit greatest(%(most)s - (
    select count(*) from transfer t join pension_payment out on out.transfer_id = t.id
    where out.batch_id = %(batch)s and out.stage = 'SENDING' and t.state = 'created'), 0)
for no key update of p skip locked
"""


def request_due(database: Database) -> int:
    """Ask for the payouts of every batch of this rail that is sending; return how many were asked for."""
    with database.transaction() as session:
        batches = [row["id"] for row in fetch_all(session, _BATCHES)]
    asked = 0
    for batch_id in batches:
        with database.transaction(statement_timeout_ms=30_000) as session:
            asked += _request(session, batch_id)
    return asked


def _request(session: Session, batch_id: UUID) -> int:
    batch = steps.lock_batch(session, batch_id)
    if batch.stage is not BatchStage.PROCESSING:
        return 0
    rows = fetch_all(session, _DUE, {"batch": batch_id, "now": clock.now(), "most": MOST_CREATED})
    moves = [move for row in rows if (move := _ask(session, batch_id, row))]
    payments.void(session, moves)
    payments.move(session, moves)
    return len(rows)


def _ask(session: Session, batch_id: UUID, row: Mapping[str, Any]) -> Move | None:
    """Ask for one payout; a refusal moves the payment instead."""
    method, phone = method_of(row["id_type"], row["identifier"])
    if phone is None or not method:
        return _move(batch_id, row, PaymentStage.FAILED, Reason.NOT_OFFERED)
    order = RequestTransfer(
        key=f"post:{row['id']}:{row['tries'] + 1}",
        source=Source.PENSION,
        direction=Direction.PAYOUT,
        purpose=PURPOSE,
        subject_id=row["id"],
        method=method,
        country=phone.country,
        amount=Money(row["amount_minor"], Currency(row["currency"])),
        party_phone=phone.e164,
        party_name=row["name"],
        label=row["bulk_id"],
        owner=("organisation", row["organisation_id"]),
    )
    try:
        with session.begin_nested():
            transfer = requests.request(session, SYSTEM, order)
    except NoRoute:
        return _move(batch_id, row, PaymentStage.FAILED, Reason.NOT_OFFERED)
    except (AmountTooSmall, AmountTooLarge):
        return _move(batch_id, row, PaymentStage.FAILED, Reason.AMOUNT_OUT_OF_BOUNDS)
    except Refusal:
        return _move(batch_id, row, PaymentStage.WAITING, Reason.PROVIDER_UNAVAILABLE)
    driver(session).execute(
        "update pension_payment set transfer_id = %s, tries = tries + 1 where id = %s", (transfer.id, row["id"])
    )
    return None


def method_of(id_type: str, identifier: str) -> tuple[str, PhoneNumber | None]:
    """Return by which method somebody may be paid, as his number's prefix proposes, and his number."""
    if id_type != "MSISDN":
        return "", None
    try:
        phone = normalise(identifier, None)
    except Refusal:
        return "", None
    return METHODS.get(phone.operator_hint or "", ""), phone


def _move(batch_id: UUID, row: Mapping[str, Any], to: PaymentStage, reason: Reason) -> Move:
    is_over = to is PaymentStage.FAILED
    return Move(
        payment_id=row["id"],
        batch_id=batch_id,
        was=PaymentStage.WAITING,
        to=to,
        amount=Money(row["amount_minor"], Currency(row["currency"])),
        payer=Payer(row["available_account_id"], row["reserved_account_id"], row["fees_account_id"]),
        reason=reason,
        is_retryable=is_over,
        next_try_at=None if is_over else clock.now() + PAUSE,
    )
