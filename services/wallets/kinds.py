"""What wallets do, in words; the four movements from wallet to wallet: what tells them apart, and who gets what."""

from dataclasses import dataclass
from enum import StrEnum

from core.i18n import t
from core.money import Money
from models.wallets import OperationType
from services.tariffs import Quote

NAMES = {
    OperationType.TRANSFER: "Transfert",
    OperationType.CASH_OUT: "Retrait",
    OperationType.BILL: "Facture",
    OperationType.SELL: "Vente par un agent",
    OperationType.AIRTIME: "Crédit téléphonique",
    OperationType.PAYMENT: "Paiement marchand",
    OperationType.RECHARGE: "Recharge",
    OperationType.SUBSCRIPTION: "Abonnement",
}


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


@dataclass(frozen=True, slots=True)
class Shares:
    """What one movement changes: what the payer gives, and what payee and house get; `expense` is the house's cost."""

    payer: Money
    payee: Money
    income: Money
    expense: Money


def name_of(type_: str) -> str:
    """Return what a kind of operation is called, everywhere; a code nobody named stays as it is."""
    return t(NAMES[OperationType(type_)]) if type_ in NAMES else type_


def share(quote: Quote, kind: Kind) -> Shares:
    """Share a quote out.

    The payer gives amount and fee; the payee gets the amount without what he bears, with the commission where that is
    his. A commission of the payer's is a cost of the house: the fee was his own.
    """
    nothing = Money.zero(quote.amount.currency)
    to_payee = quote.commission if kind.commission is Bearer.PAYEE else nothing
    to_payer = quote.commission if kind.commission is Bearer.PAYER else nothing
    return Shares(
        payer=quote.total - to_payer,
        payee=quote.amount - quote.payee_fee + to_payee,
        income=quote.fee + quote.payee_fee - to_payee,
        expense=to_payer,
    )
