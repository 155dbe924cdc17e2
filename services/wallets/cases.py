"""Wallets that somebody should look at: nothing is refused meanwhile, and a person closes each case with a word."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import Field

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from core.errors import NotFound
from core.orders import Order
from core.permissions import Actor, Permission
from models.wallets import WalletCaseKind
from services import audit
from services.shown import full_name, phone_for
from services.wallets.velocity import take

RECEIVED = "received"


class CloseWalletCase(Order):
    """What a person found out about a case."""

    case_id: UUID
    resolution: str = Field(min_length=3, max_length=1000)


@dataclass(frozen=True, slots=True)
class WalletCaseRow:
    """A case as the console lists it; `times` is how often it happened since it was opened."""

    id: UUID
    kind: WalletCaseKind
    wallet_id: UUID
    user_id: UUID
    name: str
    phone: str
    times: int
    created_at: datetime
    last_at: datetime
    closed_at: datetime | None
    resolution: str


def note_received(session: Session, wallet_id: UUID, at: datetime) -> None:
    """Count what a wallet received; more than a person receives in an hour opens a case, and refuses nothing."""
    if take(session, RECEIVED, str(wallet_id)):
        return
    driver(session).execute(
        """
        insert into wallet_case (id, created_at, kind, wallet_id, times, last_at, resolution)
        values (%(id)s, %(at)s, %(kind)s, %(wallet)s, 1, %(at)s, '')
        on conflict (wallet_id, kind) where closed_at is null
        do update set times = wallet_case.times + 1, last_at = excluded.last_at
        """,
        {"id": ids.new_id(), "at": at, "kind": WalletCaseKind.MANY_RECEIVED, "wallet": wallet_id},
    )


def close_wallet_case(session: Session, actor: Actor, order: CloseWalletCase) -> UUID:
    """Close a case with a word; refuses with `NotFound` when it is closed already, or was never opened."""
    actor.require(Permission.SUBSCRIBERS_WRITE)
    closed = fetch_one(
        session,
        "update wallet_case set closed_at = %s, closed_by = %s, resolution = %s where id = %s and closed_at is null"
        " returning kind",
        (clock.now(), actor.user_id, order.resolution, order.case_id),
    )
    if closed is None:
        raise NotFound(thing="case")
    audit.record(session, actor, "wallet_case.close", "wallet_case", str(order.case_id), summary=order.resolution)
    return order.case_id


# Reads


def list_wallet_cases(session: Session, actor: Actor, *, are_closed: bool = False) -> list[WalletCaseRow]:
    """Return the open cases, oldest first, or the closed ones."""
    actor.require(Permission.USSD_READ)
    rows = fetch_all(
        session,
        """
        select c.*, u.id as user_id, u.first_name, u.last_name, u.phone
        from wallet_case c join wallet w on w.id = c.wallet_id join users u on u.id = w.user_id
        where (c.closed_at is not null) = %s order by c.created_at limit 500
        """,
        (are_closed,),
    )
    return [
        WalletCaseRow(
            id=row["id"],
            kind=WalletCaseKind(row["kind"]),
            wallet_id=row["wallet_id"],
            user_id=row["user_id"],
            name=full_name(row["first_name"], row["last_name"]),
            phone=phone_for(actor, row["phone"]),
            times=row["times"],
            created_at=row["created_at"],
            last_at=row["last_at"],
            closed_at=row["closed_at"],
            resolution=row["resolution"],
        )
        for row in rows
    ]
