"""The trail: one entry for every change, written in the transaction that made it, never altered."""

from typing import Any
from uuid import UUID

from sqlalchemy import Index

from models.base import Table, document


class AuditEntry(Table, table=True):
    """Who did what to what, when, from where. Never a secret, never a body."""

    __tablename__ = "audit_entry"
    __table_args__ = (
        Index("ix_audit_entry_subject", "subject_type", "subject_id", "created_at"),
        Index("ix_audit_entry_created_at", "created_at"),
        Index("ix_audit_entry_actor", "actor_id", "created_at"),
    )

    actor_id: UUID | None = None
    actor_name: str
    action: str
    subject_type: str
    subject_id: str = ""
    summary: str = ""
    changes: dict[str, Any] = document()
    address: str = ""
    organisation_id: UUID | None = None
    is_refusal: bool = False
