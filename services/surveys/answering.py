"""Taking part: which surveys a number is asked, one run begun, each answer kept when it is given."""

import hmac
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID, uuid4

from core import clock, ids
from core.database import Session, driver, fetch_all, fetch_one
from core.orders import Order
from core.phone import issuer_of
from core.security import open_secret
from core.states import transition
from models.surveys import RUN_STEPS, QuestionKind, RunState, SurveyRun
from services import audiences
from services.audiences import Audience
from services.surveys.orders import END, LONGEST_TEXT, SCREEN_OUT, SurveyNotFound
from services.surveys.questionnaire import SKIP_KEY
from services.surveys.verbs import key_context

DIGEST_CHARACTERS = 32

Verdict = Literal["ok", "again", "closed"]


@dataclass(frozen=True, slots=True)
class OpenSurvey:
    """One survey a number may be asked; `is_answered` when it has said all already."""

    code: str
    name: str
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Begun:
    """Whether a run goes on, which, and from which question (empty: the first)."""

    verdict: Verdict
    run_id: UUID | None = None
    at_question: str = ""


class BeginRun(Order):
    """A number takes a survey up."""

    code: str
    phone: str
    language: str
    timezone: str


class KeepAnswer(Order):
    """One answer as it was typed, and the question it leads to (`end`, `screen_out`)."""

    run_id: UUID
    question: str
    answer: str
    next: str


_OPEN = """
select * from survey
where state = 'open' and (opens_at is null or opens_at <= %(now)s) and (closes_at is null or closes_at > %(now)s)
"""
_RUNS = """
select state, id, at_question, ordinal from survey_run
where survey_id = %s and respondent = %s order by ordinal desc limit 1
"""
_INSERT = """
insert into survey_run (id, created_at, survey_id, respondent, ordinal, state, at_question, day, network, language)
values (%(id)s, %(at)s, %(survey)s, %(respondent)s, %(ordinal)s, 'open', '', %(day)s, %(network)s, %(language)s)
on conflict (survey_id, respondent, ordinal) do update set language = excluded.language
returning id, at_question, state
"""
_KEEP = """
insert into survey_answer (id, created_at, run_id, question_id, value, tags)
values (%(id)s, %(at)s, %(run)s, %(question)s, %(value)s, '[]')
on conflict (run_id, question_id) do update set value = excluded.value
"""


def begin_run(session: Session, order: BeginRun) -> Begun:
    """Begin a run, or go on with the one left half-way; `again` when all was said, `closed` when nobody is asked."""
    survey = fetch_one(session, f"{_OPEN} and code = %(code)s", {"now": clock.now(), "code": order.code})
    if survey is None or not _is_meant(session, survey, order.phone):
        return Begun("closed")
    respondent = _respondent(survey, order.phone)
    last = fetch_one(session, _RUNS, (survey["id"], respondent))
    if last is not None and last["state"] == RunState.OPEN:
        return Begun("ok", last["id"], last["at_question"])
    if last is not None and survey["has_one_answer_per_phone"]:
        return Begun("again")
    if _is_full(session, survey):
        return Begun("closed")
    is_anonymous, now = survey["is_anonymous"], clock.now()
    day = clock.today(order.timezone)
    values = {
        # An id and an instant that tell when would lead to the dialogue of that moment.
        "id": uuid4() if is_anonymous else ids.new_id(),
        "at": _day_only(now) if is_anonymous else now,
        "survey": survey["id"],
        "respondent": respondent,
        "ordinal": last["ordinal"] + 1 if last else 1,
        "day": day,
        "network": issuer_of(order.phone),
        "language": order.language,
    }
    row = fetch_one(session, _INSERT, values)
    assert row is not None  # noqa: S101  # an upsert returns its row
    return Begun("ok", row["id"], row["at_question"]) if row["state"] == RunState.OPEN else Begun("again")


