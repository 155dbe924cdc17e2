"""What of pensions needs a person, or runs: batches to approve, payments to clear up, batches on their way."""

from core.database import Session, fetch_all
from core.i18n import t
from core.money import Currency, Money
from core.permissions import Actor, Permission
from models.pension_stages import BatchStage
from reports.waiting import Waiting
from services.pensions import reading
from services.pensions.reading import BatchSearch
from services.pensions.shapes import BatchRow
from services.pensions.stages import AT_WORK

MOST = 5

_DOUBT = """
select b.currency, sum(b.unknown_count + b.held_count)::bigint as count,
    sum(b.unknown_minor + b.held_minor)::bigint as amount, min(b.started_at) as since
from pension_batch b
where b.completed_at is null and b.seal <> '' and b.organisation_id = any(%s) and b.unknown_count + b.held_count > 0
group by b.currency order by b.currency
"""


def list_waiting(session: Session, actor: Actor) -> list[Waiting]:
    """Return what this actor must decide or clear up, then what runs in the organisations he reads."""
    return [*_to_approve(session, actor), *_in_doubt(session, actor), *_under_way(session, actor)]


def _to_approve(session: Session, actor: Actor) -> list[Waiting]:
    search = BatchSearch(stages=(BatchStage.AWAITING_APPROVAL,))
    found = reading.list_batches(session, actor, search, limit=MOST).batches
    return [_approval(batch) for batch in found if _may_approve(actor, batch)]


def _may_approve(actor: Actor, batch: BatchRow) -> bool:
    hands = {one.user_id for one in (batch.created_by, batch.confirmed_by) if one is not None}
    return actor.may(Permission.PENSIONS_APPROVE, batch.organisation_id) and actor.user_id not in hands


def _approval(batch: BatchRow) -> Waiting:
    confirmed = batch.confirmed_by or batch.created_by
    return Waiting(
        "pension_approval",
        "approval_delegation",
        "accent",
        batch.cycle,
        t("{count} pensions, confirmé par {name}").format(count=batch.total.count, name=confirmed.name),
        1,
        confirmed.at,
        (batch.money(batch.total.amount_minor),),
        subject=batch.bulk_id,
    )


def _in_doubt(session: Session, actor: Actor) -> list[Waiting]:
    rows = fetch_all(session, _DOUBT, (reading.readable(session, actor, None),))
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


def _under_way(session: Session, actor: Actor) -> list[Waiting]:
    found = reading.list_batches(session, actor, BatchSearch(stages=AT_WORK), limit=MOST).batches
    return [
        Waiting(
            "pension_batch",
            "sync" if batch.stage is BatchStage.PROCESSING else "pause",
            "blue" if batch.stage is BatchStage.PROCESSING else "ochre",
            batch.cycle,
            batch.organisation_name,
            1,
            amounts=(batch.money(batch.total.amount_minor),),
            subject=batch.bulk_id,
            progress=batch.progress_percent / 100,
        )
        for batch in found
    ]
