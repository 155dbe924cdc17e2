"""Who has what: for the phone that asks, and for the operator."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.database import Session, fetch_all, fetch_one
from core.money import Currency, Money
from core.permissions import Actor, Permission
from core.phone import mask_phone
from models.offers import Period, SubscriptionState
from services.catalogue import ServiceNotFound
from services.wallets.people import shown_name

LARGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class OfferedService:
    """A service as the phone that asks sees it."""

    code: str
    name: str
    info: str
    price: Money
    period: Period
    is_subscribed: bool


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """One subscription as an operator reads it; the number is masked for who may not see it."""

    id: UUID
    service_code: str
    service_name: str
    phone: str
    name: str
    user_id: UUID | None
    state: SubscriptionState
    channel: str
    price: Money
    subscribed_at: datetime
    expires_at: datetime | None
    ended_at: datetime | None
    end_reason: str


def get_offered(session: Session, code: str, phone: str, language: str) -> OfferedService:
    """Return a service that is offered, and whether this number has it."""
    row = fetch_one(
        session,
        """
        select c.*, exists (select from subscription s where s.service_id = c.id and s.phone = %s
                            and s.state <> 'inactive') as is_subscribed
        from catalog_service c where c.code = %s and c.is_active and c.deleted_at is null
        """,
        (phone, code),
    )
    if row is None:
        raise ServiceNotFound
    return OfferedService(
        code=row["code"],
        name=row["name"],
        info=row["info"].get(language) or row["info"].get("fr", ""),
        price=Money(row["price_minor"], Currency(row["currency"])),
        period=Period(row["period"]),
        is_subscribed=row["is_subscribed"],
    )


_ROWS = """
from subscription s join catalog_service c on c.id = s.service_id left join users u on u.phone = s.phone
where (%(service)s::uuid is null or s.service_id = %(service)s) and (%(state)s = '' or s.state = %(state)s)
  and (%(phone)s = '' or s.phone like '%%' || %(phone)s || '%%')
"""


def list_subscriptions(  # what is rare is named
    session: Session,
    actor: Actor,
    *,
    service_id: UUID | None = None,
    state: str = "",
    search: str = "",
    limit: int = 25,
    offset: int = 0,
) -> tuple[list[SubscriptionRow], int]:
    """Return subscriptions, the newest first, and how many there are in all."""
    actor.require(Permission.USSD_READ)
    is_open = actor.may(Permission.SUBSCRIBERS_WRITE)
    digits = "".join(mark for mark in search if mark.isdigit()) if is_open else ""
    asked = {"service": service_id, "state": state, "phone": digits}
    total = fetch_one(session, f"select count(*) as many {_ROWS}", asked)
    rows = fetch_all(
        session,
        f"select s.*, c.code, c.name as service_name, c.currency, u.first_name, u.last_name {_ROWS}"
        " order by s.subscribed_at desc, s.id desc limit %(limit)s offset %(offset)s",
        {**asked, "limit": min(max(limit, 1), LARGEST_PAGE), "offset": max(offset, 0)},
    )
    found = [
        SubscriptionRow(
            id=row["id"],
            service_code=row["code"],
            service_name=row["service_name"],
            phone=row["phone"] if is_open else mask_phone(row["phone"]),
            name=shown_name(row["first_name"] or "", row["last_name"] or ""),
            user_id=row["user_id"],
            state=SubscriptionState(row["state"]),
            channel=row["channel"],
            price=Money(row["price_minor"], Currency(row["currency"])),
            subscribed_at=row["subscribed_at"],
            expires_at=row["expires_at"],
            ended_at=row["ended_at"],
            end_reason=row["end_reason"],
        )
        for row in rows
    ]
    return found, int(total["many"]) if total else 0
