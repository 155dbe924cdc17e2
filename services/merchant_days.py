"""An agent's day: what he holds, what he gave and took, what he earned; read by himself or by an operator."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from core import clock
from core.database import Session, fetch_all
from core.money import Currency, Money
from core.permissions import Actor
from services.merchants import MerchantRow, get_merchant
from services.shown import full_name, phone_for

LINES = 50

# Reads


@dataclass(frozen=True, slots=True)
class DayPart:
    """What one type came to today; `earned` is the commission, or what the merchant bore when it is negative."""

    type: str
    number: int
    amount: Money
    earned: Money


@dataclass(frozen=True, slots=True)
class DayLine:
    """One operation of today; `moved` is what it did to the float."""

    id: UUID
    at: datetime
    reference: str
    type: str
    state: str
    other: str
    amount: Money
    moved: Money
    earned: Money


@dataclass(frozen=True, slots=True)
class MerchantDay:
    """A point of sale today, as of `at`."""

    merchant: MerchantRow
    at: datetime
    parts: tuple[DayPart, ...]
    lines: tuple[DayLine, ...]
    earned: Money
    earned_30_days: Money


# What each operation did to one wallet is what the ledger says: nothing is computed from today's prices.
_MOVED = """
with own as (
    select w.id, w.account_id from wallet w where w.user_id = %(owner)s and w.currency = %(currency)s
), done as (
    select o.*, o.payer_id = own.id as is_payer, own.account_id from ussd_operation o, own
    where o.id in (
        select id from ussd_operation where payer_id = (select id from own) and created_at >= %(since)s
        union
        select id from ussd_operation where payee_id = (select id from own) and created_at >= %(since)s)
), moved as (
    select d.*, -coalesce((select sum(e.amount) from ledger_entry e
        where e.transaction_id = d.transaction_id and e.account_id = d.account_id), 0)::bigint as gain
    from done d
)
select m.*, case when m.state <> 'completed' then 0
                 when is_payer and type = 'sell' then gain + amount_minor + fee_minor
                 when is_payer then 0 else gain - amount_minor end as earned,
       other.first_name, other.last_name, other.phone
from moved m
left join wallet ow on ow.id = case when is_payer then m.payee_id else m.payer_id end
left join users other on other.id = ow.user_id
order by m.created_at desc, m.id desc
"""


def get_day(session: Session, actor: Actor, code: str, timezone: str) -> MerchantDay:
    """Return a point of sale's day in its own time zone; to its owner, and to who may read them all."""
    merchant = get_merchant(session, actor, code)
    now = clock.now()
    midnight = now.astimezone(ZoneInfo(timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    currency = Currency(merchant.float_.currency)
    rows = fetch_all(
        session,
        _MOVED,
        {"owner": merchant.owner_id, "currency": currency, "since": min(midnight, now - timedelta(days=30))},
    )
    today = [row for row in rows if row["created_at"] >= midnight]
    done = [row for row in today if row["state"] == "completed"]

    def total(found: list[dict[str, int]], column: str) -> Money:
        return Money(sum(row[column] for row in found), currency)

    parts = tuple(
        DayPart(kind, len(found), total(found, "amount_minor"), total(found, "earned"))
        for kind in sorted({row["type"] for row in done})
        for found in [[row for row in done if row["type"] == kind]]
    )
    lines = tuple(
        DayLine(
            id=row["id"],
            at=row["created_at"],
            reference=row["reference"],
            type=row["type"],
            state=row["state"],
            other=full_name(row["first_name"] or "", row["last_name"] or "")
            or phone_for(actor, row["phone"])
            or row["party_name"],
            amount=Money(row["amount_minor"], currency),
            moved=Money(row["gain"], currency),
            earned=Money(row["earned"], currency),
        )
        for row in today[:LINES]
    )
    return MerchantDay(merchant, now, parts, lines, total(done, "earned"), total(rows, "earned"))
