"""Subscribing and leaving: free at once, priced through the wallet with what the confirm screen showed."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import Field
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from core import clock
from core.database import Session, driver
from core.money import Currency, Money
from core.orders import Order
from core.permissions import Actor, Permission
from core.states import transition
from models.offers import SUBSCRIPTION_STEPS, CatalogService, Period, Subscription, SubscriptionState
from services import audit, catalogue
from services.subscriptions import notes
from services.subscriptions.paying import KIND, Payment, find_payment, open_till, pay
from services.subscriptions.refusals import AlreadySubscribed, NotSubscribed, ServicePriced
from services.tariffs import quote
from services.wallets.outside import find_holder, guard_price, require_own
from services.wallets.refusals import QuoteChanged, guard_velocity

DECEMBER = 12


class Subscribe(Order):
    """A number's order to get a free service."""

    code: str
    phone: str
    user_id: UUID | None = None
    channel: str = "ussd"


class SubscribePaid(Order):
    """A subscriber's order to get a priced service, as it was shown (`amount`, `fee`, `tariff_id`) and confirmed.

    `key` is `ussd:{session}:{visit}`. `timezone` is the service's: its calendar day bounds the daily ceiling.
    """

    key: str
    code: str
    phone: str
    payer_id: UUID
    amount: Money
    fee: Money
    tariff_id: UUID
    session_id: UUID | None = None
    timezone: str = "Africa/Douala"
    channel: str = "ussd"


