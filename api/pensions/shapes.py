"""How batches, payments and accounts are written on the wire: minor units, UTC, the documented words."""

from datetime import datetime
from typing import Any

from api.shapes import instant
from core import clock
from models.pension_stages import BatchStage
from services.pensions.accounts import AccountRow
from services.pensions.payment_reading import PaymentDetail, PaymentPage
from services.pensions.shapes import BatchRow, PaymentRow, Signature

_MOVING = (BatchStage.PROCESSING, BatchStage.CANCELLING)


def history_line(batch: BatchRow) -> dict[str, Any]:
    """Write a batch as one line of the history."""
    return {
        "id": str(batch.id),
        "bulk_id": batch.bulk_id,
        "state": batch.state,
        "stage": batch.stage,
        "total_amount": batch.total.amount_minor,
        "currency": batch.currency,
        "transfers_count": batch.total.count,
        "completed_count": batch.completed.count,
        "failed_count": batch.failed.count,
        "pending_count": _left(batch),
        "unknown_count": batch.unknown.count,
        "completed_amount": batch.completed.amount_minor,
        "cycle": batch.cycle,
        "payer_account": batch.account_code,
        "organization": batch.organisation_code,
        "created_by": batch.created_by.name,
        "created_at": instant(batch.created_by.at),
        "completed_at": instant(batch.completed_at),
        "retry_of": batch.retry_of,
    }


def details(batch: BatchRow) -> dict[str, Any]:
    """Write a batch with its statistics; `unknown` is inside `processing`, `held` inside `pending`."""
    return {
        "bulk_id": batch.bulk_id,
        "state": batch.state,
        "stage": batch.stage,
        "total_amount": batch.total.amount_minor,
        "currency": batch.currency,
        "cycle": batch.cycle,
        "payer_account": {
            "account_id": batch.account_code,
            "party_id_type": batch.account_party_type,
            "party_identifier": batch.account_party_identifier,
        },
        "organization": {"name": batch.organisation_name, "code": batch.organisation_code},
        "statistics": {
            "total": batch.total.count,
            "completed": batch.completed.count,
            "failed": batch.failed.count,
            "pending": batch.waiting.count,
            "processing": batch.processing.count,
            "unknown": batch.unknown.count,
            "held": batch.held.count,
            "success_rate": batch.success_rate,
        },
        "amounts": {
            "completed": batch.completed.amount_minor,
            "failed": batch.failed.amount_minor,
            "pending": batch.waiting.amount_minor,
            "processing": batch.processing.amount_minor,
            "fees": batch.fees_minor,
        },
        "seal": batch.seal or None,
        "created_by": batch.created_by.name,
        "confirmed_by": _name(batch.confirmed_by),
        "approved_by": _name(batch.approved_by),
        "created_at": instant(batch.created_by.at),
        "started_at": instant(batch.started_at),
        "completed_at": instant(batch.completed_at),
        "not_before": instant(batch.not_before),
        "pause_reason": batch.pause_reason or None,
        "end_reason": batch.end_reason or None,
        "retry_of": batch.retry_of,
        "needs_attention": batch.needs_attention,
    }


def progress(batch: BatchRow) -> dict[str, Any]:
    """Write how far a batch is: what a stream says at each change. Here `pending` is all that is not over."""
    return {
        "bulkTransferId": batch.bulk_id,
        "state": batch.state,
        "stage": batch.stage,
        "total": batch.total.count,
        "completed": batch.completed.count,
        "failed": batch.failed.count,
        "pending": _left(batch),
        "unknown": batch.unknown.count,
        "progress_percent": batch.progress_percent,
    }


def status(batch: BatchRow) -> dict[str, Any]:
    """Write how far a batch is, how fast it goes, and when it may end."""
    rate_per_s = _rate_per_s(batch, clock.now())
    is_moving = batch.stage in _MOVING and rate_per_s > 0
    return {
        **progress(batch),
        "total_amount": batch.total.amount_minor,
        "currency": batch.currency,
        "payer_account": batch.account_code,
        "rate_per_s": rate_per_s,
        "eta_s": round(_left(batch) / rate_per_s) if is_moving else None,
    }


def acted(batch: BatchRow) -> dict[str, Any]:
    """Write a batch after something was done to it."""
    return {
        **progress(batch),
        "total_amount": batch.total.amount_minor,
        "currency": batch.currency,
        "seal": batch.seal or None,
        "pause_reason": batch.pause_reason or None,
        "needs_attention": batch.needs_attention,
        "retry_of": batch.retry_of,
    }


