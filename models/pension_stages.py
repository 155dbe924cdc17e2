"""The words pensions are kept in, and the steps a batch and a payment may take (`docs/pensions.md`)."""

from enum import StrEnum


class PayeeType(StrEnum):
    """How a payee is named to the switch: the Mojaloop party identifier types we take."""

    MSISDN = "MSISDN"
    EMAIL = "EMAIL"
    PERSONAL_ID = "PERSONAL_ID"
    BUSINESS = "BUSINESS"
    DEVICE = "DEVICE"
    ACCOUNT_ID = "ACCOUNT_ID"
    IBAN = "IBAN"
    ALIAS = "ALIAS"


class LookupPolicy(StrEnum):
    """When payees are looked up: before approval, between the two steps of a payment, never."""

    BEFORE = "before"
    INLINE = "inline"
    OFF = "off"


class NamePolicy(StrEnum):
    """What a differing name does: it is shown, or it holds the payment for a person."""

    WARN = "warn"
    HOLD = "hold"


class Rail(StrEnum):
    """What carries the money out."""

    MOJALOOP = "mojaloop"
    MOBILE_MONEY = "mobile_money"


class AmountType(StrEnum):
    """Whether the amount is what the payee receives or what the organisation sends."""

    RECEIVE = "RECEIVE"
    SEND = "SEND"


class NumberForm(StrEnum):
    """How numbers of Benin are written to the switch; `directory` uses what a look-up found."""

    TEN = "ten"
    EIGHT = "eight"
    DIRECTORY = "directory"


class BatchStage(StrEnum):
    """The exact step of a batch; the documented `state` follows from it (`services/pensions/stages.py`)."""

    DRAFT = "DRAFT"
    AWAITING_APPROVAL = "AWAITING_APPROVAL"
    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    PAUSED = "PAUSED"
    CANCELLING = "CANCELLING"
    COMPLETED = "COMPLETED"
    PARTIALLY_COMPLETED = "PARTIALLY_COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


_ENDED = frozenset({BatchStage.COMPLETED, BatchStage.PARTIALLY_COMPLETED, BatchStage.FAILED, BatchStage.CANCELLED})

BATCH_STEPS: dict[BatchStage, frozenset[BatchStage]] = {
    BatchStage.DRAFT: frozenset(
        {
            BatchStage.AWAITING_APPROVAL,
            BatchStage.QUEUED,
            BatchStage.CANCELLING,
            BatchStage.CANCELLED,
            BatchStage.EXPIRED,
        }
    ),
    BatchStage.AWAITING_APPROVAL: frozenset(
        {BatchStage.QUEUED, BatchStage.REJECTED, BatchStage.CANCELLING, BatchStage.CANCELLED, BatchStage.EXPIRED}
    ),
    BatchStage.QUEUED: frozenset(
        {BatchStage.PROCESSING, BatchStage.PAUSED, BatchStage.CANCELLING, BatchStage.CANCELLED}
    ),
    BatchStage.PROCESSING: frozenset({BatchStage.PAUSED, BatchStage.CANCELLING}) | _ENDED,
    # Back to the queue when nothing was sent yet: what stands before the first sending was not asked.
    BatchStage.PAUSED: frozenset({BatchStage.QUEUED, BatchStage.PROCESSING, BatchStage.CANCELLING}) | _ENDED,
    BatchStage.CANCELLING: _ENDED,
    **{ended: frozenset[BatchStage]() for ended in (*_ENDED, BatchStage.REJECTED, BatchStage.EXPIRED)},
}


class PaymentStage(StrEnum):
    """The exact step of a payment; the documented `status` follows from it."""

    WAITING = "WAITING"
    HELD = "HELD"
    SENDING = "SENDING"
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    REVERSED = "REVERSED"


PAYMENT_STEPS: dict[PaymentStage, frozenset[PaymentStage]] = {
    PaymentStage.WAITING: frozenset(
        {PaymentStage.SENDING, PaymentStage.HELD, PaymentStage.FAILED, PaymentStage.CANCELLED}
    ),
    PaymentStage.HELD: frozenset({PaymentStage.WAITING, PaymentStage.FAILED, PaymentStage.CANCELLED}),
    PaymentStage.SENDING: frozenset(
        {
            PaymentStage.SENT,
            PaymentStage.UNKNOWN,
            PaymentStage.COMPLETED,
            PaymentStage.FAILED,
            PaymentStage.WAITING,
            PaymentStage.HELD,
            PaymentStage.CANCELLED,
        }
    ),
    PaymentStage.SENT: frozenset(
        {
            PaymentStage.UNKNOWN,
            PaymentStage.COMPLETED,
            PaymentStage.FAILED,
            PaymentStage.WAITING,
            PaymentStage.HELD,
            PaymentStage.CANCELLED,
        }
    ),
    PaymentStage.UNKNOWN: frozenset(
        {
            PaymentStage.SENT,
            PaymentStage.COMPLETED,
            PaymentStage.FAILED,
            PaymentStage.WAITING,
            PaymentStage.CANCELLED,
        }
    ),
    PaymentStage.COMPLETED: frozenset({PaymentStage.REVERSED}),
    PaymentStage.FAILED: frozenset[PaymentStage](),
    PaymentStage.CANCELLED: frozenset[PaymentStage](),
    PaymentStage.REVERSED: frozenset[PaymentStage](),
}

OPEN_PAYMENTS = (
    PaymentStage.WAITING,
    PaymentStage.HELD,
    PaymentStage.SENDING,
    PaymentStage.SENT,
    PaymentStage.UNKNOWN,
)
