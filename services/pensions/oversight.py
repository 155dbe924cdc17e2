"""Who reads an organisation's pensions without being of it leaves a trace: once an hour for each thing looked at."""

from datetime import timedelta
from uuid import UUID

from core import clock
from core.database import Session, fetch_one
from core.permissions import Actor, Scope
from services import audit
from services.pensions import reading
from services.pensions.shapes import BatchRow

ONCE_IN = timedelta(hours=1)
ACTION = "pensions.read"


def open_batch(session: Session, actor: Actor, bulk_id: str) -> BatchRow:
    """Return a batch to who may read it, and note an outsider."""
    batch = reading.get_batch(session, actor, bulk_id)
    note_batch(session, actor, batch)
    return batch


def note_batch(session: Session, actor: Actor, batch: BatchRow) -> None:
    """Note that an outsider, an administrator of the platform, read a batch."""
    is_insider = any(
        grant.scope is Scope.ORGANISATION and grant.organisation_id == batch.organisation_id for grant in actor.grants
    )
    if not is_insider:
        _note(session, actor, "pension_batch", str(batch.id), batch.bulk_id, batch.organisation_id)


def note_list(session: Session, actor: Actor) -> None:
    """Note that an outsider read lists over all organisations."""
    if actor.is_admin:
        _note(session, actor, "pension_batch", "", "", None)


def _note(
    session: Session, actor: Actor, subject_type: str, subject_id: str, summary: str, organisation_id: UUID | None
) -> None:
    known = fetch_one(
        session,
        """select 1 from audit_entry where subject_type = %(type)s and subject_id = %(id)s and created_at > %(since)s
            and actor_id is not distinct from %(actor)s and action = %(action)s limit 1""",
        {
            "type": subject_type,
            "id": subject_id,
            "since": clock.now() - ONCE_IN,
            "actor": actor.user_id,
            "action": ACTION,
        },
    )
    if known is None:
        audit.record(session, actor, ACTION, subject_type, subject_id, summary, organisation_id=organisation_id)
