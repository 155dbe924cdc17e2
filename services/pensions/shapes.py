"""A batch, its payments and its file as doors and reports see them: frozen rows, amounts in minor units."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from core.money import Currency, Money
from models.pension_stages import OPEN_PAYMENTS, BatchStage, PaymentStage, Rail
from providers.answers import Reason
from providers.mojaloop.codes import sentence_of
from services.pensions.files.totals import Sum
from services.pensions.stages import BATCH_STATES, PAYMENT_STATUSES


@dataclass(frozen=True, slots=True)
class Signature:
    """Who did one of the acts of a batch, and when."""

    user_id: UUID
    name: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One accepted file. `sums` holds count and amount of every payment stage; together they are `total`."""

    id: UUID
    bulk_id: str
    organisation_id: UUID
    organisation_code: str
    organisation_name: str
    timezone: str
    file_id: UUID | None
    file_name: str
    account_id: UUID
    account_code: str
    account_party_type: str
    account_party_identifier: str
    rail_account_id: UUID
    rail: Rail
    currency: Currency
    cycle: str
    stage: BatchStage
    version: int
    total: Sum
    sums: dict[PaymentStage, Sum]
    fees_minor: int
    skipped_count: int
    lookups_left: int
    seal: str
    has_same_person: bool
    has_accepted_duplicates: bool
    created_by: Signature
    confirmed_by: Signature | None
    approved_by: Signature | None
    ended_by: Signature | None
    end_reason: str
    not_before: datetime | None
    expires_at: datetime | None
    started_at: datetime | None
    completed_at: datetime | None
    pause_reason: str
    retry_of: str | None

    @property
    def state(self) -> str:
        """Return the documented word for the stage."""
        return BATCH_STATES[self.stage]

    @property
    def completed(self) -> Sum:
        """Return what was paid."""
        return self.sums[PaymentStage.COMPLETED]

    @property
    def failed(self) -> Sum:
        """Return what ended without being paid, or came back."""
        ended = (PaymentStage.FAILED, PaymentStage.CANCELLED, PaymentStage.REVERSED)
        return _together(self.sums, ended)

    @property
    def waiting(self) -> Sum:
        """Return what has not left: the documents' `pending` of the details."""
        return _together(self.sums, (PaymentStage.WAITING, PaymentStage.HELD))

    @property
    def processing(self) -> Sum:
        """Return what is out, be it known or not."""
        return _together(self.sums, (PaymentStage.SENDING, PaymentStage.SENT, PaymentStage.UNKNOWN))

    @property
    def held(self) -> Sum:
        """Return what waits for a person's word."""
        return self.sums[PaymentStage.HELD]

    @property
    def unknown(self) -> Sum:
        """Return what nobody knows the end of."""
        return self.sums[PaymentStage.UNKNOWN]

    @property
    def open(self) -> Sum:
        """Return what may still be paid: this much of the account is reserved."""
        return _together(self.sums, OPEN_PAYMENTS)

    @property
    def is_over(self) -> bool:
        """Whether nothing of it can change any more, a payment's return apart."""
        return self.completed_at is not None

    @property
    def needs_attention(self) -> bool:
        """Whether only persons can bring it to its end: all that is open is in doubt or held."""
        stuck = self.held.count + self.unknown.count
        return 0 < stuck == self.open.count and self.seal != ""

    @property
    def progress_percent(self) -> float:
        """Return how much of it is over, in per cent with two decimals."""
        return _percent(self.completed.count + self.failed.count, self.total.count)

    @property
    def success_rate(self) -> float:
        """Return how much of it was paid, in per cent with two decimals."""
        return _percent(self.completed.count, self.total.count)

    def money(self, amount_minor: int) -> Money:
        """Return an amount in the batch's currency."""
        return Money(amount_minor, self.currency)


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One payee of a batch. `shown_id` is the payment's id in documents, `external_id` the switch's transferId."""

    id: UUID
    batch_id: UUID
    bulk_id: str
    line: int
    shown_id: str
    currency: Currency
    id_type: str
    identifier: str
    identifier_raw: str
    rail_identifier: str
    fsp_id: str
    amount_minor: int
    purpose: str
    occurrence: int
    name: str
    name_found: str
    name_verdict: str
    stage: PaymentStage
    transfer_id: UUID | None
    external_id: UUID | None
    handles: dict[str, Any]
    tries: int
    code: str
    reason: str
    is_retryable: bool
    fee_minor: int
    next_try_at: datetime | None
    completed_at: datetime | None

    @property
    def status(self) -> str:
        """Return the documented word for the stage."""
        return PAYMENT_STATUSES[self.stage]

    @property
    def amount(self) -> Money:
        """Return what the payee receives."""
        return Money(self.amount_minor, self.currency)

    @property
    def fulfilment(self) -> str:
        """Return the switch's proof of payment; empty until it is paid."""
        return str(self.handles.get("fulfilment") or "") if self.stage is PaymentStage.COMPLETED else ""

    @property
    def sentence(self) -> str:
        """Return what the operator reads about why it is not paid; empty when there is nothing to say."""
        if not self.code and not self.reason:
            return ""
        return sentence_of(self.code, Reason(self.reason) if self.reason in set(Reason) else None)


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as it was received, and what was read in it."""

    id: UUID
    organisation_id: UUID
    name: str
    size_bytes: int
    sha256: str
    content_sha256: str
    encoding: str
    separator: str
    layout: str
    rows: int
    valid: int
    invalid: int
    verdict: str
    warnings: list[dict[str, Any]]
    totals: dict[str, Any]
    uploaded_by: Signature
    bulk_id: str | None


@dataclass(frozen=True, slots=True)
class FileErrorRow:
    """One wrong cell of a file, and what to do about it in the reader's language."""

    line: int
    column: str
    code: str
    value: str
    see: str
    message: str
    raw: str


def batch_columns() -> frozenset[str]:
    """Return the names of `BatchRow` that a query gives as they are."""
    return frozenset(one.name for one in fields(BatchRow)) - _COMPOSED


_COMPOSED = {
    *("rail", "currency", "stage", "total", "sums"),
    *("created_by", "confirmed_by", "approved_by", "ended_by"),
}


def batch_row(record: dict[str, Any]) -> BatchRow:
    """Read one row of `reading.BATCHES`."""
    return BatchRow(
        **{name: record[name] for name in batch_columns()},
        rail=Rail(record["rail"]),
        currency=Currency(record["currency"]),
        stage=BatchStage(record["stage"]),
        total=Sum(record["total_count"], record["total_minor"]),
        sums={stage: Sum(record[f"{stage.lower()}_count"], record[f"{stage.lower()}_minor"]) for stage in PaymentStage},
        created_by=Signature(record["created_by"], record["created_by_name"], record["created_at"]),
        confirmed_by=_signed(record, "confirmed"),
        approved_by=_signed(record, "approved"),
        ended_by=_signed(record, "ended"),
    )


def _signed(record: dict[str, Any], act: str) -> Signature | None:
    user_id = record[f"{act}_by"]
    at = record["completed_at"] if act == "ended" else record[f"{act}_at"]
    return None if user_id is None else Signature(user_id, record[f"{act}_by_name"], at)


def _together(sums: dict[PaymentStage, Sum], stages: tuple[PaymentStage, ...]) -> Sum:
    total = Sum()
    for stage in stages:
        total = total.plus(sums[stage])
    return total


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0
