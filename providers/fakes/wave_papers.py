"""What the fake of Wave writes: checkouts, payouts, events, errors."""

import re
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

from starlette.responses import JSONResponse

from core.money import Currency, Money
from providers.amounts import format_amount, parse_amount
from providers.answers import Reason, SeenState
from providers.fakes.kernel import Payment

LINK_LIFE = timedelta(hours=24)
_WHOLE = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
_CHECKOUT = {
    SeenState.PENDING: ("open", "processing"),
    SeenState.SUCCEEDED: ("complete", "succeeded"),
    SeenState.FAILED: ("complete", "cancelled"),
    SeenState.CANCELLED: ("complete", "cancelled"),
    SeenState.EXPIRED: ("expired", "processing"),
    SeenState.REVERSED: ("complete", "succeeded"),
}
_PAYOUT = {
    SeenState.PENDING: "processing",
    SeenState.SUCCEEDED: "succeeded",
    SeenState.REVERSED: "reversed",
}
_CHECKOUT_ERRORS = {Reason.INSUFFICIENT_FUNDS: "insufficient-funds", Reason.PAYER_NOT_FOUND: "blocked-account"}
_PAYOUT_ERRORS = {
    Reason.OUR_WALLET_EMPTY: "insufficient-funds",
    Reason.PAYEE_NOT_FOUND: "recipient-account-inactive",
    Reason.PAYEE_NOT_ALLOWED: "recipient-account-blocked",
}


def session_of(payment: Payment, says: SeenState) -> dict[str, Any]:
    """Return a checkout as Wave shows it."""
    checkout, paid = _CHECKOUT[says]
    kept = payment.document
    wave_id = str(kept.get("id", ""))
    ended = payment.ended_at.isoformat() if payment.ended_at and says is SeenState.SUCCEEDED else None
    code = _CHECKOUT_ERRORS.get(payment.reason, "") if payment.reason else ""
    document: dict[str, Any] = {
        "id": wave_id,
        "amount": _shown(payment.amount),
        "checkout_status": checkout,
        "payment_status": paid,
        "client_reference": payment.reference or None,
        "currency": payment.amount.currency.value,
        "business_name": "Palabre",
        "wave_launch_url": f"{kept.get('root', '')}/c/{wave_id}",
        "transaction_id": payment.provider_ref,
        "when_created": payment.opened_at.isoformat(),
        "when_expires": (payment.opened_at + LINK_LIFE).isoformat(),
        "when_completed": ended,
        "last_payment_error": {"code": code, "message": code} if code and says is SeenState.FAILED else None,
    }
    # Wave shows the number it let pay, which a story may have changed.
    return {**document, "restrict_payer_mobile": payment.party} if kept.get("restricted") else document


def payout_of(payment: Payment) -> dict[str, Any]:
    """Return a payout as Wave shows it."""
    document: dict[str, Any] = {
        "id": payment.document.get("id", ""),
        "status": _PAYOUT.get(payment.state, "failed"),
        "currency": payment.amount.currency.value,
        "receive_amount": _shown(payment.amount),
        "fee": _shown(payment.fee) if payment.fee else "0",
        "mobile": payment.party,
        "client_reference": payment.reference,
        "timestamp": payment.opened_at.isoformat(),
    }
    if payment.reason is not None and document["status"] == "failed":
        code = _PAYOUT_ERRORS.get(payment.reason, "payment-failure")
        document["payout_error"] = {"error_code": code, "error_message": code}
    return document


def event_of(payment: Payment, says: SeenState) -> Mapping[str, Any]:
    """Return an event: the same id each time it is sent again."""
    if payment.is_unasked:
        kind = "merchant.payment_received"
    elif says in {SeenState.SUCCEEDED, SeenState.REVERSED}:
        kind = "checkout.session.completed"
    else:
        kind = "checkout.session.payment_failed"
    return {"id": f"AE_{short(f'{payment.id}:{says}')}", "type": kind, "data": session_of(payment, says)}


def whole_amount(document: Mapping[str, Any], name: str) -> Money | None:
    """Read a whole amount of francs, written as text."""
    raw = document.get(name)
    if document.get("currency") != Currency.XOF or not isinstance(raw, str) or not _WHOLE.fullmatch(raw):
        return None
    return parse_amount(raw, Currency.XOF)


def _shown(amount: Money) -> str:
    return format_amount(amount, decimals="TWO_PLACES")


def short(text: str) -> str:
    """Return a short id, the same for the same text."""
    return sha256(f"wave:{text}".encode()).hexdigest()[:13]


def error(status: int, code: str) -> JSONResponse:
    """Return an error of Wave."""
    return JSONResponse({"code": code, "message": code.replace("-", " ")}, status)
