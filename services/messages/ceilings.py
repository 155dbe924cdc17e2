"""What an owner of accounts (the platform, an organisation) spends on messages in a month, at most.

At the ceiling reminders and information wait; codes, security and receipts of money still go. The networks tell a cost
with their answer, so that what is under way when the ceiling is reached may still go over it. Months are those of UTC.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import Field

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from core.orders import Order
from core.permissions import SYSTEM, Actor, Permission
from services import audit
from services.messages.hours import FIRST_QUIET_PRIORITY

ALERTS = {80: "message_ceiling.near", 100: "message_ceiling.reached"}
LOOKED_AT_EVERY = timedelta(hours=1)  # a ceiling that is raised lets go what waits


class SetCeiling(Order):
    """What an owner may spend in one currency a month; None ends the ceiling."""

    owner_type: str = Field(default="platform", pattern="^(platform|organisation|tontine)$")
    owner_id: UUID | None = None
    currency: str = Field(pattern="^[A-Z]{3}$")
    month_minor: int | None = Field(gt=0)


@dataclass(frozen=True, slots=True)
class CeilingRow:
    """A ceiling, and what was spent of it this month."""

    id: UUID
    owner_type: str
    owner_id: UUID | None
    currency: str
    month_minor: int
    spent_minor: int

    @property
    def percent(self) -> int:
        """How much of the ceiling is spent, rounded down."""
        return self.spent_minor * 100 // self.month_minor


_SPENT = """
select c.id, c.owner_type, c.owner_id, c.currency, c.month_minor, (
    select coalesce(sum(m.cost_minor), 0)::bigint from message m join provider_account b on b.id = m.account_id
    where b.owner_type = c.owner_type and b.owner_id is not distinct from c.owner_id
      and m.cost_minor > 0 and m.cost_currency = c.currency and m.sent_at >= %(month)s) as spent_minor
from message_ceiling c
"""
_OF_ACCOUNT = f"""
{_SPENT} join provider_account a on a.owner_type = c.owner_type and a.owner_id is not distinct from c.owner_id
where a.id = %(account)s
"""
_SET = """
insert into message_ceiling (id, created_at, owner_type, owner_id, currency, month_minor)
values (%(id)s, %(now)s, %(owner_type)s, %(owner_id)s, %(currency)s, %(month_minor)s)
on conflict (owner_type, owner_id, currency) do update set month_minor = excluded.month_minor
"""
_END = """
delete from message_ceiling
where owner_type = %(owner_type)s and owner_id is not distinct from %(owner_id)s and currency = %(currency)s
"""


def set_ceiling(session: Session, actor: Actor, order: SetCeiling) -> None:
    """Set, change or end what an owner spends a month."""
    actor.require(Permission.MESSAGES_WRITE)
    asked = order.model_dump() | {"id": ids.new_id(), "now": clock.now()}
    driver(session).execute(_END if order.month_minor is None else _SET, asked)
    changes = order.model_dump(mode="json")
    audit.record(session, actor, "message_ceiling.set", order.owner_type, order.owner_id or "", changes=changes)


def waits_until(session: Session, account_id: UUID, priority: int) -> datetime | None:
    """Return until when a message waits because the month's money is spent; None when it may go."""
    if priority < FIRST_QUIET_PRIORITY or not any(
        row.percent >= max(ALERTS) for row in _of_account(session, account_id)
    ):
        return None
    return clock.now() + LOOKED_AT_EVERY


def alert(session: Session, account_id: UUID) -> None:
    """Write in the trail, once a month each, that the owner of an account comes near its ceiling and reaches it.

    The caller has just saved what a message cost.
    """
    for row in _of_account(session, account_id):
        for percent, action in ALERTS.items():
            if row.percent >= percent and not _is_told(session, row, action):
                changes = {"spent": row.spent_minor, "ceiling": row.month_minor, "currency": row.currency}
                organisation_id = row.owner_id if row.owner_type == "organisation" else None
                audit.record(
                    session,
                    SYSTEM,
                    action,
                    "message_ceiling",
                    row.id,
                    f"{row.percent} %",
                    changes,
                    organisation_id=organisation_id,
                )


def _is_told(session: Session, row: CeilingRow, action: str) -> bool:
    # One after the other: two answers that come at once would both be the first.
    driver(session).execute("select 1 from message_ceiling where id = %s for no key update", (row.id,))
    told = fetch_one(
        session,
        "select 1 from audit_entry where subject_type = 'message_ceiling' and subject_id = %s and action = %s"
        " and created_at >= %s",
        (str(row.id), action, _month()),
    )
    return told is not None


def _of_account(session: Session, account_id: UUID) -> list[CeilingRow]:
    return _rows(fetch_all(session, _OF_ACCOUNT, {"account": account_id, "month": _month()}))


def _rows(found: list[dict[str, Any]]) -> list[CeilingRow]:
    return [CeilingRow(**row) for row in found]


def _month() -> datetime:
    return clock.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)


# Reads


def list_ceilings(session: Session, actor: Actor) -> list[CeilingRow]:
    """Return every ceiling with what was spent of it this month, the platform's first."""
    actor.require(Permission.OUTBOX_READ)
    query = f"{_SPENT} order by c.owner_type desc, c.owner_id, c.currency"
    return _rows(fetch_all(session, query, {"month": _month()}))
