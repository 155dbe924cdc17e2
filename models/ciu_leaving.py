"""Health identifiers on their way out: files that were asked for, and what DHIS2 was given."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, document, instant, octets


class ExportKind(StrEnum):
    """What a file holds: counts in which nobody is found, or codes one by one."""

    AGGREGATE = "aggregate"
    ROWS = "rows"


class ExportState(StrEnum):
    """How a file that was asked for stands."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"


EXPORT_STEPS = {
    ExportState.WAITING: frozenset({ExportState.WORKING}),
    ExportState.WORKING: frozenset({ExportState.WAITING, ExportState.DONE, ExportState.FAILED}),
}


class CiuExport(Table, table=True):
    """A file that somebody asked for: made by a worker, kept sealed for a day."""

    __tablename__ = "ciu_export"
    __table_args__ = (
        check("kind", one_of("kind", ExportKind)),
        check("format", "format in ('csv', 'xlsx', 'parquet')"),
        check("state", one_of("state", ExportState)),
        Index("ix_ciu_export_due", "created_at", postgresql_where=text("state in ('waiting', 'working')")),
        Index("ix_ciu_export_kept", "ended_at", postgresql_where=text("content_enc is not null")),
    )

    kind: str
    format: str
    wanted: dict[str, Any] = document()
    language: str = "fr"
    reason: str = ""
    state: str = ExportState.WAITING
    requested_by: UUID | None = Field(default=None, foreign_key="users.id")
    requested_name: str = ""
    started_at: datetime | None = instant()
    ended_at: datetime | None = instant()
    tries: int = 0
    file_name: str = ""
    row_count: int = 0
    size_bytes: int = 0
    failure: str = ""
    content_enc: bytes | None = octets()


class LinkState(StrEnum):
    """What DHIS2 knows of a code."""

    WAITING = "waiting"
    SENT = "sent"
    EXPORTED = "exported"
    CONFLICT = "conflict"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


LINK_STEPS = {
    LinkState.WAITING: frozenset(LinkState) - {LinkState.WAITING},
    LinkState.SENT: frozenset(LinkState) - {LinkState.WAITING, LinkState.SENT},
    LinkState.UNKNOWN: frozenset({LinkState.WAITING, LinkState.EXPORTED}),
    LinkState.CONFLICT: frozenset({LinkState.WAITING, LinkState.EXPORTED}),
    LinkState.REJECTED: frozenset({LinkState.WAITING}),
    LinkState.EXPORTED: frozenset(),
}


class CiuDhis2Link(Table, table=True):
    """A code and its tracked entity in DHIS2, whose `uid` is ours and is stored before the first call.

    `other_uid` is the entity that has the code already, where that is not ours.
    """

    __tablename__ = "ciu_dhis2_link"
    __table_args__ = (
        check("state", one_of("state", LinkState)),
        check("uid", "uid ~ '^[A-Za-z][A-Za-z0-9]{10}$'"),
        Index("ix_ciu_dhis2_link_due", "next_try_at", postgresql_where=text("next_try_at is not null")),
        Index("ix_ciu_dhis2_link_job", "job_id", postgresql_where=text("state = 'sent'")),
        Index("ix_ciu_dhis2_link_state", "state"),
    )

    record_id: UUID = Field(foreign_key="ciu_record.id", ondelete="CASCADE", unique=True)
    uid: str = Field(unique=True)
    state: str = LinkState.WAITING
    next_try_at: datetime | None = instant()
    tries: int = 0
    job_id: str = ""
    sent_at: datetime | None = instant()
    settled_at: datetime | None = instant()
    error_code: str = ""
    message: str = ""
    other_uid: str = ""
