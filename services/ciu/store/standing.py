"""How the service stands this minute: what goes on, what waits, and whether our numbers answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core import clock
from core.database import Session, fetch_all, fetch_one
from core.permissions import Actor, Permission
from core.settings import Environment, get_settings
from services.ciu.store import conversations
from services.whatsapp.speaking import SPEAKS


@dataclass(frozen=True, slots=True)
class SenderRow:
    """A number of ours. `state`: ready, resting (its network fails), paused, or off (no account speaks for it)."""

    channel: str
    address: str
    programme: str
    state: str
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The present. Queues are None for who may only look."""

    open_conversations: int
    pairs_open: int | None
    inbound_waiting: int | None
    inbound_since: datetime | None
    replies_waiting: int | None
    senders: tuple[SenderRow, ...]
    takes_unsigned: bool


def get_standing(session: Session, actor: Actor) -> Standing:
    """Return how the service stands."""
    actor.require(Permission.CIU_READ)
    queues = _queues(session) if actor.may(Permission.CIU_ACT) else {}
    settings = get_settings()
    return Standing(
        open_conversations=conversations.count_conversations(session),
        pairs_open=queues.get("pairs"),
        inbound_waiting=queues.get("inbound"),
        inbound_since=queues.get("since"),
        replies_waiting=queues.get("replies"),
        senders=tuple(_senders(session)),
        takes_unsigned=settings.whatsapp_allow_unsigned and settings.environment is Environment.DEVELOPMENT,
    )


def _queues(session: Session) -> dict[str, Any]:
    row = fetch_one(
        session,
        """
        select (select count(*) from ciu_pair p join ciu_record r on r.id = p.left_id
                where p.state = 'open' and not r.is_test) as pairs,
            (select count(*) from whatsapp_inbound where payload_enc is not null) as inbound,
            (select min(created_at) from whatsapp_inbound where payload_enc is not null) as since,
            (select count(*) from whatsapp_reply y join message m on m.id = y.message_id
             where y.body_enc is not null and m.state in ('queued', 'sending', 'unknown')) as replies
        """,
    )
    return row or {}


def _senders(session: Session) -> list[SenderRow]:
    rows = fetch_all(
        session,
        f"""
        select s.channel, s.address, p.name as programme, a.state, a.breaker,
            (select m.created_at from whatsapp_inbound m
             where m.sender_id = s.id and m.created_at > %(now)s - interval '7 days'
             order by m.created_at desc limit 1) as last_at
        from whatsapp_sender s join ciu_programme p on p.id = s.programme_id
        left join lateral (
            select state, breaker from provider_account a
            where {SPEAKS} order by a.state = 'active' desc limit 1) a on true
        order by s.channel desc, s.address
        """,
        {"now": clock.now()},
    )
    return [
        SenderRow(
            row["channel"], row["address"], row["programme"], _state(row["state"], row["breaker"]), row["last_at"]
        )
        for row in rows
    ]


def _state(state: str | None, breaker: str | None) -> str:
    if state is None or state == "retired":
        return "off"
    if state != "active":
        return "paused"
    return "ready" if breaker == "closed" else "resting"
