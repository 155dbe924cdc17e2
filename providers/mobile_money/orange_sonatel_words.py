"""What Orange Sonatel's words, codes and records mean. Pure: nothing here calls."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from core.phone import PhoneNumber
from providers.amounts import parse_amount
from providers.answers import Line, Order, Reason, Rejected, Seen, SeenState, Unknown
from providers.mobile_money import orange_calls as calls
from providers.wire import Answered

COUNTRY = "SN"
KEY_REVOKED = "4003"
WRONG_PIN = "2011"
GENERIC = "50"

WORDS = MappingProxyType(
    {
        "INITIATED": SeenState.PENDING,
        "PRE_INITIATED": SeenState.PENDING,
        "PENDING": SeenState.PENDING,
        "ACCEPTED": SeenState.PENDING,  # taken in charge, not yet paid
        "SUCCESS": SeenState.SUCCEEDED,
        "FAILED": SeenState.FAILED,
        "REJECTED": SeenState.FAILED,
        "CANCELLED": SeenState.CANCELLED,
    }
)

# Code -> what it means when money was to come in, and when it was to go out.
CODES: Mapping[str, tuple[Reason, Reason]] = MappingProxyType(
    {
        "2000": (Reason.PAYER_NOT_FOUND, Reason.PAYEE_NOT_FOUND),
        "2001": (Reason.PAYER_NOT_FOUND, Reason.PAYEE_NOT_FOUND),
        WRONG_PIN: (Reason.CONFIGURATION, Reason.CONFIGURATION),
        "2013": (Reason.ACCOUNT_BLOCKED, Reason.ACCOUNT_BLOCKED),
        "2020": (Reason.INSUFFICIENT_FUNDS, Reason.OUR_WALLET_EMPTY),
        "2021": (Reason.INSUFFICIENT_FUNDS, Reason.OUR_WALLET_EMPTY),
        "2022": (Reason.PAYEE_LIMIT, Reason.PAYEE_LIMIT),
        "2041": (Reason.PAYEE_NOT_ALLOWED, Reason.PAYEE_NOT_ALLOWED),
        KEY_REVOKED: (Reason.CONFIGURATION, Reason.CONFIGURATION),
        "4004": (Reason.LINK_EXPIRED, Reason.LINK_EXPIRED),
        "4099": (Reason.CONFIGURATION, Reason.CONFIGURATION),
    }
)

MERCHANT_PAYMENT = "MERCHANT_PAYMENT"
CASH_IN = "CASHIN"
_BEST_FIRST = (SeenState.SUCCEEDED, SeenState.PENDING)


def seen_state(word: str) -> calls.Word:
    """Return what a status word means and whether it is known; an unknown one is pending."""
    return WORDS.get(word, SeenState.PENDING), word in WORDS


def rejection(answer: Answered, direction: str, *, is_by_code: bool = False) -> Rejected | Unknown:
    """Read a refusal (`application/problem+json`). A wrong PIN is the payer's when he typed a code, else our own."""
    problem = answer.document()
    code = calls.said(problem.get("code"))
    text = calls.sentence(problem.get("detail") or problem.get("title") or problem.get("message"))
    if code == GENERIC:
        return Unknown(is_sent=True, detail="code 50")
    if code == WRONG_PIN and is_by_code:
        return Rejected(Reason.WRONG_PIN, code, text)
    if code not in CODES:
        is_ours = not code or answer.status == calls.NOT_FOUND
        return Rejected(Reason.CONFIGURATION if is_ours else Reason.UNSPECIFIED, code or str(answer.status), text)
    reason = CODES[code][0 if direction == "collect" else 1]
    return Rejected(reason, code, text, is_pin_wrong=code == WRONG_PIN)


def kind_of(record: Mapping[str, Any]) -> str:
    """Return what a record is to us: `collect`, `payout` or `other`; types are written with or without a low line."""
    written = str(record.get("type") or "").upper()
    if written == MERCHANT_PAYMENT:
        return "collect"
    return "payout" if CASH_IN in written.replace("_", "") else "other"


def best_record(records: Sequence[Mapping[str, Any]], order: Order) -> Mapping[str, Any] | None:
    """Return the record that speaks for an order: of its kind and reference; paid wins, then open, then the newest."""
    own = [
        record
        for record in records
        if kind_of(record) == order.direction and record.get("reference", order.reference) == order.reference
    ]
    own.sort(key=lambda record: str(record.get("createdAt") or ""), reverse=True)
    for state in _BEST_FIRST:
        for record in own:
            if seen_state(str(record.get("status") or ""))[0] is state:
                return record
    return own[0] if own else None


def customer_of(record: Mapping[str, Any]) -> PhoneNumber | None:
    """Return who paid or was paid."""
    customer = record.get("customer")
    return calls.read_phone(customer.get("id"), COUNTRY) if isinstance(customer, dict) else None


def seen_word(word: str, provider_ref: str | None) -> Seen:
    """Return what a status without an amount says."""
    state, is_word_known = seen_state(word)
    reason = Reason.UNSPECIFIED if state is SeenState.FAILED else None
    return Seen(state, word, provider_ref=provider_ref, reason=reason, is_word_known=is_word_known)


def seen_record(record: Mapping[str, Any], *, is_party_named: bool = True) -> Seen:
    """Return what a record says; paid without an amount waits, since there is nothing to compare.

    Anybody may pay a QR code: the customer is a party to compare only where the order named one.
    """
    word = calls.said(record.get("status"))
    state, is_word_known = seen_state(word)
    amount = record.get("amount")
    unit = calls.said(amount.get("unit")) if isinstance(amount, dict) else ""
    value = parse_amount(amount.get("value"), unit) if isinstance(amount, dict) else None
    if state is SeenState.SUCCEEDED and value is None and not unit:
        state = SeenState.PENDING
    return Seen(
        state,
        word,
        amount=value,
        currency_text=unit,
        party=customer_of(record) if is_party_named else None,
        provider_ref=calls.identifier(record.get("transactionId")) or None,
        reason=Reason.UNSPECIFIED if state is SeenState.FAILED else None,
        at=calls.read_instant(record.get("updatedAt")),
        is_word_known=is_word_known,
    )


def line_of(record: Mapping[str, Any]) -> Line | None:
    """Return a record as a line of the day; None when it lacks its id, its amount or its time."""
    seen, at = seen_record(record), calls.read_instant(record.get("createdAt"))
    if seen.amount is None or seen.provider_ref is None or at is None:
        return None
    return Line(
        line_key=seen.provider_ref,
        kind=kind_of(record),
        amount=seen.amount,
        at=at,
        external_id=calls.said(record.get("reference")),
        provider_ref=seen.provider_ref,
        provider_state=seen.provider_state,
        party=seen.party.e164 if seen.party else "",
    )
