"""Notices: one text for many people, by SMS (or a flash screen), in the inbox of the service menu, or both."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, document, instant


class NoticeState(StrEnum):
    """Written, looked at by a second person where it goes to many, planned, being written to the outbox, done."""

    DRAFT = "draft"
    REVIEW = "review"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    SENT = "sent"
    STOPPED = "stopped"


NOTICE_STEPS = {
    NoticeState.DRAFT: frozenset({NoticeState.REVIEW, NoticeState.SCHEDULED}),
    NoticeState.REVIEW: frozenset({NoticeState.DRAFT, NoticeState.SCHEDULED}),
    NoticeState.SCHEDULED: frozenset({NoticeState.SENDING, NoticeState.STOPPED}),
    NoticeState.SENDING: frozenset({NoticeState.SENT, NoticeState.STOPPED}),
    NoticeState.SENT: frozenset({NoticeState.STOPPED}),
    NoticeState.STOPPED: frozenset[NoticeState](),
}


class Notice(Table, table=True):
    """One notice. `cursor` is the last number written to the outbox, so that any process may go on from there.

    `has_flash`: a screen on the phone instead of the SMS, on the networks that can.
    """

    __tablename__ = "notice"
    __table_args__ = (
        check("state", one_of("state", NoticeState)),
        check("channels", "has_sms or has_inbox"),
        check("flash", "has_sms or not has_flash"),
    )

    name: str
    texts: dict[str, str] = document()
    default_language: str = "fr"
    audience: dict[str, Any] = document()
    has_sms: bool = True
    has_inbox: bool = True
    has_flash: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    state: str = NoticeState.DRAFT
    starts_at: datetime | None = instant()
    tested_checksum: str = ""
    tested_at: datetime | None = instant()
    recipients: int = 0
    written: int = 0
    cursor: str = ""
    created_by: UUID | None = Field(default=None, foreign_key="users.id")
    started_at: datetime | None = instant()
    ended_at: datetime | None = instant()


class NoticeNumber(Table, table=True):
    """One number of a notice that goes to a list of numbers."""

    __tablename__ = "notice_number"
    __table_args__ = (UniqueConstraint("notice_id", "phone"),)

    notice_id: UUID = Field(foreign_key="notice.id", ondelete="CASCADE")
    phone: str