def ended(batch: BatchRow) -> dict[str, Any]:
    """Write a batch that is over, as who waited for it reads it."""
    return {
        "bulkTransferId": batch.bulk_id,
        "state": batch.state,
        "stage": batch.stage,
        "total_amount": batch.total.amount_minor,
        "currency": batch.currency,
        "payer_account": batch.account_code,
        "total_transactions": batch.total.count,
        "completed_count": batch.completed.count,
        "failed_count": batch.failed.count,
        "pending_count": _left(batch),
        "created_at": instant(batch.created_by.at),
        "completed_at": instant(batch.completed_at),
    }


def payment(row: PaymentRow) -> dict[str, Any]:
    """Write a payment as the details do."""
    return {
        "id": str(row.id),
        "line": row.line,
        "transfer_id": row.shown_id,
        "amount": row.amount_minor,
        "currency": row.currency,
        "payee_party_id_type": row.id_type,
        "payee_party_identifier": shown_identifier(row),
        "payee_name": row.name or None,
        "name_found": row.name_found or None,
        "name_verdict": row.name_verdict or None,
        "purpose": row.purpose,
        "status": row.status,
        "stage": row.stage,
        "mojaloop_transfer_id": str(row.external_id) if row.external_id else None,
        "fulfilment": row.fulfilment or None,
        "fee": row.fee_minor,
        "error_code": row.code or None,
        "error_description": row.sentence or None,
        "error_message": row.sentence or None,
        "retryable": row.is_retryable,
        "attempts": row.tries,
        "completed_at": instant(row.completed_at),
    }


def individual(row: PaymentRow) -> dict[str, Any]:
    """Write a payment as the status does."""
    return {
        "transferId": row.shown_id,
        "amount": row.amount_minor,
        "currency": row.currency,
        "status": row.status,
        "stage": row.stage,
        "fulfilment": row.fulfilment or None,
        "completed_at": instant(row.completed_at),
        "payee_party_id_type": row.id_type,
        "payee_party_identifier": shown_identifier(row),
        "payee_name": row.name or None,
        "error_code": row.code or None,
        "error_message": row.sentence or None,
    }


def individuals(page: PaymentPage, offset: int) -> dict[str, Any]:
    """Write one page of payments as the status does; `nextOffset` is where the next one begins."""
    reached = offset + len(page.payments)
    return {
        "individualTransfers": [individual(row) for row in page.payments],
        "individualTotal": page.total,
        "nextOffset": reached if page.payments and reached < page.total else None,
    }


def payment_detail(detail: PaymentDetail) -> dict[str, Any]:
    """Write one payment and all that was done about it; nothing of what was said in the calls."""
    return {
        **payment(detail.payment),
        "submitted_at": instant(detail.submitted_at),
        "next_read_at": instant(detail.next_read_at),
        "reads": detail.reads,
        "events": [
            {
                "at": instant(step.at),
                "mojaloop_transfer_id": str(step.external_id),
                "from": step.from_state or None,
                "to": step.to_state,
                "cause": step.cause,
                "reason": step.reason or None,
                "actor": step.actor or None,
            }
            for step in detail.steps
        ],
        "calls": [
            {
                "sent_at": instant(attempt.sent_at),
                "answered_at": instant(attempt.answered_at),
                "operation": attempt.operation,
                "method": attempt.method,
                "http_status": attempt.http_status,
                "answer": attempt.answer,
                "error": attempt.error_kind or None,
            }
            for attempt in detail.attempts
        ],
        "ledger": [
            {
                "transaction_id": str(entry.transaction_id),
                "account": entry.kind,
                "label": entry.label,
                "amount": entry.amount.minor,
                "currency": entry.amount.currency,
                "at": instant(entry.at),
            }
            for entry in detail.entries
        ],
    }


def account(row: AccountRow) -> dict[str, Any]:
    """Write a payer account and its money; `balance` is what is available and what is reserved."""
    return {
        "account_id": row.account_id,
        "party_id_type": row.party_id_type,
        "party_identifier": row.party_identifier,
        "currency": row.currency,
        "balance": row.balance.minor,
        "reserved": row.reserved.minor,
        "available": row.available.minor,
        "is_active": row.is_active,
    }


def shown_identifier(row: PaymentRow) -> str:
    """Return whom a payment goes to as the file says it; digits only for a phone number."""
    if row.id_type != "MSISDN":
        return row.identifier_raw
    return "".join(mark for mark in row.identifier_raw if mark.isascii() and mark.isdecimal())


def _left(batch: BatchRow) -> int:
    return batch.total.count - batch.completed.count - batch.failed.count


def _rate_per_s(batch: BatchRow, moment: datetime) -> float:
    """Return how many payments ended in a second since the first one left, from the counters alone."""
    if batch.started_at is None:
        return 0.0
    elapsed_s = ((batch.completed_at or moment) - batch.started_at).total_seconds()
    return round((batch.completed.count + batch.failed.count) / elapsed_s, 2) if elapsed_s > 0 else 0.0


def _name(signed: Signature | None) -> str | None:
    return signed.name if signed else None
