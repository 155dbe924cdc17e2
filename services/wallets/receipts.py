"""The SMS both sides of a movement get: each reads the other's name and number, and his own balance."""

from dataclasses import dataclass
from uuid import UUID

from core.money import Money
from core.phone import normalise
from models.messages import Channel
from services import messages
from services.ledger import Posted
from services.messages import OutgoingMessage
from services.tariffs import Quote
from services.wallets.kinds import Bearer, Kind


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two persons, read under the lock."""

    wallet_id: UUID
    account_id: UUID
    user_id: UUID
    phone: str
    name: str
    language: str
    level: str
    is_open: bool
    balance_minor: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was moved, at what price, between whom."""

    quote: Quote
    reference: str
    posted: Posted
    payer: Side
    payee: Side


def both_receipts(kind: Kind, receipt: Receipt) -> list[OutgoingMessage]:
    """Write to payer and payee; a template takes of the figures what it names."""
    quote = receipt.quote
    nothing = Money.zero(quote.amount.currency)
    shares = {bearer: quote.commission if kind.commission is bearer else nothing for bearer in Bearer}
    return [
        _receipt(kind, kind.sent, receipt, (receipt.payer, receipt.payee), quote.fee, shares[Bearer.PAYER]),
        _receipt(kind, kind.received, receipt, (receipt.payee, receipt.payer), quote.payee_fee, shares[Bearer.PAYEE]),
    ]


def _receipt(
    kind: Kind, template: str, receipt: Receipt, sides: tuple[Side, Side], fee: Money, commission: Money
) -> OutgoingMessage:
    to, other = sides
    amount, number = receipt.quote.amount, normalise(other.phone, None)
    tel = number.masked if kind.are_phones_masked else number.seen_from(normalise(to.phone, None).country)
    figures = {
        "nom": other.name,
        "tel": tel,
        "montant": amount.on_phone(),
        "frais": fee.on_phone(),
        "commission": commission.on_phone(),
        "solde": Money(receipt.posted.balances[to.account_id], amount.currency).on_phone(),
        "ref": receipt.reference,
    }
    return OutgoingMessage(
        dedupe_key=f"{template}:{receipt.reference}",
        type=template,
        channel=Channel.SMS,
        address=to.phone,
        template_code=template,
        recipient_id=to.user_id,
        locale=to.language,
        variables={name: figures[name] for name in messages.templates()[template].variables},
        transaction_id=receipt.posted.id,
    )
