"""What two persons must agree on: one asks, another decides."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from core.permissions import Permission
from core.states import one_of
from models.base import Table, check, document, instant


class ApprovalState(StrEnum):
    """An approval is decided once, or ends."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


APPROVAL_STEPS = {
    ApprovalState.WAITING: frozenset(ApprovalState) - {ApprovalState.WAITING},
    **dict.fromkeys(set(ApprovalState) - {ApprovalState.WAITING}, frozenset[ApprovalState]()),
}


class Approval(Table, table=True):
    """One act that waits for a second person; `payload` is the order as it will be carried out."""

    __tablename__ = "approval"
    __table_args__ = (
        check("state", one_of("state", ApprovalState)),
        check("two_persons", "decided_by is null or decided_by <> asked_by or state = 'withdrawn'"),
        # One open question about one thing at a time.
        Index("uq_approval_waiting", "kind", "subject_id", unique=True, postgresql_where=text("state = 'waiting'")),
        Index("ix_approval_subject", "subject_type", "subject_id"),
    )

    kind: str
    subject_type: str
    subject_id: UUID
    summary: str
    payload: dict[str, Any] = document()
    reason: str = ""
    state: str = ApprovalState.WAITING
    asked_by: UUID = Field(foreign_key="users.id")
    decided_by: UUID | None = Field(default=None, foreign_key="users.id")
    decided_at: datetime | None = instant()
    decision_reason: str = ""
    expires_at: datetime | None = instant()


# Who may decide each kind of question, for those who only count; written where kinds are registered.
DECIDERS: dict[str, Permission] = {}
