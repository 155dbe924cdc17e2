"""Money for somebody known by his number: a transfer, or an agent's sale of electronic money for bank notes."""

from core.database import Session
from core.permissions import Actor
from services.wallets.kinds import SELL, TRANSFER
from services.wallets.movements import MoveMoney, Operation, Payable, move
from services.wallets.outside import require_own

__all__ = ["Operation", "SellMoney", "TransferMoney", "sell", "transfer"]


class TransferMoney(MoveMoney):
    """The order to send `amount` to a number (E.164)."""

    payee_phone: str


class SellMoney(MoveMoney):
    """An agent's order to credit a customer, whose bank notes he holds."""

    payee_phone: str


def transfer(session: Session, actor: Actor, order: TransferMoney) -> Operation:
    """Send money, once per key; refuses as `move` does."""
    require_own(actor, order.payer_id)
    return move(session, actor.name, order, TRANSFER, Payable(phone=order.payee_phone))


def sell(session: Session, actor: Actor, order: SellMoney) -> Operation:
    """Credit a customer from an agent's wallet, once per key; refuses as `move` does, with `NotASeller` for others."""
    require_own(actor, order.payer_id)
    return move(session, actor.name, order, SELL, Payable(phone=order.payee_phone))
