"""Surveys asked on phones: their questions, who took part, and each answer kept when it was given."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlmodel import Field

from core.states import one_of
from models.base import Table, check, document, instant, octets


class SurveyState(StrEnum):
    """A survey is written, asked, then closed for good."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


SURVEY_STEPS = {
    SurveyState.DRAFT: frozenset({SurveyState.OPEN}),
    SurveyState.OPEN: frozenset({SurveyState.CLOSED}),
    SurveyState.CLOSED: frozenset[SurveyState](),
}


class Survey(Table, table=True):
    """One survey. `key_sealed` makes the respondents of an anonymous one; closing destroys it."""

    __tablename__ = "survey"
    __table_args__ = (
        check("state", one_of("state", SurveyState)),
        check("quota", "quota is null or quota > 0"),
        check("dates", "closes_at is null or opens_at is null or closes_at > opens_at"),
        Index("ix_survey_open", "closes_at", postgresql_where=text("state = 'open'")),
    )

    code: str = Field(unique=True)
    name: str
    languages: list[str] = document(default_factory=list)
    opens_at: datetime | None = instant()
    closes_at: datetime | None = instant()
    has_one_answer_per_phone: bool = True
    quota: int | None = None
    audience: dict[str, Any] = document()
    is_anonymous: bool = False
    key_sealed: bytes | None = octets()
    state: str = SurveyState.DRAFT
    created_by: UUID | None = Field(default=None, foreign_key="users.id")
    opened_at: datetime | None = instant()
    closed_at: datetime | None = instant()


class QuestionKind(StrEnum):
    """What is asked: one of a few, a number, a mark on a scale, a few words; or nothing, only told."""

    CHOICE = "choice"
    NUMBER = "number"
    SCALE = "scale"
    TEXT = "text"
    INFO = "info"


class SurveyQuestion(Table, table=True):
    """One question; `next` is `end`, `screen_out`, a later question, or empty for the one that follows."""

    __tablename__ = "survey_question"
    __table_args__ = (
        UniqueConstraint("survey_id", "code"),
        UniqueConstraint("survey_id", "number"),
        check("kind", one_of("kind", QuestionKind)),
    )

    survey_id: UUID = Field(foreign_key="survey.id", ondelete="CASCADE")
    number: int
    code: str
    kind: str
    text: dict[str, str] = document()
    options: list[dict[str, Any]] = document(default_factory=list)
    is_required: bool = True
    minimum: int | None = None
    maximum: int | None = None
    next: str = ""


class RunState(StrEnum):
    """How far somebody came."""

    OPEN = "open"
    COMPLETE = "complete"
    SCREENED_OUT = "screened_out"


RUN_STEPS = {
    RunState.OPEN: frozenset({RunState.COMPLETE, RunState.SCREENED_OUT}),
    RunState.COMPLETE: frozenset[RunState](),
    RunState.SCREENED_OUT: frozenset[RunState](),
}


class SurveyRun(Table, table=True):
    """One participation. `respondent` is the number, or its keyed digest where the survey is anonymous.

    An anonymous run keeps the day and no hour, and an id that tells no time: nothing leads from it to a dialogue.
    """

    __tablename__ = "survey_run"
    __table_args__ = (
        UniqueConstraint("survey_id", "respondent", "ordinal"),
        check("state", one_of("state", RunState)),
        Index("ix_survey_run_state", "survey_id", "state"),
    )

    survey_id: UUID = Field(foreign_key="survey.id")
    respondent: str
    ordinal: int = 1
    state: str = RunState.OPEN
    at_question: str = ""
    day: date
    network: str = ""
    language: str = "fr"


class SurveyAnswer(Table, table=True):
    """One answer of one run, kept when it was given; an empty `value` is a question passed over."""

    __tablename__ = "survey_answer"
    __table_args__ = (UniqueConstraint("run_id", "question_id"),)

    run_id: UUID = Field(foreign_key="survey_run.id", ondelete="CASCADE")
    question_id: UUID = Field(foreign_key="survey_question.id", index=True)
    value: str = ""
    tags: list[str] = document(default_factory=list)
