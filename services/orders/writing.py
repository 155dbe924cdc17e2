"""Writing orders: one at a time by reference, whoever brings it; every change of status stays in the history."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import Field, field_validator
from sqlmodel import select

from core import clock
from core.database import Session, driver, fetch_one
from core.i18n import t
from core.money import Currency, InvalidAmount, Money
from core.orders import Order
from core.permissions import Actor, Permission
from core.phone import PhoneRefusal, normalise
from core.settings import get_settings
from models.messages import Channel
from models.offers import OrderEvent, OrderRow, OrderStatus
from services import audit, messages
from services.messages import OutgoingMessage
from services.orders.refusals import OrderNotFound
from services.orders.statuses import find_status

REFERENCE = r"^[A-Z0-9-]{3,20}$"
LONGEST_NOTE = 160


class OrderSource(StrEnum):
    """Where a change of an order came from."""

    CONSOLE = "console"
    IMPORT = "import"
    API = "api"


class PutOrder(Order):
    """What an order is, by its reference: written if it is new, brought up to date if it is known.

    `status` is a name of the list. An amount that is not given stays as it was. `is_told` false sends no SMS.
    """

    reference: str = Field(pattern=REFERENCE)
    phone: str
    status: str = Field(min_length=1, max_length=40)
    amount: str | None = Field(default=None, max_length=20)
    currency: Currency = Currency.XAF
    note: str = Field(default="", max_length=LONGEST_NOTE)
    is_told: bool = True

    @field_validator("reference", mode="before")
    @classmethod
    def _upper(cls, reference: object) -> object:
        return reference.strip().upper() if isinstance(reference, str) else reference

    @field_validator("phone")
    @classmethod
    def _e164(cls, phone: str) -> str:
        try:
            return normalise(phone, get_settings().ussd_country).e164
        except PhoneRefusal as refusal:
            raise ValueError(str(refusal)) from refusal

    @field_validator("amount")
    @classmethod
    def _blank_is_none(cls, amount: str | None) -> str | None:
        return amount.strip() or None if amount else None

    def amount_minor(self) -> int | None:
        """Return the amount in minor units; raise `InvalidAmount` when it is none of its currency."""
        return None if self.amount is None else Money.parse(self.amount, self.currency).minor


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it."""

    id: UUID
    reference: str
    phone: str
    status: str
    amount_minor: int | None
    currency: Currency
    note: str
    updated_at: datetime
    is_new: bool
    is_changed: bool


def put_order(session: Session, actor: Actor, order: PutOrder, source: OrderSource = OrderSource.CONSOLE) -> Written:
    """Write or update one order by its reference, with its history; a new status of the told ones leaves by SMS."""
    actor.require(Permission.USSD_OFFERS_WRITE)
    status = find_status(session, order.status)
    return write(session, actor, order, status, source)


def delete_order(session: Session, actor: Actor, order_id: UUID) -> UUID:
    """Delete an order with its history: one that was typed wrong."""
    actor.require(Permission.USSD_OFFERS_WRITE)
    row = session.get(OrderRow, order_id, with_for_update=True)
    if row is None:
        raise OrderNotFound
    driver(session).execute("delete from order_event where order_id = %s", (order_id,))
    session.delete(row)
    audit.record(session, actor, "order.delete", "order_row", order_id, row.reference)
    return order_id


def write(session: Session, actor: Actor, order: PutOrder, status: OrderStatus, source: OrderSource) -> Written:
    """Write an order whose status is known; the caller has checked the right to."""
    amount_minor, now = order.amount_minor(), clock.now()
    # Two doors that bring the same new reference at once: the second waits, then updates.
    driver(session).execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"order:{order.reference}",))
    row = session.exec(select(OrderRow).where(OrderRow.reference == order.reference).with_for_update()).first()
    is_new = row is None
    row = row or OrderRow(
        reference=order.reference, phone=order.phone, status_id=status.id, currency=order.currency, updated_at=now
    )
    before = (row.phone, row.status_id, row.amount_minor, row.note)
    has_moved = is_new or row.status_id != status.id
    row.phone, row.status_id, row.note = order.phone, status.id, order.note
    if amount_minor is not None:
        row.amount_minor, row.currency = amount_minor, order.currency
    is_changed = is_new or before != (row.phone, row.status_id, row.amount_minor, row.note)
    if is_changed:
        row.updated_at = now
        session.add(row)
        session.flush()
    if has_moved or (is_changed and order.note):
        event = OrderEvent(order_id=row.id, status=status.name, note=order.note, source=source, actor_name=actor.name)
        session.add(event)
        if has_moved and status.is_told and order.is_told:
            _tell(session, row, status, event.id)
    return Written(
        id=row.id,
        reference=row.reference,
        phone=row.phone,
        status=status.name,
        amount_minor=row.amount_minor,
        currency=Currency(row.currency),
        note=row.note,
        updated_at=row.updated_at,
        is_new=is_new,
        is_changed=is_changed,
    )


def find_fault(order: PutOrder) -> str | None:
    """Return why an order that has the right shape still cannot be written, None when it can."""
    try:
        order.amount_minor()
    except InvalidAmount:
        return t("montant invalide")
    return None


def _tell(session: Session, row: OrderRow, status: OrderStatus, event_id: UUID) -> None:
    owner = fetch_one(session, "select id, language from users where phone = %s", (row.phone,))
    messages.enqueue(
        session,
        OutgoingMessage(
            dedupe_key=f"commande_statut:{event_id}",
            type="commande_statut",
            channel=Channel.SMS,
            address=row.phone,
            template_code="commande_statut",
            recipient_id=owner["id"] if owner else None,
            locale=owner["language"] if owner else "fr",
            variables={"ref": row.reference, "statut": status.name, "note": row.note},
        ),
    )
