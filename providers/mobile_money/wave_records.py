"""What a record of Wave's says: a checkout, a payout, a movement of its list."""

from collections.abc import Mapping
from typing import Any

from core.money import Money
from providers.answers import Line, Reason, Seen, SeenState
from providers.mobile_money import calls
from providers.mobile_money.wave_words import KINDS, checkout_state, reason_of_checkout, reason_of_payout, seen_state


def seen_checkout(session: Mapping[str, Any]) -> Seen | None:
    """Read a checkout; None when it has no status."""
    checkout, payment = calls.text_of(session.get("checkout_status")), calls.text_of(session.get("payment_status"))
    if not checkout and not payment:
        return None
    state, is_known = checkout_state(checkout, payment)
    code = calls.text_of(calls.section(session.get("last_payment_error")).get("code"))
    reason = None
    if state in {SeenState.EXPIRED, SeenState.CANCELLED}:
        unsaid = Reason.LINK_EXPIRED if state is SeenState.EXPIRED else Reason.NOT_APPROVED
        reason = reason_of_checkout(code) if code else unsaid
    return Seen(
        state=state,
        provider_state=" ".join(filter(None, (checkout, payment, code))),
        amount=calls.money(session.get("amount"), session.get("currency")),
        currency_text=calls.text_of(session.get("currency")),
        party=calls.phone(session.get("restrict_payer_mobile")),
        provider_ref=calls.text_of(session.get("transaction_id")) or None,
        reason=reason,
        at=calls.instant(session.get("when_completed")),
        is_word_known=is_known,
    )


def seen_payout(payout: Mapping[str, Any]) -> Seen | None:
    """Read a payout; None when it has no status."""
    word = calls.text_of(payout.get("status"))
    if not word:
        return None
    state, is_known = seen_state(word)
    code = calls.text_of(calls.section(payout.get("payout_error")).get("error_code"))
    currency = payout.get("currency")
    return Seen(
        state=state,
        provider_state=f"{word} {code}".strip(),
        amount=calls.money(payout.get("receive_amount"), currency),
        currency_text=calls.text_of(currency),
        party=calls.phone(payout.get("mobile")),
        provider_ref=calls.text_of(payout.get("id")) or None,
        fee=calls.money(payout.get("fee"), currency),
        reason=reason_of_payout(code) if state is SeenState.FAILED else None,
        at=calls.instant(payout.get("timestamp")),
        is_word_known=is_known,
    )


def _amount(item: Mapping[str, Any]) -> Money | None:
    """Read a movement's amount: what leaves is written with a minus."""
    return calls.money(calls.text_of(item.get("amount")).removeprefix("-"), item.get("currency"))


def seen_refund(item: Mapping[str, Any]) -> Seen:
    """Read the refund of a checkout in the list: it stands there once it is done."""
    return Seen(
        state=SeenState.SUCCEEDED,
        provider_state="api_checkout_refund",
        amount=_amount(item),
        currency_text=calls.text_of(item.get("currency")),
        provider_ref=calls.text_of(item.get("transaction_id")) or None,
        at=calls.instant(item.get("timestamp")),
    )


def line_of(item: Mapping[str, Any]) -> Line | None:
    """Read a movement of the list; None when it cannot be read whole."""
    amount, at = _amount(item), calls.instant(item.get("timestamp"))
    key, kind = calls.text_of(item.get("transaction_id")), calls.text_of(item.get("transaction_type"))
    if amount is None or at is None or not key:
        return None
    return Line(
        line_key=f"{key}:{kind}",
        kind=KINDS.get(kind, "other"),
        amount=amount,
        at=at,
        external_id=calls.text_of(item.get("client_reference")),
        provider_ref=key,
        provider_state=kind,
        fee=calls.money(item.get("fee"), item.get("currency")),
        party=calls.text_of(item.get("counterparty_mobile")),
    )
