"""Notices as screens read them: the list, one of them, and how far each network has carried it."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, func, select

from core.database import Session, fetch_all
from core.permissions import Actor, Permission
from core.phone import HEAD, issuer_of
from models.notices import Notice
from services.notices.orders import NoticeNotFound, NoticeRow
from services.notices.verbs import row_of

LARGEST_PAGE = 200
# How a message's state is counted on the screen.
GROUPS = {
    "queued": "waiting",
    "sending": "waiting",
    "unknown": "waiting",
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "failed": "failed",
    "undelivered": "failed",
    "expired": "failed",
    "suppressed": "refused",
    "cancelled": "cancelled",
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """How the messages of one network (empty: all others) on one channel ended; `sent` has no report yet."""

    network: str
    channel: str
    waiting: int
    sent: int
    delivered: int
    failed: int
    refused: int
    cancelled: int
    parts: int
    cost_minor: int
    currency: str

    @property
    def total(self) -> int:
        """How many messages there are."""
        return self.waiting + self.sent + self.delivered + self.failed + self.refused + self.cancelled


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a notice is: its SMS and its screens by network, and its copies in the inbox."""

    networks: tuple[Delivery, ...]
    inbox: int
    inbox_read: int


def list_notices(
    session: Session, actor: Actor, *, search: str = "", state: str = "", limit: int = 50, offset: int = 0
) -> list[NoticeRow]:
    """Return the notices, newest first."""
    actor.require(Permission.USSD_READ)
    query = select(Notice).order_by(col(Notice.created_at).desc(), col(Notice.id))
    query = query.where(*_where(search, state)).limit(min(limit, LARGEST_PAGE)).offset(offset)
    return [row_of(notice) for notice in session.exec(query)]


def count_notices(session: Session, actor: Actor, *, search: str = "", state: str = "") -> int:
    """Return how many `list_notices` would page through."""
    actor.require(Permission.USSD_READ)
    return session.exec(select(func.count()).select_from(Notice).where(*_where(search, state))).one()


def get_notice(session: Session, actor: Actor, notice_id: UUID) -> NoticeRow:
    """Return one notice."""
    actor.require(Permission.USSD_READ)
    notice = session.get(Notice, notice_id)
    if notice is None:
        raise NoticeNotFound
    return row_of(notice)


def get_progress(session: Session, actor: Actor, notice_id: UUID) -> Progress:
    """Return how far a notice is, by network."""
    actor.require(Permission.USSD_READ)
    rows = fetch_all(
        session,
        f"""
        select left(address, {HEAD}) as head, channel, state, count(*) as messages, sum(segments)::int as parts,
               coalesce(sum(cost_minor), 0)::bigint as cost, coalesce(max(cost_currency), '') as currency
        from message where data ->> 'notice_id' = %s and data ? 'notice_id' group by 1, 2, 3
        """,
        (str(notice_id),),
    )
    counts: dict[tuple[str, str], Counter[str]] = {}
    currencies: dict[tuple[str, str], str] = {}
    inbox = Counter[str]()
    for row in rows:
        if row["channel"] == "in_app":
            inbox[row["state"]] += row["messages"]
            continue
        way = issuer_of(row["head"]), row["channel"]
        tally = counts.setdefault(way, Counter())
        tally[GROUPS[row["state"]]] += row["messages"]
        tally["parts"] += row["parts"]
        tally["cost_minor"] += row["cost"]
        currencies[way] = row["currency"] or currencies.get(way, "")
    names = (*dict.fromkeys(GROUPS.values()), "parts", "cost_minor")
    networks = [
        Delivery(way[0], way[1], currency=currencies[way], **{each: tally[each] for each in names})
        for way, tally in counts.items()
    ]
    return Progress(tuple(sorted(networks, key=lambda each: -each.total)), inbox.total(), inbox["read"])


def _where(search: str, state: str) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if state:
        conditions.append(col(Notice.state) == state)
    if search.strip():
        conditions.append(col(Notice.name).icontains(search.strip(), autoescape=True))
    return conditions
