"""Shorthand of the tests of offers: prices of the world, who subscribes, what was told."""

from typing import Any
from uuid import UUID

from core.database import Database, Session, fetch_all, fetch_one
from core.money import Currency, Money
from core.permissions import SYSTEM
from models.wallets import OperationType
from services import subscriptions, wallets
from services.subscriptions import Subscribed, SubscribePaid
from tests.services.wallet_world import user_id

PRICED = "SRV-C"


def paid_order(session: Session, phone: str, amount: int = 100, *, code: str = PRICED, key: str = "ussd:1:1") -> Any:
    payer = user_id(session, phone)
    quote = wallets.quote(session, OperationType.SUBSCRIPTION, Money(amount, Currency.XAF), payer)
    return SubscribePaid(
        key=key,
        code=code,
        phone=phone,
        payer_id=payer,
        amount=quote.amount,
        fee=quote.fee,
        tariff_id=quote.tariff_id,
    )


def subscribe_paid(database: Database, phone: str, *, key: str = "ussd:1:1") -> Subscribed:
    with database.transaction() as session:
        return subscriptions.subscribe_paid(session, SYSTEM, paid_order(session, phone, key=key))


def subscription(session: Session, phone: str, code: str = PRICED) -> dict[str, Any]:
    row = fetch_one(
        session,
        "select s.* from subscription s join catalog_service c on c.id = s.service_id"
        " where s.phone = %s and c.code = %s order by s.subscribed_at desc limit 1",
        (phone, code),
    )
    assert row is not None
    return row


def told(session: Session, phone: str) -> list[str]:
    rows = fetch_all(session, "select template_code from message where address = %s order by id", (phone,))
    return [row["template_code"] for row in rows]


def service_id(session: Session, code: str = PRICED) -> UUID:
    row = fetch_one(session, "select id from catalog_service where code = %s", (code,))
    assert row is not None
    found: UUID = row["id"]
    return found
