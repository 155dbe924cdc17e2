"""What phones are offered: services to subscribe to, orders to follow, and connectors to other people's systems."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, currency_column, document, instant, minor, octets


class Period(StrEnum):
    """How long one payment lasts; `once` has no end."""

    ONCE = "once"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class CatalogService(Table, table=True):
    """A service people subscribe to; its code never changes. One that is deleted keeps its row and its history."""

    __tablename__ = "catalog_service"
    __table_args__ = (
        check("price", "price_minor >= 0"),
        check("period", one_of("period", Period)),
        Index("ix_catalog_service_shown", "code", postgresql_where=text("is_active and deleted_at is null")),
    )

    code: str = Field(unique=True)
    name: str
    info: dict[str, str] = document()
    category: str = ""
    price_minor: int = minor(default=0)
    currency: str = currency_column()
    period: str = Period.ONCE
    is_active: bool = True
    webhook_url: str = ""
    webhook_secret: bytes | None = octets()
    deleted_at: datetime | None = instant()


class SubscriptionState(StrEnum):
    """`grace`: due and not paid, for three days; it still counts as active."""

    ACTIVE = "active"
    GRACE = "grace"
    INACTIVE = "inactive"


SUBSCRIPTION_STEPS = {
    SubscriptionState.ACTIVE: frozenset({SubscriptionState.GRACE, SubscriptionState.INACTIVE}),
    SubscriptionState.GRACE: frozenset({SubscriptionState.ACTIVE, SubscriptionState.INACTIVE}),
    SubscriptionState.INACTIVE: frozenset[SubscriptionState](),
}


class Subscription(Table, table=True):
    """One person's subscription to one service, at most one at a time; the number alone says whose it is.

    `price_minor` is what he agreed to pay: a dearer catalogue does not change it.
    """

    __tablename__ = "subscription"
    __table_args__ = (
        check("state", one_of("state", SubscriptionState)),
        Index("uq_subscription_open", "phone", "service_id", unique=True, postgresql_where=text("state <> 'inactive'")),
        Index("ix_subscription_service", "service_id", "state"),
        Index("ix_subscription_due", "due_at", postgresql_where=text("state <> 'inactive' and due_at is not null")),
    )

    phone: str
    user_id: UUID | None = Field(default=None, foreign_key="users.id", index=True)
    service_id: UUID = Field(foreign_key="catalog_service.id")
    state: str = SubscriptionState.ACTIVE
    channel: str = "ussd"
    price_minor: int = minor(default=0)
    subscribed_at: datetime = instant(nullable=False)
    expires_at: datetime | None = instant()
    due_at: datetime | None = instant()
    ended_at: datetime | None = instant()
    end_reason: str = ""
    operation_id: UUID | None = Field(default=None, foreign_key="ussd_operation.id")


class HookState(StrEnum):
    """How a note to a content provider stands."""

    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


HOOK_STEPS = {
    HookState.QUEUED: frozenset({HookState.SENT, HookState.FAILED}),
    HookState.SENT: frozenset[HookState](),
    HookState.FAILED: frozenset({HookState.QUEUED}),
}


class ServiceHook(Table, table=True):
    """What a content provider is told of one subscription, written with the act and sent by the worker."""

    __tablename__ = "service_hook"
    __table_args__ = (
        check("state", one_of("state", HookState)),
        Index("ix_service_hook_due", "next_try_at", postgresql_where=text("state = 'queued'")),
        Index("ix_service_hook_service", "service_id", "created_at"),
    )

    service_id: UUID = Field(foreign_key="catalog_service.id")
    subscription_id: UUID = Field(foreign_key="subscription.id", index=True)
    event: str
    body: str
    state: str = HookState.QUEUED
    tries: int = 0
    next_try_at: datetime = instant(nullable=False)
    sent_at: datetime | None = instant()
    answer: str = ""


class OrderStatus(Table, table=True):
    """One word of the list an order's status is chosen from; `is_told` sends it by SMS."""

    __tablename__ = "order_status"

    name: str = Field(unique=True)
    position: int = 0
    is_told: bool = False
    is_final: bool = False


class OrderRow(Table, table=True):
    """An order of a customer, followed by its reference from the phone it belongs to."""

    __tablename__ = "order_row"
    __table_args__ = (
        check("reference", "reference ~ '^[A-Z0-9-]{3,20}$'"),
        check("amount", "amount_minor >= 0"),
        Index("ix_order_row_phone", "phone"),
        Index("ix_order_row_updated_at", "updated_at"),
    )

    reference: str = Field(unique=True)
    phone: str
    status_id: UUID = Field(foreign_key="order_status.id", index=True)
    amount_minor: int | None = minor(default=None, nullable=True)
    currency: str = currency_column()
    note: str = ""
    updated_at: datetime = instant(nullable=False)


class OrderEvent(Table, table=True):
    """What an order was, from when on, by whom; only added to."""

    __tablename__ = "order_event"
    __table_args__ = (Index("ix_order_event_order", "order_id", "created_at"),)

    order_id: UUID = Field(foreign_key="order_row.id")
    status: str
    note: str = ""
    source: str
    actor_name: str = ""


class FakeMode(StrEnum):
    """What a connector answers without asking anybody: for a draft, a training, a test."""

    OFF = "off"
    OK = "ok"
    REFUSED = "refused"
    SLOW = "slow"
    GARBAGE = "garbage"


class Connector(Table, table=True):
    """Another system a flow may ask something of (`http.call`), never for money. Secrets are sealed, never shown."""

    __tablename__ = "connector"
    __table_args__ = (
        check("method", "method in ('GET', 'POST')"),
        check("timeout", "timeout_ms between 100 and 2500"),
        check("fake", one_of("fake", FakeMode)),
    )

    name: str = Field(unique=True)
    label: str = ""
    base_url: str
    method: str = "GET"
    path: str = "/"
    body: dict[str, Any] = document()
    headers: dict[str, str] = document()
    secrets: dict[str, str] = document()
    timeout_ms: int = 2_000
    inputs: list[dict[str, Any]] = document(default_factory=list)
    outputs: list[dict[str, Any]] = document(default_factory=list)
    outcomes: list[dict[str, Any]] = document(default_factory=list)
    fake: str = FakeMode.OFF
    canned: dict[str, Any] = document()
    is_active: bool = True
    failures_in_row: int = 0
    down_since: datetime | None = instant()
    probed_at: datetime | None = instant()
    answered_at: datetime | None = instant()


class ConnectorHost(Table, table=True):
    """A host connectors and webhooks may call; a private address only where it is said so."""

    __tablename__ = "connector_host"

    host: str = Field(unique=True)
    is_private: bool = False
    note: str = ""
