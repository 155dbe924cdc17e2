"""The catalogue, subscriptions and orders of the dialogue vectors' world."""

from datetime import datetime
from typing import Any

from sqlmodel import select

from core.database import Session
from models.offers import CatalogService, OrderRow, OrderStatus, Subscription
from models.users import User


def build(session: Session, world: dict[str, Any]) -> None:
    """Write what the world offers; a price is asked every month."""
    now = datetime.fromisoformat(world["now"])
    services = {
        row["code"]: CatalogService(
            code=row["code"],
            name=row["name"],
            info={"fr": row["info"]},
            price_minor=row["price"],
            period="month" if row["price"] else "once",
            currency=world["currency"],
        )
        for row in world["services"]
    }
    statuses = {name: OrderStatus(name=name) for name in sorted({row["status"] for row in world["orders"]})}
    session.add_all([*services.values(), *statuses.values()])
    session.flush()
    for row in world["subscriptions"]:
        user = session.exec(select(User).where(User.phone == row["phone"])).one()
        service = services[row["service"]]
        session.add(Subscription(phone=row["phone"], user_id=user.id, service_id=service.id, subscribed_at=now))
    session.add_all(
        OrderRow(
            reference=row["ref"],
            phone=row["phone"],
            status_id=statuses[row["status"]].id,
            currency=world["currency"],
            updated_at=datetime.fromisoformat(f"{row['updated']}T09:00:00Z"),
        )
        for row in world["orders"]
    )
