"""Menus as versioned data: a published version never changes."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Column, UniqueConstraint, Uuid
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, document, instant


class VersionState(StrEnum):
    """The life of a version."""

    DRAFT = "draft"
    REVIEW = "review"
    PUBLISHED = "published"
    RETIRED = "retired"


VERSION_STEPS = {
    VersionState.DRAFT: frozenset({VersionState.REVIEW, VersionState.PUBLISHED}),
    VersionState.REVIEW: frozenset({VersionState.DRAFT, VersionState.PUBLISHED}),
    VersionState.PUBLISHED: frozenset({VersionState.RETIRED}),
    VersionState.RETIRED: frozenset({VersionState.PUBLISHED}),
}


class Flow(Table, table=True):
    """A menu or questionnaire by its key: `wallet`, `service`, `survey:{code}`, `ciu:{key}`."""

    __tablename__ = "flow"

    key: str = Field(unique=True)
    title: str = ""


class FlowVersion(Table, table=True):
    """One document of a flow. `authors` are all who ever saved it: none of them is the second pair of eyes."""

    __tablename__ = "flow_version"
    __table_args__ = (UniqueConstraint("flow_id", "number"), check("state", one_of("state", VersionState)))

    flow_id: UUID = Field(foreign_key="flow.id")
    number: int
    state: str = VersionState.DRAFT
    body: dict[str, Any] = document()
    checksum: str
    lint: dict[str, Any] = document()
    created_by: UUID | None = Field(default=None, foreign_key="users.id")
    authors: list[UUID] = Field(default_factory=list, sa_column=Column(ARRAY(Uuid), nullable=False))
    saved_by: UUID | None = Field(default=None, foreign_key="users.id")
    saved_at: datetime | None = instant()
    reviewed_by: UUID | None = Field(default=None, foreign_key="users.id")
    published_at: datetime | None = instant()
    note: str = ""
