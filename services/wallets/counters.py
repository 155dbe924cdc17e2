"""Money at a merchant's counter, known by his code: taking bank notes out, or paying him."""

from dataclasses import dataclass
from uuid import UUID

from core.database import Session
from core.permissions import Actor
from services import merchants
from services.merchants import MerchantFound
from services.wallets.kinds import CASH_OUT, PAYMENT, Kind
from services.wallets.movements import MoveMoney, Operation, Payable, move
from services.wallets.outside import require_own
from services.wallets.people import shown_name
from services.wallets.refusals import (
    InvalidMerchant,
    OwnCode,
    OwnNumber,
    PayeeClosed,
    UnknownMerchant,
    UnknownPayee,
    guard_velocity,
)

CODE_DIGITS = 6
ACTIVE, SUSPENDED = "active", "suspended"


class CashOut(MoveMoney):
    """A customer's order to give `amount` to a merchant, who hands him bank notes once his own SMS arrived."""

    merchant_code: str


class PayMerchant(MoveMoney):
    """A customer's order to pay `amount` to a merchant."""

    merchant_code: str


@dataclass(frozen=True, slots=True)
class Counter:
    """A merchant as he is shown before any money moves; `phone` is his owner's."""

    code: str
    name: str
    phone: str
    wallet_id: UUID


def cash_out(session: Session, actor: Actor, order: CashOut) -> Operation:
    """Take bank notes out at a merchant, once per key; refuses as `move` does, and as `get_merchant`."""
    return _at_counter(session, actor, order, order.merchant_code, CASH_OUT)


def pay_merchant(session: Session, actor: Actor, order: PayMerchant) -> Operation:
    """Pay a merchant, once per key; refuses as `move` does, and as `get_merchant`."""
    return _at_counter(session, actor, order, order.merchant_code, PAYMENT)


def _at_counter(session: Session, actor: Actor, order: MoveMoney, code: str, kind: Kind) -> Operation:
    require_own(actor, order.payer_id)
    merchant = _find(session, code)
    try:
        payee = Payable(wallet_id=merchant.wallet_id, name=shown_name(merchant.name, ""))
        return move(session, actor.name, order, kind, payee)
    except OwnNumber as refusal:
        raise OwnCode from refusal
    except UnknownPayee as refusal:  # his wallet is in another currency
        raise UnknownMerchant from refusal


def _find(session: Session, code: str) -> MerchantFound:
    if len(code) != CODE_DIGITS or not (code.isascii() and code.isdigit()):
        raise InvalidMerchant
    merchant = merchants.find_by_code(session, code)
    if merchant is None or merchant.state not in {ACTIVE, SUSPENDED}:
        raise UnknownMerchant
    if merchant.state == SUSPENDED:
        raise PayeeClosed
    return merchant


# Reads


def get_merchant(session: Session, payer_id: UUID, code: str) -> Counter:
    """Find a merchant by the code a customer typed.

    Refuses with `InvalidMerchant`, `UnknownMerchant`, `OwnCode`, `PayeeClosed`, or `TooManyRequests`: codes must not be
    read by trial.
    """
    guard_velocity(session, "lookups", str(payer_id))
    merchant = _find(session, code)
    if merchant.user_id == payer_id:
        raise OwnCode
    return Counter(merchant.code, shown_name(merchant.name, "", merchant.phone), merchant.phone, merchant.wallet_id)
