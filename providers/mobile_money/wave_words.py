"""Wave's words: statuses, errors, kinds of movements. Pure functions, one table each."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from providers.answers import Reason, SeenState
from providers.mobile_money.calls import Word, text_of

_PAYOUTS: Mapping[str, SeenState] = MappingProxyType(
    {
        "processing": SeenState.PENDING,
        "succeeded": SeenState.SUCCEEDED,
        "failed": SeenState.FAILED,
        "reversed": SeenState.REVERSED,
    }
)
_CHECKOUTS = frozenset({"open", "complete", "expired"})
_PAYMENTS = frozenset({"processing", "succeeded", "cancelled"})
# The flat bodies of simple clients have words of their own.
_SIMPLE: Mapping[str, SeenState] = MappingProxyType(
    {
        "succeeded": SeenState.SUCCEEDED,
        "failed": SeenState.FAILED,
        "pending": SeenState.PENDING,
        "cancelled": SeenState.CANCELLED,
    }
)
CHECKOUT_REASONS: Mapping[str, Reason] = MappingProxyType(
    {
        "insufficient-funds": Reason.INSUFFICIENT_FUNDS,
        "blocked-account": Reason.ACCOUNT_BLOCKED,
        "payer-mobile-mismatch": Reason.MISMATCH_PARTY,
        "cross-border-payment-not-allowed": Reason.COUNTRY_NOT_ALLOWED,
        "customer-age-restricted": Reason.PAYER_LIMIT,
        "kyb-limits-exceeded": Reason.PAYER_LIMIT,
        "payment-failure": Reason.UNSPECIFIED,
        "request-validation-error": Reason.CONFIGURATION,
    }
)
PAYOUT_REASONS: Mapping[str, Reason] = MappingProxyType(
    {
        "insufficient-funds": Reason.OUR_WALLET_EMPTY,
        "recipient-limit-exceeded": Reason.PAYEE_LIMIT,
        "recipient-account-blocked": Reason.PAYEE_NOT_ALLOWED,
        "recipient-account-inactive": Reason.PAYEE_NOT_FOUND,
        "recipient-minor": Reason.PAYEE_NOT_ALLOWED,
        "country-mismatch": Reason.COUNTRY_NOT_ALLOWED,
        "currency-mismatch": Reason.CURRENCY_NOT_SUPPORTED,
        "request-validation-error": Reason.CONFIGURATION,
    }
)
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "api_checkout": "collect",
        "api_checkout_refund": "refund",
        "api_payout": "payout",
        "api_payout_reversal": "reversal",
    }
)


def seen_state(word: str) -> Word:
    """Return what a payout's status means; a word nobody knows is pending."""
    return _PAYOUTS.get(word, SeenState.PENDING), word in _PAYOUTS


def checkout_state(checkout: str, payment: str) -> Word:
    """Return what a checkout's two statuses mean together: money first, then the link's end."""
    is_known = checkout in _CHECKOUTS and payment in _PAYMENTS
    if payment == "succeeded":
        return SeenState.SUCCEEDED, is_known
    if checkout == "expired":
        return SeenState.EXPIRED, is_known
    if payment == "cancelled":
        return SeenState.CANCELLED, is_known
    return SeenState.PENDING, is_known


def simple_state(word: str) -> Word:
    """Return what a simplified body claims."""
    return _SIMPLE.get(word, SeenState.PENDING), word in _SIMPLE


def reason_of_checkout(code: str) -> Reason:
    """Return why a payer did not pay."""
    return CHECKOUT_REASONS.get(code, Reason.UNSPECIFIED)


def reason_of_payout(code: str) -> Reason:
    """Return why a payout was refused."""
    return PAYOUT_REASONS.get(code, Reason.UNSPECIFIED)


def newest_or_succeeded(records: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the record that decides of several under one reference: the succeeded one, else the newest."""

    def rank(record: Mapping[str, Any]) -> tuple[bool, str]:
        is_paid = "succeeded" in (record.get("payment_status"), record.get("status"))
        return is_paid, text_of(record.get("when_created")) or text_of(record.get("timestamp"))

    return max(records, key=rank)
