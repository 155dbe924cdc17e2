"""The trail: what was done, by whom, to what, from where. Never a secret, never a body."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, func, or_, select

from core.database import Session
from core.errors import NotFound
from core.orders import Order
from core.permissions import Actor, Permission
from models.audit import AuditEntry

LARGEST_PAGE = 200


def record(  # noqa: PLR0913  # one call writes one entry; what is rare is named
    session: Session,
    actor: Actor,
    action: str,
    subject_type: str,
    subject_id: str | UUID = "",
    summary: str = "",
    changes: dict[str, Any] | None = None,
    *,
    organisation_id: UUID | None = None,
    is_refusal: bool = False,
) -> None:
    """Write one entry in the transaction that makes the change."""
    session.add(
        AuditEntry(
            actor_id=actor.user_id,
            actor_name=actor.name,
            action=action,
            subject_type=subject_type,
            subject_id=str(subject_id),
            summary=summary,
            changes=changes or {},
            address=actor.address,
            organisation_id=organisation_id,
            is_refusal=is_refusal,
        )
    )


# Reads


class AuditSearch(Order):
    """What to look for in the trail; what is empty does not filter. `text` is found in the summary, action or name."""

    text: str = ""
    actor_id: UUID | None = None
    action: str = ""
    subject_type: str = ""
    subject_id: str = ""
    is_refusal: bool | None = None
    since: datetime | None = None
    until: datetime | None = None
    skip: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One entry of the trail."""

    id: UUID
    created_at: datetime
    actor_id: UUID | None
    actor_name: str
    action: str
    subject_type: str
    subject_id: str
    summary: str
    changes: dict[str, Any]
    address: str
    organisation_id: UUID | None
    is_refusal: bool


def list_entries(session: Session, actor: Actor, search: AuditSearch) -> tuple[list[AuditRow], int]:
    """Return one page of the trail, newest first, and how many entries match."""
    actor.require(Permission.AUDIT_READ)
    conditions = _conditions(search)
    total = session.exec(select(func.count()).select_from(AuditEntry).where(*conditions)).one()
    entries = session.exec(
        select(AuditEntry)
        .where(*conditions)
        .order_by(col(AuditEntry.created_at).desc(), col(AuditEntry.id).desc())
        .offset(max(search.skip, 0))
        .limit(min(max(search.limit, 1), LARGEST_PAGE))
    )
    return [_row(entry) for entry in entries], total


def get_entry(session: Session, actor: Actor, entry_id: UUID) -> AuditRow:
    """Return one entry of the trail."""
    actor.require(Permission.AUDIT_READ)
    entry = session.get(AuditEntry, entry_id)
    if entry is None:
        raise NotFound(thing="audit_entry")
    return _row(entry)


def list_history(session: Session, subject_type: str, subject_id: str | UUID, limit: int = 50) -> list[AuditRow]:
    """Return what happened to one thing, newest first; the caller has checked that the actor may read the thing."""
    entries = session.exec(
        select(AuditEntry)
        .where(AuditEntry.subject_type == subject_type, AuditEntry.subject_id == str(subject_id))
        .order_by(col(AuditEntry.created_at).desc(), col(AuditEntry.id).desc())
        .limit(min(max(limit, 1), LARGEST_PAGE))
    )
    return [_row(entry) for entry in entries]


def _conditions(search: AuditSearch) -> list[Any]:
    exact = {
        AuditEntry.actor_id: search.actor_id,
        AuditEntry.action: search.action or None,
        AuditEntry.subject_type: search.subject_type or None,
        AuditEntry.subject_id: search.subject_id or None,
        AuditEntry.is_refusal: search.is_refusal,
    }
    conditions: list[Any] = [col(column) == wanted for column, wanted in exact.items() if wanted is not None]
    if search.since is not None:
        conditions.append(col(AuditEntry.created_at) >= search.since)
    if search.until is not None:
        conditions.append(col(AuditEntry.created_at) < search.until)
    if search.text:
        texts = (AuditEntry.summary, AuditEntry.action, AuditEntry.actor_name)
        wanted = func.french_key(search.text)
        conditions.append(or_(*(func.strpos(func.french_key(text), wanted) > 0 for text in texts)))
    return conditions


def _row(entry: AuditEntry) -> AuditRow:
    return AuditRow(
        id=entry.id,
        created_at=entry.created_at,
        actor_id=entry.actor_id,
        actor_name=entry.actor_name,
        action=entry.action,
        subject_type=entry.subject_type,
        subject_id=entry.subject_id,
        summary=entry.summary,
        changes=entry.changes,
        address=entry.address,
        organisation_id=entry.organisation_id,
        is_refusal=entry.is_refusal,
    )
