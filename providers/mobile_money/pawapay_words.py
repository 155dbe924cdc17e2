"""pawaPay's words: statuses, failure codes, networks. Pure functions, one table each."""

from collections.abc import Mapping
from types import MappingProxyType

from providers.answers import Reason, SeenState
from providers.mobile_money.calls import Word

_STATES: Mapping[str, SeenState] = MappingProxyType(
    {
        "ACCEPTED": SeenState.PENDING,
        "ENQUEUED": SeenState.PENDING,
        "PROCESSING": SeenState.PENDING,
        "SUBMITTED": SeenState.PENDING,
        "IN_RECONCILIATION": SeenState.PENDING,
        "COMPLETED": SeenState.SUCCEEDED,
        "FAILED": SeenState.FAILED,
    }
)
MANUALLY_CANCELLED = "MANUALLY_CANCELLED"
REASONS: Mapping[str, Reason] = MappingProxyType(
    {
        "INSUFFICIENT_BALANCE": Reason.INSUFFICIENT_FUNDS,
        "PAYMENT_NOT_APPROVED": Reason.NOT_APPROVED,
        "PAYER_NOT_FOUND": Reason.PAYER_NOT_FOUND,
        "PAYER_LIMIT_REACHED": Reason.PAYER_LIMIT,
        "PAYMENT_IN_PROGRESS": Reason.PAYER_BUSY,
        "TRANSACTION_ALREADY_IN_PROCESS": Reason.PAYER_BUSY,
        "RECIPIENT_NOT_FOUND": Reason.PAYEE_NOT_FOUND,
        "RECIPIENT_LIMIT_REACHED": Reason.PAYEE_LIMIT,
        "WALLET_LIMIT_REACHED": Reason.PAYEE_LIMIT,
        "PAWAPAY_WALLET_OUT_OF_FUNDS": Reason.OUR_WALLET_EMPTY,
        "PROVIDER_TEMPORARILY_UNAVAILABLE": Reason.PROVIDER_UNAVAILABLE,
        "AMOUNT_OUT_OF_BOUNDS": Reason.AMOUNT_OUT_OF_BOUNDS,
        "AMOUNT_TOO_LARGE": Reason.AMOUNT_OUT_OF_BOUNDS,
        "INVALID_AMOUNT": Reason.AMOUNT_OUT_OF_BOUNDS,
        "INVALID_PHONE_NUMBER": Reason.INVALID_PHONE,
        "INVALID_CURRENCY": Reason.CURRENCY_NOT_SUPPORTED,
        "INVALID_PROVIDER": Reason.CONFIGURATION,
        "INVALID_INPUT": Reason.CONFIGURATION,
        "MISSING_PARAMETER": Reason.CONFIGURATION,
        "UNSUPPORTED_PARAMETER": Reason.CONFIGURATION,
        "INVALID_PARAMETER": Reason.CONFIGURATION,
        "NO_AUTHENTICATION": Reason.CONFIGURATION,
        "AUTHENTICATION_ERROR": Reason.CONFIGURATION,
        "AUTHORISATION_ERROR": Reason.CONFIGURATION,
        "HTTP_SIGNATURE_ERROR": Reason.CONFIGURATION,
        "DEPOSIT_ALREADY_REFUNDED": Reason.UNSPECIFIED,
        "REFUND_IN_PROGRESS": Reason.UNSPECIFIED,
        "NOT_FOUND": Reason.UNSPECIFIED,
        "INVALID_STATE": Reason.UNSPECIFIED,
        "UNSPECIFIED_FAILURE": Reason.UNSPECIFIED,
    }
)
# Where the payer types a code of his operator before the deposit.
NETWORKS_WITH_CODE = frozenset({"ORANGE_BFA"})
# Where the payer is sent to a page of his operator.
NETWORKS_WITH_LINK = frozenset({"WAVE_CIV", "WAVE_SEN"})
COUNTRIES: Mapping[str, str] = MappingProxyType(
    {"BJ": "BEN", "BF": "BFA", "CM": "CMR", "CI": "CIV", "CD": "COD", "SN": "SEN", "CG": "COG", "GA": "GAB"}
)
# The sandbox still holds Benin's old numbers of eight digits: they leave unrepaired.
SANDBOX_PHONES = frozenset({"22951345789", "22951345029", "22951345039", "22951345129", "22951345089"})


def seen_state(word: str) -> Word:
    """Return what a status word means; a word nobody knows is pending."""
    return _STATES.get(word, SeenState.PENDING), word in _STATES


def reason_of(code: str, direction: str) -> Reason:
    """Return why, from the failure code: a wallet's limit is the payer's on the way in."""
    reason = REASONS.get(code, Reason.UNSPECIFIED)
    if reason is Reason.PAYEE_LIMIT and direction == "collect" and code == "WALLET_LIMIT_REACHED":
        return Reason.PAYER_LIMIT
    return reason
