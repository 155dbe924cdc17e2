"""Renewing what is due: one transaction a subscription, one debit a period, three days of grace without money."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from sqlmodel import col, select

from core import clock
from core.database import Session
from core.errors import Refusal
from core.money import Currency, Money
from core.states import transition
from models.offers import SUBSCRIPTION_STEPS, CatalogService, Period, Subscription, SubscriptionState
from services import switches
from services.ledger import InsufficientFunds
from services.subscriptions import notes
from services.subscriptions.activating import after, end, tell_paid
from services.subscriptions.paying import KIND, Payment, find_payment, find_timezone, open_till, pay
from services.tariffs import NoTariff, quote
from services.wallets.outside import find_holder
from services.wallets.refusals import CeilingReached, NoWallet, WalletSuspended

GRACE = timedelta(days=3)
TRIED_EVERY = timedelta(hours=6)
BATCH = 200

# What a person can mend in three days: money, a ceiling that falls tomorrow, an account that is opened again.
_HIS_OWN = (InsufficientFunds, CeilingReached, WalletSuspended, NoWallet)

_log = structlog.get_logger(__name__)


def list_due(session: Session, most: int = BATCH) -> list[UUID]:
    """Return what is to be renewed now, the longest due first."""
    due = (
        select(Subscription.id)
        .where(col(Subscription.due_at) <= clock.now(), col(Subscription.state) != SubscriptionState.INACTIVE)
        .order_by(col(Subscription.due_at))
        .limit(most)
    )
    return list(session.exec(due).all())


def renew(session: Session, subscription_id: UUID) -> SubscriptionState | None:
    """Renew one subscription, or let it wait or end; None when another process is at it or it is no longer due."""
    row = session.exec(
        select(Subscription).where(Subscription.id == subscription_id).with_for_update(skip_locked=True)
    ).first()
    now = clock.now()
    if row is None or row.due_at is None or row.due_at > now or row.expires_at is None:
        return None
    service = session.get_one(CatalogService, row.service_id)
    if not service.is_active:
        end(session, service, row, "withdrawn")
        return SubscriptionState.INACTIVE
    if row.price_minor and not switches.is_live(session, KIND):
        return _put_off(session, row, now)
    try:
        payment = _charge(session, row, service)
    except _HIS_OWN:
        return _wait_or_end(session, service, row, now)
    except (NoTariff, Refusal) as refusal:
        # Ours to mend, not his: nobody loses a service because a price is missing.
        _log.warning("subscription.not_renewed", subscription_id=str(row.id), reason=refusal.code)
        return _put_off(session, row, now)
    _go_on(session, service, row, payment)
    return SubscriptionState.ACTIVE


def _put_off(session: Session, row: Subscription, now: datetime) -> SubscriptionState:
    """Try again later what is not his to mend: he keeps his service meanwhile."""
    row.due_at = now + TRIED_EVERY
    session.add(row)
    return SubscriptionState(row.state)


def period_key(row: Subscription) -> str:
    """Return the key of the payment of the period that begins now: the same however often it is tried."""
    assert row.expires_at is not None  # noqa: S101  # only what ends is renewed
    return f"sub:{row.id}:{row.expires_at:%Y-%m-%d}"


def price_due(row: Subscription, service: CatalogService) -> Money:
    """Return what the next period costs: what was agreed, or less when the catalogue asks for less now."""
    return Money(min(row.price_minor, service.price_minor), Currency(service.currency))


def _charge(session: Session, row: Subscription, service: CatalogService) -> Payment | None:
    price = price_due(row, service)
    if not price.minor:
        return None
    if row.user_id is None:
        raise NoWallet
    till = open_till(session, find_holder(session, row.user_id, price.currency))
    known = find_payment(session, till.holder, period_key(row), price)
    if known is not None:
        return known
    priced = quote(session, KIND, price, row.user_id)
    return pay(
        session, till, priced, key=period_key(row), timezone=find_timezone(session, till.holder), label=service.name
    )


def _go_on(session: Session, service: CatalogService, row: Subscription, payment: Payment | None) -> None:
    """Begin the next period where the last one ended: days of grace are not given away twice."""
    assert row.expires_at is not None  # noqa: S101  # only what ends is renewed
    if row.state == SubscriptionState.GRACE:
        transition(row, SUBSCRIPTION_STEPS, SubscriptionState.ACTIVE)
    # Who was put off because of us is not charged for every period he waited, one after the other.
    begin = row.expires_at if clock.now() <= row.expires_at + GRACE else clock.now()
    row.expires_at = row.due_at = after(begin, Period(service.period), anchor_day=row.subscribed_at.day)
    if payment is not None:
        row.operation_id = payment.operation_id
        tell_paid(session, service, row, payment.reference)
    session.add(row)
    session.flush()
    notes.tell_provider(session, service, row, notes.RENEWED)


def _wait_or_end(session: Session, service: CatalogService, row: Subscription, now: datetime) -> SubscriptionState:
    """Wait for money until the grace is over; say so once, when it begins."""
    assert row.expires_at is not None  # noqa: S101  # only what ends is renewed
    last = row.expires_at + GRACE
    if now >= last:
        end(session, service, row, "unpaid")
        return SubscriptionState.INACTIVE
    if row.state == SubscriptionState.ACTIVE:
        transition(row, SUBSCRIPTION_STEPS, SubscriptionState.GRACE)
        figures = {
            "nom": service.name,
            "montant": price_due(row, service).on_phone(),
            "date": notes.day(last),
        }
        notes.tell_owner(session, row, "service_echu", period_key(row), figures)
    row.due_at = min(now + TRIED_EVERY, last)
    session.add(row)
    return SubscriptionState.GRACE
