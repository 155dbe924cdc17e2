"""A batch beside the cycle before: who is new, who is gone, whose amount changed. What an approver looks at first."""

from dataclasses import dataclass
from typing import Any

from core.database import Session, fetch_all, fetch_one
from core.permissions import Actor
from services.pensions import reading
from services.pensions.files.totals import Sum

MOST_SHOWN = 100

_EARLIER = """
select cycle from pension_batch
where organisation_id = %(organisation)s and cycle < %(cycle)s and seal <> ''
    and stage not in ('REJECTED', 'CANCELLED', 'EXPIRED')
order by cycle desc limit 1
"""
# One line a person and purpose on either side; a person paid twice in a cycle counts with both amounts.
_SIDES = """
with now as (
    select id_type, identifier, purpose, max(name) as name, sum(amount_minor) as amount, min(line) as line
    from pension_payment where batch_id = %(batch)s group by 1, 2, 3
), before as (
    select p.id_type, p.identifier, p.purpose, max(p.name) as name, sum(p.amount_minor) as amount
    from pension_payment p join pension_batch b on b.id = p.batch_id
    where b.organisation_id = %(organisation)s and b.cycle = %(earlier)s and b.seal <> ''
        and b.stage not in ('REJECTED', 'CANCELLED', 'EXPIRED') and p.stage not in ('CANCELLED', 'FAILED')
    group by 1, 2, 3
), pairs as (
    select id_type, identifier, purpose, coalesce(nullif(now.name, ''), before.name) as name, now.line,
        coalesce(before.amount, 0)::bigint as was, coalesce(now.amount, 0)::bigint as is_now,
        case when before.amount is null then 'new' when now.amount is null then 'gone'
            when now.amount <> before.amount then 'changed' else 'same' end as kind
    from now full join before using (id_type, identifier, purpose)
)
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """One person who is not paid as in the cycle before; amounts in minor units, 0 where there was none."""

    kind: str  # new, gone, changed
    line: int | None
    id_type: str
    identifier: str
    purpose: str
    name: str
    was_minor: int
    now_minor: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """How a batch differs from the cycle before it; `changed.amount_minor` is the sum of the differences."""

    earlier_cycle: str
    same: Sum
    new: Sum
    gone: Sum
    changed: Sum
    shown: tuple[Difference, ...]


def compare_with_last_cycle(session: Session, actor: Actor, bulk_id: str) -> Comparison | None:
    """Return what differs from the organisation's last cycle, the largest first; None without an earlier one."""
    batch = reading.get_batch(session, actor, bulk_id)
    about: dict[str, Any] = {"batch": batch.id, "organisation": batch.organisation_id, "cycle": batch.cycle}
    found = fetch_one(session, _EARLIER, about)
    if found is None:
        return None
    about |= {"earlier": found["cycle"], "most": MOST_SHOWN}
    sums = {
        row["kind"]: Sum(row["persons"], int(row["difference"]))
        for row in fetch_all(
            session,
            f"{_SIDES} select kind, count(*) as persons, sum(is_now - was) as difference from pairs group by kind",
            about,
        )
    }
    rows = fetch_all(
        session,
        f"{_SIDES} select * from pairs where kind <> 'same' order by abs(is_now - was) desc, line limit %(most)s",
        about,
    )
    return Comparison(
        earlier_cycle=found["cycle"],
        shown=tuple(_difference(row) for row in rows),
        **{kind: sums.get(kind, Sum()) for kind in ("same", "new", "gone", "changed")},
    )


def _difference(row: dict[str, Any]) -> Difference:
    copied = ("kind", "line", "id_type", "identifier", "purpose", "name")
    return Difference(was_minor=row["was"], now_minor=row["is_now"], **{name: row[name] for name in copied})
