"""A number shown in full: for ten minutes, to whoever gave a reason; the trail is the permit."""

from datetime import datetime, timedelta
from uuid import UUID

from core import clock
from core.database import Session, fetch_one
from core.errors import Forbidden, NotFound
from core.orders import Order
from core.permissions import Actor, Permission
from services import audit
from services.ciu.reasons import Reason

KEPT = timedelta(minutes=10)
REVEAL, SUBJECT = "ciu.reveal", "ciu_record"


class RevealPhones(Order):
    """Somebody must read the numbers behind a code, and why."""

    record_id: UUID
    reason: Reason


def reveal_phones(session: Session, actor: Actor, order: RevealPhones) -> datetime:
    """Let this person, and nobody else, read the numbers of a code; return until when."""
    actor.require(Permission.CIU_ACT)
    if actor.user_id is None:
        raise Forbidden(required=Permission.CIU_ACT.value)
    known = fetch_one(
        session,
        "select 1 from ciu_record where id = %s and forgotten_at is null and not is_test",
        (order.record_id,),
    )
    if known is None:
        raise NotFound(thing=SUBJECT)
    audit.record(session, actor, REVEAL, SUBJECT, order.record_id, order.reason)
    return clock.now() + KEPT


# Reads


def get_revealed_until(session: Session, actor: Actor, record_id: UUID) -> datetime | None:
    """Return until when this person may read the numbers of a code, None when he may not."""
    actor.require(Permission.CIU_ACT)
    row = fetch_one(
        session,
        """
        select max(created_at) as at from audit_entry
        where subject_type = %s and subject_id = %s and action = %s and actor_id = %s and created_at > %s
        """,
        (SUBJECT, str(record_id), REVEAL, actor.user_id, clock.now() - KEPT),
    )
    return row["at"] + KEPT if row and row["at"] else None
