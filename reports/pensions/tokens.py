"""The public addresses of papers: a payment's receipt and a batch's report, by a token nobody guesses."""

from uuid import UUID

from core import signing
from core.settings import get_settings

PATH = "/verifier"
RECEIPT, BATCH = "pension receipt", "pension batch"


def receipt_address(payment_id: UUID) -> str:
    """Return the address at which anybody can check a receipt."""
    return _address(signing.make_token(payment_id, RECEIPT))


def batch_address(batch_id: UUID) -> str:
    """Return the address at which anybody can check a batch's report."""
    return _address(signing.make_token(batch_id, BATCH))


def _address(token: str) -> str:
    base = get_settings().public_base_url.split(",")[0].strip().rstrip("/")
    return f"{base}{PATH}/{token}"
