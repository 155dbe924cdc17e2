"""The four movements from wallet to wallet: what tells one from another."""

from dataclasses import dataclass
from enum import StrEnum

from models.wallets import OperationType


class Bearer(StrEnum):
    """Whose a commission is."""

    PAYER = "payer"
    PAYEE = "payee"


@dataclass(frozen=True, slots=True)
class Kind:
    """One movement: its type, the letters of its references, both receipts, whose the commission is.

    `are_phones_masked`: either side reads the other's number masked. `is_for_sellers`: only agents and merchants pay.
    """

    type: OperationType
    prefix: str
    sent: str
    received: str
    commission: Bearer | None = None
    are_phones_masked: bool = True
    is_for_sellers: bool = False


TRANSFER = Kind(OperationType.TRANSFER, "TR", "wallet_envoi", "wallet_reception", are_phones_masked=False)
CASH_OUT = Kind(OperationType.CASH_OUT, "RT", "wallet_retrait", "wallet_retrait_recu", Bearer.PAYEE)
SELL = Kind(OperationType.SELL, "VE", "wallet_vente", "wallet_vente_recue", Bearer.PAYER, is_for_sellers=True)
PAYMENT = Kind(OperationType.PAYMENT, "PA", "wallet_paiement", "wallet_paiement_recu")
