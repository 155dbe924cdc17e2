"""What the fake of pawaPay checks, writes and signs with."""

import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from starlette.responses import JSONResponse

from core.money import Currency, Money
from providers.amounts import format_amount, parse_amount
from providers.answers import Reason, SeenState
from providers.fakes.behaviour import Story
from providers.fakes.kernel import Payment
from providers.mobile_money.pawapay_words import MANUALLY_CANCELLED, NETWORKS_WITH_CODE, NETWORKS_WITH_LINK

KEY_ID = "HTTP_EC_P256_KEY:1"
LARGEST_UNITS = 2_000_000
CURRENCIES: Mapping[str, Currency] = {
    "BEN": Currency.XOF,
    "BFA": Currency.XOF,
    "CIV": Currency.XOF,
    "CMR": Currency.XAF,
    "COD": Currency.CDF,
    "SEN": Currency.XOF,
}
NETWORKS: Mapping[str, tuple[str, ...]] = {
    "BEN": ("MTN_MOMO_BEN", "MOOV_BEN"),
    "BFA": ("MOOV_BFA", "ORANGE_BFA"),
    "CIV": ("MTN_MOMO_CIV", "ORANGE_CIV", "WAVE_CIV"),
    "CMR": ("MTN_MOMO_CMR", "ORANGE_CMR"),
    "COD": ("VODACOM_MPESA_COD", "AIRTEL_COD", "ORANGE_COD"),
    "SEN": ("ORANGE_SEN", "FREE_SEN", "WAVE_SEN"),
}
_COUNTRY_OF = {network: country for country, networks in NETWORKS.items() for network in networks}
_OK = Story()
_NEVER = Story(code="never ends", final=None, callbacks=())
SANDBOX: Mapping[str, Story] = {
    **dict.fromkeys(
        (
            "22951345789",
            "22602345678",
            "237653456789",
            "237693456789",
            "2250503456789",
            "2250734567890",
            "243813456789",
            "243973456789",
            "243893456789",
        ),
        _OK,
    ),
    "22951345029": Story(code="payer not found", final=SeenState.FAILED, reason=Reason.PAYER_NOT_FOUND),
    "22951345039": Story(code="not approved", final=SeenState.FAILED, reason=Reason.NOT_APPROVED),
    "22951345129": _NEVER,
    "22951345089": Story(code="recipient not found", final=SeenState.FAILED, reason=Reason.PAYEE_NOT_FOUND),
    "22602345048": Story(code="balance", final=SeenState.FAILED, reason=Reason.INSUFFICIENT_FUNDS),
}
_CODES = {
    Reason.INSUFFICIENT_FUNDS: "INSUFFICIENT_BALANCE",
    Reason.PAYER_NOT_FOUND: "PAYER_NOT_FOUND",
    Reason.NOT_APPROVED: "PAYMENT_NOT_APPROVED",
    Reason.OUR_WALLET_EMPTY: "PAWAPAY_WALLET_OUT_OF_FUNDS",
    Reason.PAYEE_NOT_FOUND: "RECIPIENT_NOT_FOUND",
}
_WORDS = {
    SeenState.SUCCEEDED: "COMPLETED",
    SeenState.PENDING: "PROCESSING",
}
_MESSAGE = re.compile(r"[A-Za-z0-9 ]{4,22}", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{7,14}", re.ASCII)
_PARTIES = {"collect": "payer", "payout": "recipient"}


def check(
    document: Mapping[str, Any], operation: str, original: Payment | None, refunded_minor: int
) -> Money | str | JSONResponse:
    """Check an order as pawaPay does: its amount, the code of a REJECTED, or the answer to a misshapen request."""
    if operation == "refund":
        return _check_refund(document, original, refunded_minor)
    if _PARTIES[operation] not in document:
        return failure(400, "MISSING_PARAMETER", _PARTIES[operation])
    network = network_of(document)
    currency = CURRENCIES.get(_COUNTRY_OF.get(network, ""))
    shape = _shape(document, operation, network)
    if shape is not None:
        return shape
    if currency is None or (operation == "payout" and network in NETWORKS_WITH_LINK):
        return "INVALID_PROVIDER"
    if document.get("currency") != currency:
        return "INVALID_CURRENCY"
    return _amount(document, currency)


def _shape(document: Mapping[str, Any], operation: str, network: str) -> JSONResponse | None:
    has_code, needs_code = bool(document.get("preAuthorisationCode")), network in NETWORKS_WITH_CODE
    if operation == "collect" and has_code != needs_code:
        code = "MISSING_PARAMETER" if needs_code else "UNSUPPORTED_PARAMETER"
        return failure(400, code, "preAuthorisationCode")
    if not _MESSAGE.fullmatch(str(document.get("customerMessage", "Paiement"))):
        return failure(400, "INVALID_PARAMETER", "customerMessage")
    if not isinstance(document.get("metadata", []), list):
        return failure(400, "INVALID_PARAMETER", "metadata")
    if not _NUMBER.fullmatch(number_of(document)):
        return failure(400, "INVALID_PARAMETER", "phoneNumber")
    has_links = "successfulUrl" in document or "failedUrl" in document
    if has_links and network not in NETWORKS_WITH_LINK:
        return failure(400, "UNSUPPORTED_PARAMETER", "successfulUrl")
    return None


def _check_refund(document: Mapping[str, Any], original: Payment | None, refunded_minor: int) -> Money | str:
    if original is None:
        return "NOT_FOUND"
    if original.state is not SeenState.SUCCEEDED:
        return "INVALID_STATE"
    left = original.amount.minor - refunded_minor
    amount = _amount(document, original.amount.currency) if "amount" in document else original.amount
    if left <= 0:
        return "DEPOSIT_ALREADY_REFUNDED"
    return "AMOUNT_TOO_LARGE" if isinstance(amount, Money) and amount.minor > left else amount


def _amount(document: Mapping[str, Any], currency: Currency) -> Money | str:
    raw = document.get("amount")
    amount = parse_amount(raw, currency) if isinstance(raw, str) else None
    if amount is None or amount.minor <= 0 or ("." in str(raw) and not currency.exponent):
        return "INVALID_AMOUNT"
    return amount if amount.minor <= LARGEST_UNITS * 10**currency.exponent else "AMOUNT_OUT_OF_BOUNDS"


def _details(document: Mapping[str, Any]) -> Mapping[str, Any]:
    party = document.get("payer") or document.get("recipient")
    details = party.get("accountDetails") if isinstance(party, dict) else None
    return details if isinstance(details, dict) else {}


def network_of(document: Mapping[str, Any]) -> str:
    """Return the network an order names."""
    return str(_details(document).get("provider", ""))


def number_of(document: Mapping[str, Any]) -> str:
    """Return the number an order names."""
    return str(_details(document).get("phoneNumber", ""))


def payment_document(payment: Payment, says: SeenState, id_name: str) -> dict[str, Any]:
    """Return a payment as a read shows it; a callback is nearly the same."""
    network = payment.document.get("network", "")
    party = {"type": "MMO", "accountDetails": {"phoneNumber": payment.party, "provider": network}}
    document: dict[str, Any] = {
        id_name: payment.id,
        "status": _WORDS.get(says, "FAILED"),
        "amount": format_amount(payment.amount, decimals="TWO_PLACES"),
        "currency": payment.amount.currency.value,
        "country": _COUNTRY_OF.get(network, ""),
        ("payer" if payment.operation == "collect" else "recipient"): party,
        "created": payment.opened_at.isoformat(),
        "clientReferenceId": payment.reference,
    }
    if payment.story.final is None and payment.operation == "payout" and says is SeenState.PENDING:
        document["status"] = "ENQUEUED"
    if document["status"] == "COMPLETED":
        document["providerTransactionId"] = payment.provider_ref
    elif document["status"] == "FAILED":
        code = MANUALLY_CANCELLED if says is SeenState.CANCELLED and payment.operation == "payout" else ""
        code = code or (_CODES.get(payment.reason, "") if payment.reason else "") or "UNSPECIFIED_FAILURE"
        document["failureReason"] = {"failureCode": code, "failureMessage": code}
    elif payment.document.get("link"):
        document.update(nextStep="REDIRECT_TO_AUTH_URL", authorizationUrl=payment.document["link"])
    return document


def failure(status: int, code: str, message: str = "") -> JSONResponse:
    """Return an error of pawaPay."""
    return JSONResponse({"failureReason": {"failureCode": code, "failureMessage": message or code}}, status)


def private_key() -> str:
    """Return the key that signs callbacks: made, not written, and the same in every process."""
    return _key("callbacks")


def forger_key() -> str:
    """Return a key that signs what pawaPay never said."""
    return _key("forger")


def public_key() -> str:
    """Return the published half."""
    return _ec_key("callbacks").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@lru_cache
def _ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(hashlib.sha256(f"palabre:fake:pawapay:{name}".encode()).digest()[:31], "big")
    return ec.derive_private_key(number, ec.SECP256R1())


@lru_cache
def _key(name: str) -> str:
    return _ec_key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