class Unsubscribe(Order):
    """The order to end a subscription; `reason` is empty when it is the person himself."""

    code: str
    phone: str
    reason: str = Field(default="", max_length=200)


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What was subscribed, now or when this key came first; `reference` is empty where nothing was paid."""

    name: str
    reference: str = ""
    operation_id: UUID | None = None
    balance: Money | None = None


def subscribe(session: Session, order: Subscribe) -> Subscribed:
    """Give a free service to the number that asks for it: `ServiceNotFound`, `AlreadySubscribed`, `ServicePriced`.

    The gateway that carried the call proves the number; nobody subscribes another.
    """
    service = find_offered(session, order.code)
    _guard_absent(session, service, order.phone)
    if service.price_minor:
        raise ServicePriced(price_of(service))
    _open(session, service, Subscription(phone=order.phone, user_id=order.user_id, **_begun(service, order.channel)))
    return Subscribed(service.name)


def subscribe_paid(session: Session, actor: Actor, order: SubscribePaid) -> Subscribed:
    """Debit the wallet and give the service, once per key.

    Nothing is written when it refuses: `ServiceNotFound`, `AlreadySubscribed`, `WalletSuspended`, `QuoteChanged`,
    `CeilingReached`, `InsufficientFunds`, `TooManyRequests`; `KeyReused` when the key served for something else.
    """
    require_own(actor, order.payer_id)
    service = find_offered(session, order.code)
    till = open_till(session, find_holder(session, order.payer_id, order.amount.currency))
    known = find_payment(session, till.holder, order.key, order.amount)
    if known is not None:
        return _paid(service, known)
    _guard_absent(session, service, order.phone)
    guard_velocity(session, "operations", str(order.payer_id))
    if price_of(service) != order.amount:
        raise QuoteChanged(quote(session, KIND, price_of(service), order.payer_id))
    priced = guard_price(session, KIND, order, order.payer_id)
    payment = pay(
        session,
        till,
        priced,
        key=order.key,
        timezone=order.timezone,
        session_id=order.session_id,
        label=service.name,
    )
    row = Subscription(phone=order.phone, user_id=order.payer_id, **_begun(service, order.channel))
    row.operation_id = payment.operation_id
    _open(session, service, row)
    tell_paid(session, service, row, payment.reference)
    return _paid(service, payment)


def unsubscribe(session: Session, order: Unsubscribe) -> str:
    """End a number's subscription at once and return the service's name; refuses with `NotSubscribed`."""
    service = session.exec(select(CatalogService).where(CatalogService.code == order.code)).first()
    if service is None:
        raise catalogue.ServiceNotFound
    row = session.exec(_open_one(service.id, order.phone).with_for_update()).first()
    if row is None:
        raise NotSubscribed
    end(session, service, row, order.reason)
    return service.name


def end_subscription(session: Session, actor: Actor, order: Unsubscribe) -> str:
    """End a subscription as an operator, with a word on why; its owner is told by SMS."""
    actor.require(Permission.USSD_OFFERS_WRITE)
    name = unsubscribe(session, order)
    audit.record(session, actor, "subscription.end", "catalog_service", order.code, name, {"reason": order.reason})
    return name


def delete_service(session: Session, actor: Actor, service_id: UUID) -> UUID:
    """Delete a service: who has it is told and loses it; nothing is paid back."""
    actor.require(Permission.USSD_OFFERS_WRITE)
    service = catalogue.lock(session, service_id)
    still = select(Subscription).where(
        Subscription.service_id == service.id, col(Subscription.state) != SubscriptionState.INACTIVE
    )
    for row in session.exec(still.with_for_update()).all():
        end(session, service, row, "deleted")
    catalogue.mark_deleted(session, actor, service)
    return service_id


def end_all(session: Session, phone: str) -> None:
    """End what a number has without a word to it: its owner is forgotten, and providers learn to stop."""
    still = select(Subscription).where(
        Subscription.phone == phone, col(Subscription.state) != SubscriptionState.INACTIVE
    )
    for row in session.exec(still.with_for_update()).all():
        end(session, session.get_one(CatalogService, row.service_id), row, "")


# What renewing shares


def find_offered(session: Session, code: str) -> CatalogService:
    """Return a service that is offered now."""
    row = session.exec(select(CatalogService).where(CatalogService.code == code)).first()
    if row is None or not row.is_active or row.deleted_at is not None:
        raise catalogue.ServiceNotFound
    return row


def price_of(service: CatalogService) -> Money:
    """Return what a period of a service costs."""
    return Money(service.price_minor, Currency(service.currency))


def end(session: Session, service: CatalogService, row: Subscription, reason: str) -> None:
    """End a locked subscription and tell who must know; who left by himself has read it on his screen."""
    transition(row, SUBSCRIPTION_STEPS, SubscriptionState.INACTIVE)
    row.ended_at, row.end_reason, row.due_at = clock.now(), reason, None
    session.add(row)
    session.flush()
    if reason:
        notes.tell_owner(session, row, "service_inactif", str(row.id), {"nom": service.name})
    notes.tell_provider(session, service, row, notes.ENDED)


def tell_paid(session: Session, service: CatalogService, row: Subscription, reference: str) -> None:
    """Write the receipt of a payment: until when, and its reference."""
    named = {"nom": service.name, "ref": reference}
    if row.expires_at is None:
        notes.tell_owner(session, row, "service_achat", reference, named)
    else:
        notes.tell_owner(session, row, "service_actif", reference, {**named, "date": notes.day(row.expires_at)})


def after(start: datetime, period: Period, *, anchor_day: int) -> datetime | None:
    """Return when a period that begins at `start` ends; a month ends on the day it was first bought, or the last."""
    match period:
        case Period.DAY:
            return start + timedelta(days=1)
        case Period.WEEK:
            return start + timedelta(days=7)
        case Period.MONTH:
            year, month = (start.year + 1, 1) if start.month == DECEMBER else (start.year, start.month + 1)
            return start.replace(year=year, month=month, day=min(anchor_day, monthrange(year, month)[1]))
    return None


def _begun(service: CatalogService, channel: str) -> dict[str, Any]:
    now = clock.now()
    ends_at = after(now, Period(service.period), anchor_day=now.day) if service.price_minor else None
    return {
        "service_id": service.id,
        "channel": channel,
        "price_minor": service.price_minor,
        "subscribed_at": now,
        "expires_at": ends_at,
        "due_at": ends_at,
    }


def _open(session: Session, service: CatalogService, row: Subscription) -> None:
    session.add(row)
    session.flush()
    notes.tell_provider(session, service, row, notes.ACTIVATED)


def _guard_absent(session: Session, service: CatalogService, phone: str) -> None:
    """Refuse a second subscription; of two sessions that ask together, the second waits and reads the first's."""
    driver(session).execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"sub:{service.id}:{phone}",))
    if session.exec(_open_one(service.id, phone)).first() is not None:
        raise AlreadySubscribed


def _open_one(service_id: UUID, phone: str) -> SelectOfScalar[Subscription]:
    return select(Subscription).where(
        Subscription.service_id == service_id,
        Subscription.phone == phone,
        col(Subscription.state) != SubscriptionState.INACTIVE,
    )


def _paid(service: CatalogService, payment: Payment) -> Subscribed:
    return Subscribed(service.name, payment.reference, payment.operation_id, payment.balance)
