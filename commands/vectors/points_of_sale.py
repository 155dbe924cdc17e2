"""The points of sale and billers of the dialogue vectors' world."""

from typing import Any

from sqlmodel import select

from core.database import Session
from models.merchants import AmountKind, Biller, Merchant, MerchantState
from models.users import User


def build(session: Session, world: dict[str, Any]) -> None:
    """Write who is paid, inside the house and outside."""
    people = {person["phone"]: person["role"] for person in world["subscribers"]}
    for row in world["merchants"]:
        owner = session.exec(select(User).where(User.phone == row["phone"])).one()
        role = people[row["phone"]]
        session.add(
            Merchant(
                code=row["code"],
                name=row["name"],
                owner_id=owner.id,
                currency=world["currency"],
                role=role,
                level=role,
                state=MerchantState.ACTIVE,
            )
        )
    for position, row in enumerate(world["billers"]):
        is_due = any("due" in account for account in row["accounts"].values())
        session.add(
            Biller(
                code=row["code"],
                country=world["country"],
                name={"fr": row["name"]},
                pattern=row["pattern"],
                example=next(iter(row["accounts"])),
                connector="biller",
                amount_kind=AmountKind.DUE if is_due else AmountKind.FREE,
                position=position,
            )
        )
    session.flush()