def keep_answer(session: Session, order: KeepAnswer) -> bool:
    """Keep one answer, and end the run where it leads to no further question; False for one out of bounds.

    A run that was begun may finish, whatever became of its survey meanwhile.
    """
    run = session.get(SurveyRun, order.run_id, with_for_update=True, populate_existing=True)
    question = fetch_one(
        session,
        "select q.*, s.is_anonymous from survey_question q join survey s on s.id = q.survey_id"
        " where q.survey_id = %s and q.code = %s",
        (run.survey_id if run else None, order.question),
    )
    if run is None or question is None:
        raise SurveyNotFound
    is_skipped = order.answer == SKIP_KEY and not question["is_required"]
    if not is_skipped and not _is_within(question, order.answer):
        return False
    _write(session, run, question, "" if is_skipped else order.answer)
    run.at_question = order.next if order.next not in {END, SCREEN_OUT} else ""
    if order.next in {END, SCREEN_OUT} and run.state == RunState.OPEN:
        transition(run, RUN_STEPS, RunState.COMPLETE if order.next == END else RunState.SCREENED_OUT)
    session.add(run)
    session.flush()
    return True


def forget_respondent(session: Session, phone: str) -> None:
    """Cut a number's runs of anonymous surveys off from it, while a key could still lead from one to the other."""
    for survey in fetch_all(session, "select * from survey where is_anonymous and key_sealed is not null"):
        driver(session).execute(
            "update survey_run set respondent = %s where survey_id = %s and respondent = %s",
            (uuid4().hex, survey["id"], _respondent(survey, phone)),
        )


def _write(session: Session, run: SurveyRun, question: dict[str, Any], value: str) -> None:
    now, is_anonymous = clock.now(), question["is_anonymous"]
    values = {
        "id": uuid4() if is_anonymous else ids.new_id(),
        "at": _day_only(now) if is_anonymous else now,
        "run": run.id,
        "question": question["id"],
        "value": value[:LONGEST_TEXT],
    }
    driver(session).execute(_KEEP, values)


def _is_within(question: dict[str, Any], answer: str) -> bool:
    if question["kind"] not in {QuestionKind.NUMBER, QuestionKind.SCALE}:
        return bool(answer)
    number, low, high = int(answer), question["minimum"], question["maximum"]
    return (low is None or number >= low) and (high is None or number <= high)


def _respondent(survey: dict[str, Any], phone: str) -> str:
    """Return whose run it is: the number itself, or a digest under a key that closing destroys."""
    if not survey["is_anonymous"]:
        return phone
    key = bytes.fromhex(open_secret(survey["key_sealed"], key_context(survey["id"])))
    return hmac.digest(key, phone.encode(), "sha256").hex()[:DIGEST_CHARACTERS]


def _is_meant(session: Session, survey: dict[str, Any], phone: str) -> bool:
    return audiences.holds(session, Audience.model_validate(survey["audience"]), phone)


def _is_full(session: Session, survey: dict[str, Any]) -> bool:
    if survey["quota"] is None:
        return False
    found = fetch_one(
        session,
        "select count(*) as complete from survey_run where survey_id = %s and state = 'complete'",
        (survey["id"],),
    )
    return found is not None and found["complete"] >= survey["quota"]


def _day_only(now: Any) -> Any:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


# Reads


def list_open(session: Session, phone: str) -> list[OpenSurvey]:
    """Return the surveys this number may be asked now, by name; those it has answered too."""
    found = []
    for survey in fetch_all(session, f"{_OPEN} order by name, code", {"now": clock.now()}):
        if not _is_meant(session, survey, phone):
            continue
        last = fetch_one(session, _RUNS, (survey["id"], _respondent(survey, phone)))
        is_answered = last is not None and last["state"] != RunState.OPEN and survey["has_one_answer_per_phone"]
        has_begun = last is not None and last["state"] == RunState.OPEN
        if is_answered or has_begun or not _is_full(session, survey):
            found.append(OpenSurvey(survey["code"], survey["name"], is_answered))
    return found
