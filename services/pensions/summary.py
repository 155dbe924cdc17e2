"""What a person reads before confirming a batch: its sums by type and purpose, and the payments to look at twice."""

from dataclasses import dataclass
from typing import Any

from core.database import Session, fetch_all, fetch_one
from core.permissions import Actor
from services.pensions import payment_reading, reading
from services.pensions.files.totals import Sum
from services.pensions.shapes import PaymentRow

MOST_BIGGEST = 10
MOST_SHOWN = 50
MOST_ASIDE = 200

# The repairs of `core.phone`: Benin's numbers of before 2024 got `01`, Cameroon's of before 2014 a `6`.
_DIGITS = r"ltrim(regexp_replace(p.identifier_raw, '\D', '', 'g'), '0')"
_REPAIRED = f"""p.id_type = 'MSISDN' and (
    p.identifier like '+22901%%' and {_DIGITS} in (ltrim(right(p.identifier, 8), '0'), '229' || right(p.identifier, 8))
    or p.identifier like '+2376%%' and {_DIGITS} in (right(p.identifier, 8), '237' || right(p.identifier, 8)))"""
_REPEATED = "p.occurrence > 1"
_DIFFERING = "p.name_verdict = 'different'"

_SUMS = """
select grouping(id_type) = 0 as is_type, grouping(purpose) = 0 as is_purpose, id_type, purpose, name_verdict,
    count(*) as payments, sum(amount_minor)::bigint as amount
from pension_payment where batch_id = %s group by grouping sets ((id_type), (purpose), (name_verdict))
order by payments desc, 3, 4, 5
"""
# What was counted when the file was read need not be counted again; a retry has no file.
_COUNTED = "select (totals->>'repaired')::int as repaired, (totals->>'same_person')::int as repeated from pension_file"
_COUNTS = f"""
select count(*) filter (where {_REPAIRED}) as repaired, count(*) filter (where {_REPEATED}) as repeated
from pension_payment p where p.batch_id = %(batch)s
"""


@dataclass(frozen=True, slots=True)
class Summary:
    """One batch before it is sent. Lists hold the first of each kind, the counts hold them all."""

    by_type: dict[str, Sum]
    by_purpose: dict[str, Sum]
    by_verdict: dict[str, int]
    repaired_count: int
    repeated_count: int
    biggest: tuple[PaymentRow, ...]
    repaired: tuple[PaymentRow, ...]
    repeated: tuple[PaymentRow, ...]
    differing: tuple[PaymentRow, ...]

    @property
    def differing_count(self) -> int:
        """How many payees the switch knows under another name."""
        return self.by_verdict.get("different", 0)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A right row of a draft whose payee another batch of the cycle pays: it goes on only if somebody accepts it."""

    line: int
    name: str
    identifier: str
    purpose: str
    amount_minor: int
    paid_by: str


def get_summary(session: Session, actor: Actor, bulk_id: str) -> Summary:
    """Return the sums of a batch and what stands out in it."""
    batch = reading.get_batch(session, actor, bulk_id)
    sums = fetch_all(session, _SUMS, (batch.id,))
    counted = fetch_one(session, f"{_COUNTED} where id = %s and totals ? 'repaired'", (batch.file_id,))
    counted = counted or fetch_one(session, _COUNTS, {"batch": batch.id}) or {}

    def some(where: str, order: str = "p.line", limit: int = MOST_SHOWN) -> tuple[PaymentRow, ...]:
        query = f"{payment_reading.PAYMENTS} where p.batch_id = %(batch)s and {where} order by {order} limit %(limit)s"
        rows = fetch_all(session, query, {"batch": batch.id, "limit": limit})
        return tuple(map(payment_reading.payment_row, rows))

    return Summary(
        by_type={row["id_type"]: _sum(row) for row in sums if row["is_type"]},
        by_purpose={row["purpose"]: _sum(row) for row in sums if row["is_purpose"]},
        by_verdict={row["name_verdict"]: row["payments"] for row in sums if not row["is_type"] | row["is_purpose"]},
        repaired_count=counted["repaired"],
        repeated_count=counted["repeated"],
        biggest=some("true", "p.amount_minor desc, p.line", MOST_BIGGEST),
        repaired=some(_REPAIRED) if counted["repaired"] else (),
        repeated=some(_REPEATED) if counted["repeated"] else (),
        differing=some(_DIFFERING, "p.amount_minor desc, p.line"),
    )


def list_differing(session: Session, actor: Actor, bulk_id: str) -> tuple[PaymentRow, ...]:
    """Return the payees whom the switch knows under another name, the largest amounts first."""
    batch = reading.get_batch(session, actor, bulk_id)
    query = (
        f"{payment_reading.PAYMENTS} where p.batch_id = %(batch)s and {_DIFFERING}"
        " order by p.amount_minor desc, p.line limit %(limit)s"
    )
    rows = fetch_all(session, query, {"batch": batch.id, "limit": MOST_SHOWN})
    return tuple(map(payment_reading.payment_row, rows))


def list_set_aside(session: Session, actor: Actor, bulk_id: str) -> tuple[SetAside, ...]:
    """Return the rows of a draft that wait for somebody's word, in file order; `paid_by` names the other batch."""
    batch = reading.get_batch(session, actor, bulk_id)
    rows = fetch_all(
        session,
        """select s.line, s.name, s.identifier, s.purpose, s.amount_minor, coalesce((
            select e.see from pension_file_error e where e.file_id = %(file)s and e.line = s.line
                and e.code = 'already_paid_this_cycle' limit 1), '') as paid_by
        from pension_set_aside s where s.batch_id = %(batch)s order by s.line limit %(limit)s""",
        {"batch": batch.id, "file": batch.file_id, "limit": MOST_ASIDE},
    )
    return tuple(SetAside(**row) for row in rows)


def count_by_reason(session: Session, actor: Actor, bulk_id: str) -> list[tuple[PaymentRow, Sum]]:
    """Return why payments of a batch are not paid, the most frequent first: one payment as an example of each."""
    batch = reading.get_batch(session, actor, bulk_id)
    rows = fetch_all(
        session,
        f"""with reasons as (
            select code, reason, min(line) as line, count(*) as payments, sum(amount_minor)::bigint as amount
            from pension_payment where batch_id = %(batch)s and stage = 'FAILED' group by code, reason)
        select s.*, r.payments, r.amount from reasons r
        join ({payment_reading.PAYMENTS} where p.batch_id = %(batch)s and p.stage = 'FAILED') s using (line)
        order by r.payments desc, line""",
        {"batch": batch.id},
    )
    return [(payment_reading.payment_row(row), _sum(row)) for row in rows]


def _sum(row: dict[str, Any]) -> Sum:
    return Sum(int(row["payments"]), int(row["amount"]))
