"""Surveys as screens and verbs read them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from core.database import Session, fetch_all, fetch_one
from core.permissions import Actor, Permission
from models.surveys import Survey, SurveyQuestion
from services.audiences import Audience
from services.surveys.orders import QuestionDraft, SurveyNotFound, SurveyRow

LARGEST_PAGE = 200

_WHERE = (
    "(%(state)s = '' or s.state = %(state)s) and (%(search)s = '' or s.name ilike %(like)s or s.code ilike %(like)s)"
)
_COUNTED = """
select s.*, coalesce(r.started, 0) as started, coalesce(r.completed, 0) as completed
from survey s left join lateral (
    select count(*) as started, count(*) filter (where state = 'complete') as completed
    from survey_run where survey_id = s.id) r on true
"""


def list_surveys(
    session: Session, actor: Actor, *, search: str = "", state: str = "", limit: int = 50, offset: int = 0
) -> list[SurveyRow]:
    """Return the surveys, newest first, without their questions."""
    actor.require(Permission.USSD_READ)
    asked = _asked(search, state) | {"limit": min(limit, LARGEST_PAGE), "offset": offset}
    query = f"{_COUNTED} where {_WHERE} order by s.created_at desc, s.id limit %(limit)s offset %(offset)s"
    return [_row(row, ()) for row in fetch_all(session, query, asked)]


def count_surveys(session: Session, actor: Actor, *, search: str = "", state: str = "") -> int:
    """Return how many `list_surveys` would page through."""
    actor.require(Permission.USSD_READ)
    found = fetch_one(session, f"select count(*) as surveys from survey s where {_WHERE}", _asked(search, state))
    return int(found["surveys"]) if found else 0


def get_survey(session: Session, actor: Actor, survey_id: UUID) -> SurveyRow:
    """Return one survey with its questions."""
    actor.require(Permission.USSD_READ)
    row = fetch_one(session, f"{_COUNTED} where s.id = %s", (survey_id,))
    if row is None:
        raise SurveyNotFound
    return _row(row, tuple(questions_of(session, survey_id)))


def row_of(session: Session, survey: Survey) -> SurveyRow:
    """Return a survey that a verb has just changed."""
    row = fetch_one(session, f"{_COUNTED} where s.id = %s", (survey.id,))
    assert row is not None  # noqa: S101  # it is in this transaction
    return _row(row, tuple(questions_of(session, survey.id)))


def questions_of(session: Session, survey_id: UUID) -> list[QuestionDraft]:
    """Return the questions of a survey in order."""
    rows = session.exec(
        select(SurveyQuestion).where(SurveyQuestion.survey_id == survey_id).order_by(col(SurveyQuestion.number))
    )
    return [QuestionDraft.model_validate(row.model_dump()) for row in rows]


def _asked(search: str, state: str) -> dict[str, Any]:
    return {"search": search.strip(), "like": f"%{search.strip()}%", "state": state}


def _row(row: Mapping[str, Any], questions: tuple[QuestionDraft, ...]) -> SurveyRow:
    names = ("id", "code", "name", "opens_at", "closes_at", "has_one_answer_per_phone", "quota", "is_anonymous")
    times = ("state", "created_at", "opened_at", "closed_at", "started", "completed")
    return SurveyRow(
        **{name: row[name] for name in (*names, *times)},
        languages=tuple(row["languages"]),
        audience=Audience.model_validate(row["audience"]),
        questions=questions,
    )
