"""Subscriptions: getting a service, paying for it, renewing it, leaving it. Open `activating.py` first."""

from services.subscriptions.activating import (
    Subscribe,
    Subscribed,
    SubscribePaid,
    Unsubscribe,
    delete_service,
    end_all,
    end_subscription,
    subscribe,
    subscribe_paid,
    unsubscribe,
)
from services.subscriptions.reads import OfferedService, SubscriptionRow, get_offered, list_subscriptions
from services.subscriptions.refusals import AlreadySubscribed, NotSubscribed, ServicePriced
from services.subscriptions.renewing import list_due, renew

__all__ = [
    "AlreadySubscribed",
    "NotSubscribed",
    "OfferedService",
    "ServicePriced",
    "Subscribe",
    "SubscribePaid",
    "Subscribed",
    "SubscriptionRow",
    "Unsubscribe",
    "delete_service",
    "end_all",
    "end_subscription",
    "get_offered",
    "list_due",
    "list_subscriptions",
    "renew",
    "subscribe",
    "subscribe_paid",
    "unsubscribe",
]
