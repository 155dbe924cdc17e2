"""What messages cost and how networks do: figures of days, counted when asked."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core import clock
from core.database import Session, fetch_all
from core.permissions import Actor, Permission


@dataclass(frozen=True, slots=True)
class DayRow:
    """One day of one channel: messages that left, their SMS parts, what they cost in one currency."""

    day: date
    channel: str
    messages: int
    segments: int
    cost_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """One account's messages of a time: how many ended well, badly, or nobody knows."""

    account_code: str
    account_label: str
    channel: str
    sent: int
    delivered: int
    failed: int
    unknown: int
    top_error: str


def list_days(session: Session, actor: Actor, *, days: int = 30, zone: str = "UTC") -> list[DayRow]:
    """Return messages, parts and cost by day and channel, the newest day first."""
    actor.require(Permission.OUTBOX_READ)
    rows = fetch_all(
        session,
        """
        select (sent_at at time zone %(zone)s)::date as day, channel, count(*) as messages,
               sum(segments) as segments, coalesce(sum(cost_minor), 0) as cost_minor,
               coalesce(cost_currency, '') as currency
        from message where sent_at >= %(since)s and channel <> 'in_app'
        group by 1, 2, coalesce(cost_currency, '') order by 1 desc, 2, 6
        """,
        {"zone": zone, "since": clock.now() - timedelta(days=days)},
    )
    return [DayRow(**{**row, "segments": int(row["segments"]), "cost_minor": int(row["cost_minor"])}) for row in rows]


def list_networks(session: Session, actor: Actor, *, since: datetime | None = None) -> list[NetworkRow]:
    """Return how each account's messages ended, those written since a day unless told otherwise."""
    actor.require(Permission.OUTBOX_READ)
    rows = fetch_all(
        session,
        """
        select a.code as account_code, a.label as account_label, m.channel,
               count(*) filter (where m.sent_at is not null) as sent,
               count(*) filter (where m.state in ('delivered', 'read')) as delivered,
               count(*) filter (where m.state in ('failed', 'undelivered', 'expired')) as failed,
               count(*) filter (where m.state = 'unknown') as unknown,
               coalesce(mode() within group (order by m.error_code)
                        filter (where m.state in ('failed', 'undelivered')), '') as top_error
        from message m join provider_account a on a.id = m.account_id
        where m.created_at >= %s group by 1, 2, 3 order by 1, 3
        """,
        (since or clock.now() - timedelta(days=1),),
    )
    return [NetworkRow(**row) for row in rows]


def count_states(session: Session, actor: Actor, *, days: int = 7) -> dict[str, int]:
    """Return how many messages of the last days stand in each state; a state without any is absent."""
    actor.require(Permission.OUTBOX_READ)
    rows = fetch_all(
        session,
        "select state, count(*) as messages from message where created_at >= %s group by 1",
        (clock.now() - timedelta(days=days),),
    )
    return {row["state"]: int(row["messages"]) for row in rows}
