"""The words an order's status is chosen from: a list an operator writes; renaming one renames it everywhere."""

from dataclasses import dataclass
from uuid import UUID

from pydantic import Field
from sqlmodel import col, func, select

from core.database import Session, fetch_all
from core.errors import NotFound
from core.orders import Order
from core.permissions import Actor, Permission
from models.offers import OrderRow, OrderStatus
from services import audit
from services.orders.refusals import StatusTaken, StatusUnknown, StatusUsed

LONGEST_NAME = 40
# (name, told by SMS, final): what an installation begins with.
SHIPPED = (
    ("reçue", False, False),
    ("en préparation", False, False),
    ("en cours de livraison", True, False),
    ("livrée", True, True),
    ("annulée", True, True),
)


class SaveStatus(Order):
    """A new status, or (`status_id`) what an old one is from now on."""

    status_id: UUID | None = None
    name: str = Field(min_length=2, max_length=LONGEST_NAME)
    position: int = Field(default=0, ge=0, le=1_000)
    is_told: bool = False
    is_final: bool = False


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One status, and how many orders stand on it."""

    id: UUID
    name: str
    position: int
    is_told: bool
    is_final: bool
    orders: int


def save_status(session: Session, actor: Actor, order: SaveStatus) -> UUID:
    """Add a status or change one."""
    actor.require(Permission.USSD_OFFERS_WRITE)
    name = order.name.strip()
    same = session.exec(select(OrderStatus).where(func.lower(OrderStatus.name) == name.lower())).first()
    if same is not None and same.id != order.status_id:
        raise StatusTaken
    row = session.get(OrderStatus, order.status_id) if order.status_id else OrderStatus(name=name)
    if row is None:
        raise NotFound(thing="order_status")
    row.name, row.position, row.is_told, row.is_final = name, order.position, order.is_told, order.is_final
    session.add(row)
    session.flush()
    audit.record(session, actor, "order_status.save", "order_status", row.id, row.name)
    return row.id


def delete_status(session: Session, actor: Actor, status_id: UUID) -> UUID:
    """Take a status out of the list; refused while orders stand on it."""
    actor.require(Permission.USSD_OFFERS_WRITE)
    row = session.get(OrderStatus, status_id, with_for_update=True)
    if row is None:
        raise NotFound(thing="order_status")
    used = session.exec(select(func.count()).select_from(OrderRow).where(OrderRow.status_id == status_id)).one()
    if used:
        raise StatusUsed(count=used)
    session.delete(row)
    audit.record(session, actor, "order_status.delete", "order_status", status_id, row.name)
    return status_id


def find_status(session: Session, name: str) -> OrderStatus:
    """Return a status by its name, however it was capitalised, or refuse with the whole list."""
    wanted = name.strip().casefold()
    known = session.exec(select(OrderStatus).order_by(col(OrderStatus.position), col(OrderStatus.name))).all()
    for row in known:
        if row.name.casefold() == wanted:
            return row
    raise StatusUnknown(known=", ".join(row.name for row in known))


# Reads


def list_statuses(session: Session, actor: Actor) -> list[StatusRow]:
    """Return the list in its own order."""
    actor.require(Permission.USSD_READ)
    rows = fetch_all(
        session,
        "select s.id, s.name, s.position, s.is_told, s.is_final,"
        " (select count(*) from order_row o where o.status_id = s.id) as orders"
        " from order_status s order by s.position, s.name",
    )
    return [StatusRow(**row) for row in rows]
