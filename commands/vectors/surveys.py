"""The surveys and notices of the dialogue vectors, and what is left of them afterwards."""

from typing import Any
from uuid import UUID

from core.database import Database, Session, driver, fetch_all
from core.permissions import SYSTEM
from models.messages import Channel
from services import surveys
from services.messages import OutgoingMessage, enqueue
from services.surveys import OptionDraft, QuestionDraft, SaveSurvey


def write(session: Session, world: dict[str, Any]) -> None:
    """Open the surveys of a world and put its notices in the inboxes."""
    for survey in world.get("surveys", ()):
        open_one(session, survey["code"], survey["name"], [_question(each) for each in survey["questions"]])
    for number, notice in enumerate(world.get("notices", ())):
        inbox(session, notice["phone"], notice["text"], str(number))


def open_one(session: Session, code: str, name: str, questions: list[QuestionDraft], **more: Any) -> UUID:
    """Write a survey and open it; lint has its own tests."""
    order = SaveSurvey(code=code, name=name, questions=tuple(questions), **more)
    saved = surveys.save_survey(session, SYSTEM, order)
    return surveys.open_survey(session, SYSTEM, saved.id, lambda _body: ()).id


def inbox(session: Session, phone: str, text: str, key: str) -> None:
    """Put a notice in somebody's inbox."""
    enqueue(
        session,
        OutgoingMessage(
            dedupe_key=f"notice:{key}:{phone}:in_app",
            type="information",
            channel=Channel.IN_APP,
            address=phone,
            template_code="information",
            variables={"texte": text},
            priority=3,
        ),
    )


def _question(row: dict[str, Any]) -> QuestionDraft:
    return QuestionDraft(
        code=row["code"],
        kind=row["type"],
        text={"fr": row["text"]},
        options=tuple(
            OptionDraft(key=option["key"], label={"fr": option["label"]}, next=option.get("next", ""))
            for option in row.get("options", ())
        ),
    )


def answers(database: Database) -> list[list[str]]:
    """Return every answer as the vectors write it: who, survey, question, value."""
    with database.transaction() as session:
        rows = driver(session).execute(
            "select r.respondent, s.code, q.code, a.value from survey_answer a join survey_run r on r.id = a.run_id"
            " join survey s on s.id = r.survey_id join survey_question q on q.id = a.question_id"
            " order by r.created_at, r.id, q.number"
        )
        return [list(row) for row in rows.fetchall()]


def completed(database: Database, code: str) -> int:
    """Count who answered a survey to its end."""
    with database.transaction() as session:
        rows = fetch_all(
            session,
            "select count(*) as n from survey_run r join survey s on s.id = r.survey_id"
            " where s.code = %s and r.state = 'complete'",
            (code,),
        )
    return int(rows[0]["n"])


def opted_out(database: Database) -> list[str]:
    """Return the numbers that want no SMS."""
    with database.transaction() as session:
        rows = driver(session).execute(
            "select address from suppression where channel = 'sms' and ended_at is null order by address"
        )
        return [row[0] for row in rows.fetchall()]
