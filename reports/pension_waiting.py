"""What of pensions needs a person, or runs: batches to approve, payments to clear up, batches on their way."""

from typing import Any
from uuid import UUID

from core.database import Session, fetch_all
from core.i18n import t
from core.money import Currency, Money
from core.permissions import Actor, Permission
from reports.waiting import Waiting

MOST = 5

_DONE = ("completed", "failed", "cancelled", "reversed")
_BATCHES = f"""
select b.bulk_id, b.cycle, b.stage, b.currency, b.total_count, b.total_minor, b.organisation_id, b.created_by,
    b.confirmed_by, b.confirmed_at, o.name as organisation, {" + ".join(f"b.{stage}_count" for stage in _DONE)} as done,
    trim(u.first_name || ' ' || u.last_name) as confirmed_by_name
from pension_batch b join organisation o on o.id = b.organisation_id left join users u on u.id = b.confirmed_by
where b.organisation_id = any(%(organisations)s) and b.stage = any(%(stages)s)
order by b.created_at desc, b.id desc limit %(most)s
"""
_DOUBT = """
select b.currency, sum(b.unknown_count + b.held_count)::bigint as count,
    sum(b.unknown_minor + b.held_minor)::bigint as amount, min(b.started_at) as since
from pension_batch b
where b.completed_at is null and b.seal <> '' and b.organisation_id = any(%s) and b.unknown_count + b.held_count > 0
group by b.currency order by b.currency
"""


def list_waiting(session: Session, actor: Actor) -> list[Waiting]:
    """Return what this actor must decide or clear up, then what runs in the organisations he reads."""
    rows = fetch_all(session, "select id from organisation")
    mine = [row["id"] for row in rows if actor.may(Permission.PENSIONS_READ, row["id"])]
    return [*_to_approve(session, actor, mine), *_in_doubt(session, mine), *_under_way(session, mine)]


def _batches(session: Session, mine: list[UUID], *stages: str) -> list[dict[str, Any]]:
    return fetch_all(session, _BATCHES, {"organisations": mine, "stages": list(stages), "most": MOST})


def _to_approve(session: Session, actor: Actor, mine: list[UUID]) -> list[Waiting]:
    return [
        Waiting(
            "pension_approval",
            "approval_delegation",
            "accent",
            row["cycle"],
            t("{count} pensions, confirmé par {name}").format(count=row["total_count"], name=row["confirmed_by_name"]),
            1,
            row["confirmed_at"],
            (Money(row["total_minor"], Currency(row["currency"])),),
            subject=row["bulk_id"],
        )
        for row in _batches(session, mine, "AWAITING_APPROVAL")
        if actor.may(Permission.PENSIONS_APPROVE, row["organisation_id"])
        and actor.user_id not in {row["created_by"], row["confirmed_by"]}
    ]


def _in_doubt(session: Session, mine: list[UUID]) -> list[Waiting]:
    rows = fetch_all(session, _DOUBT, (mine,))
    count = sum(row["count"] for row in rows)
    if not count:
        return []
    return [
        Waiting(
            "pension_doubt",
            "help",
            "ochre",
            t("Pensions à éclaircir : {count}").format(count=count),
            t("Ne renvoyez pas : le paiement est peut-être déjà fait."),
            count,
            min((row["since"] for row in rows if row["since"]), default=None),
            tuple(Money(row["amount"], Currency(row["currency"])) for row in rows),
        )
    ]


def _under_way(session: Session, mine: list[UUID]) -> list[Waiting]:
    return [
        Waiting(
            "pension_batch",
            "sync" if row["stage"] == "PROCESSING" else "pause",
            "blue" if row["stage"] == "PROCESSING" else "ochre",
            row["cycle"],
            row["organisation"],
            1,
            amounts=(Money(row["total_minor"], Currency(row["currency"])),),
            subject=row["bulk_id"],
            progress=row["done"] / row["total_count"] if row["total_count"] else 0.0,
        )
        for row in _batches(session, mine, "PROCESSING", "PAUSED", "CANCELLING")
    ]
