"""Orders read: by the phone they belong to, and by operators."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from core.database import Session, fetch_all, fetch_one
from core.money import Currency, Money
from core.permissions import Actor, Permission
from core.phone import mask_phone
from services.orders.refusals import OrderNotFound
from services.wallets.refusals import guard_velocity

LARGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class OrderFound:
    """An order as its owner's phone shows it."""

    reference: str
    status: str
    day: date


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order as an operator reads it; the number is masked for who may not see it."""

    id: UUID
    reference: str
    phone: str
    status: str
    is_final: bool
    amount: Money | None
    note: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One line of an order's history."""

    at: datetime
    status: str
    note: str
    source: str
    actor_name: str


@dataclass(frozen=True, slots=True)
class OrderCard:
    """An order and its history, the newest step first."""

    line: OrderLine
    steps: tuple[OrderStep, ...]


def find_own(session: Session, phone: str, reference: str, timezone: str, user_id: UUID | None = None) -> OrderFound:
    """Return an order to the phone it belongs to; anybody else's is not found. Twenty look-ups an hour, of any kind."""
    guard_velocity(session, "lookups", str(user_id or phone))
    row = fetch_one(
        session,
        "select o.reference, s.name, o.updated_at from order_row o join order_status s on s.id = o.status_id"
        " where o.reference = %s and o.phone = %s",
        (reference.upper(), phone),
    )
    if row is None:
        raise OrderNotFound
    return OrderFound(row["reference"], row["name"], row["updated_at"].astimezone(ZoneInfo(timezone)).date())


_ROWS = """
from order_row o join order_status s on s.id = o.status_id
where (%(status)s::uuid is null or o.status_id = %(status)s)
  and (%(text)s = '' or o.reference like '%%' || %(text)s || '%%'
       or (%(digits)s <> '' and o.phone like '%%' || %(digits)s || '%%'))
"""


def list_orders(  # what is rare is named
    session: Session,
    actor: Actor,
    *,
    search: str = "",
    status_id: UUID | None = None,
    limit: int = 25,
    offset: int = 0,
) -> tuple[list[OrderLine], int]:
    """Return orders, the last changed first, and how many there are in all."""
    actor.require(Permission.USSD_READ)
    is_open = actor.may(Permission.SUBSCRIBERS_WRITE)
    digits = "".join(mark for mark in search if mark.isdigit()) if is_open else ""
    asked = {"status": status_id, "text": search.strip().upper(), "digits": digits}
    total = fetch_one(session, f"select count(*) as many {_ROWS}", asked)
    rows = fetch_all(
        session,
        f"select o.*, s.name as status_name, s.is_final {_ROWS}"
        " order by o.updated_at desc, o.id desc limit %(limit)s offset %(offset)s",
        {**asked, "limit": min(max(limit, 1), LARGEST_PAGE), "offset": max(offset, 0)},
    )
    return [_line(row, is_open=is_open) for row in rows], int(total["many"]) if total else 0


def get_order(session: Session, actor: Actor, order_id: UUID) -> OrderCard:
    """Return one order with its history."""
    actor.require(Permission.USSD_READ)
    row = fetch_one(
        session,
        "select o.*, s.name as status_name, s.is_final from order_row o join order_status s on s.id = o.status_id"
        " where o.id = %s",
        (order_id,),
    )
    if row is None:
        raise OrderNotFound
    steps = fetch_all(
        session,
        "select created_at as at, status, note, source, actor_name from order_event"
        " where order_id = %s order by created_at desc, id desc limit 100",
        (order_id,),
    )
    line = _line(row, is_open=actor.may(Permission.SUBSCRIBERS_WRITE))
    return OrderCard(line, tuple(OrderStep(**step) for step in steps))


def _line(row: Mapping[str, Any], *, is_open: bool) -> OrderLine:
    amount = row["amount_minor"]
    return OrderLine(
        id=row["id"],
        reference=row["reference"],
        phone=row["phone"] if is_open else mask_phone(row["phone"]),
        status=row["status_name"],
        is_final=row["is_final"],
        amount=None if amount is None else Money(amount, Currency(row["currency"])),
        note=row["note"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
