"""Pensions as transfers know them: what a payment moves when it is settled one by one, and what follows for its batch.

The workers of Mojaloop move payments in sets (`services/pensions/dispatch`); this is the way of everything else: an
unknown that two persons settle, a payment that came back, and the rail of mobile money.
"""

from typing import ClassVar
from uuid import UUID

from core.database import Session, driver, fetch_one
from core.errors import Forbidden, WrongState
from core.money import Money
from core.permissions import Actor
from models.ledger import AccountKind, Source
from models.pension_stages import PAYMENT_STEPS, BatchStage, PaymentStage
from models.transfers import TransferState
from providers.answers import Reason
from services import ledger
from services.ledger import Leg, Posted, Posting
from services.pensions.dispatch import payments, standing
from services.pensions.dispatch.outcomes import MOST_TRANSFERS
from services.pensions.dispatch.payments import Move
from services.pensions.dispatch.shapes import Standing
from services.transfers import purposes
from services.transfers.cases import OWNER
from services.transfers.purposes import Purpose
from services.transfers.requests import RequestTransfer
from services.transfers.rows import TransferRow

_STAGES: dict[TransferState, PaymentStage] = {
    TransferState.CREATED: PaymentStage.SENDING,
    TransferState.SUBMITTED: PaymentStage.SENDING,
    TransferState.PENDING: PaymentStage.SENT,
    TransferState.UNKNOWN: PaymentStage.UNKNOWN,
    TransferState.SUCCEEDED: PaymentStage.COMPLETED,
    TransferState.FAILED: PaymentStage.FAILED,
    TransferState.EXPIRED: PaymentStage.FAILED,
    TransferState.CANCELLED: PaymentStage.WAITING,  # it never left
    TransferState.REVERSED: PaymentStage.REVERSED,
}

# Only a corrected file pays these.
_NEVER_AGAIN = frozenset({Reason.PAYEE_NOT_FOUND, Reason.INVALID_PHONE, Reason.CURRENCY_NOT_SUPPORTED})


class PensionPurpose(Purpose):
    """A pension leaves: what its batch reserved is spent, and the batch counts it."""

    name: ClassVar[str] = "pension"

    def authorise(self, _session: Session, actor: Actor, _order: RequestTransfer) -> None:
        """Refuse everybody but the house itself: payments leave by their batch."""
        if not actor.is_system:
            raise Forbidden

    def guard(self, session: Session, row: TransferRow) -> None:
        """Refuse to send what its batch no longer sends."""
        found = fetch_one(
            session,
            "select b.stage from pension_batch b join pension_payment p on p.batch_id = b.id where p.id = %s",
            (row.subject_id,),
        )
        if found is None or found["stage"] != BatchStage.PROCESSING:
            raise WrongState(state=found["stage"] if found else "", wanted=str(BatchStage.PROCESSING))

    def reference(self, _session: Session, row: TransferRow) -> str:
        """Return the payment's id, as its postings are found by."""
        return str(row.subject_id)

    def settle(self, session: Session, row: TransferRow) -> tuple[Leg, ...]:
        """Spend what was reserved; the provider's fee is owed by the organisation and is no expense of the house."""
        on = _standing(session, row)
        legs = [Leg(on.payer.reserved, row.amount)]
        if row.provider_fee.minor:
            expense = ledger.house_account(session, AccountKind.FEE_EXPENSE, row.amount.currency, OWNER, row.account_id)
            legs += [Leg(on.payer.fees, row.provider_fee), Leg(expense, -row.provider_fee)]
        return tuple(legs)

    def follow(self, session: Session, row: TransferRow, _was: TransferState, _posted: Posted | None) -> None:
        """Move the payment with its transfer, under its batch's lock."""
        on = _standing(session, row)
        to = _STAGES[row.state]
        if row.reason == Reason.NEVER_RECEIVED and on.tries < MOST_TRANSFERS:
            to = PaymentStage.WAITING  # proven: another transfer begins by itself
        if to is PaymentStage.WAITING and on.batch_stage is BatchStage.CANCELLING:
            to = PaymentStage.CANCELLED
        if to is on.stage or to not in PAYMENT_STEPS[on.stage]:
            return
        if to is PaymentStage.REVERSED:
            _give_back(session, row, on)
        move = Move(
            payment_id=on.payment_id,
            batch_id=on.batch_id,
            was=on.stage,
            to=to,
            amount=row.amount,
            payer=on.payer,
            reason=row.reason,
            is_retryable=to is PaymentStage.FAILED and row.reason not in _NEVER_AGAIN,
            fee_minor=row.provider_fee.minor,
        )
        payments.void(session, [move])
        payments.move(session, [move])


def _standing(session: Session, row: TransferRow) -> Standing:
    found = fetch_one(session, "select batch_id from pension_payment where id = %s", (row.subject_id,))
    batch_ids: list[UUID] = [found["batch_id"]] if found else []
    return standing.lock(session, batch_ids, [row.id])[row.id]


def _give_back(session: Session, row: TransferRow, on: Standing) -> None:
    """Make available again what came back to the reserve: nobody is to be paid with it by this batch."""
    amount: Money = row.amount
    legs = (Leg(on.payer.reserved, amount), Leg(on.payer.available, -amount))
    key = f"reverse:{row.id}"
    ledger.post(session, Posting(Source.PENSION, key, "pension_reversal", legs, reference=str(on.payment_id)))
    driver(session).execute("delete from pension_claim where payment_id = %s", (on.payment_id,))


PENSION = purposes.register(PensionPurpose())
