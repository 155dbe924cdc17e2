"""A batch's counters: how many payments, and how much, stand in each stage; kept by whoever moves a payment.

The order of locks is the batch's row first, payments by id, ledger accounts by id (specification, D.4).
"""

from collections import Counter
from collections.abc import Mapping
from uuid import UUID

from core import live
from core.database import Session, driver
from models.pension_stages import PaymentStage
from services.pensions.files.totals import Sum

TOPIC = "pensions"

Moves = Mapping[tuple[PaymentStage, PaymentStage], Sum]


def batch_topic(batch_id: UUID) -> str:
    """Return the bell of one batch."""
    return f"pension:{batch_id}"


def shift(session: Session, batch_id: UUID, moves: Moves, fees_minor: int = 0) -> None:
    """Count payments out of their old stages and into the new: one update, one new version, both bells.

    A count that would fall below zero breaks a CHECK of the table, and with it the transaction.
    """
    changes: Counter[str] = Counter()
    for (was, now), moved in moves.items():
        changes[f"{was.lower()}_count"] -= moved.count
        changes[f"{was.lower()}_minor"] -= moved.amount_minor
        changes[f"{now.lower()}_count"] += moved.count
        changes[f"{now.lower()}_minor"] += moved.amount_minor
    changes["fees_minor"] += fees_minor
    values = {name: change for name, change in changes.items() if change}
    if not values:
        return
    assignments = "".join(f"{name} = {name} + %({name})s, " for name in values)
    driver(session).execute(
        f"update pension_batch set {assignments}version = version + 1 where id = %(id)s", {**values, "id": batch_id}
    )
    ring(session, batch_id)


def ring(session: Session, batch_id: UUID) -> None:
    """Tell the pages and streams that follow pensions, or this batch, once the change stands."""
    live.ring_after_commit(session, TOPIC, batch_topic(batch_id))
