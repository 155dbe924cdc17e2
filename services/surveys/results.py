"""What a survey found: shares with their denominators, who came how far, by day, network and language.

Of an anonymous survey nothing is shown that fewer than five people said: a bar of one is a name.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from core.database import Session, driver, fetch_all
from core.errors import NotFound
from core.i18n import t
from core.orders import Order
from core.permissions import Actor, Permission
from core.phone import mask_phone
from core.rates import Rate
from models.surveys import QuestionKind, RunState
from services import audit
from services.surveys.orders import QuestionDraft, SurveyRow
from services.surveys.reads import get_survey

FEWEST_ANONYMOUS = 5
MOST_TEXTS = 500
LONGEST_TAG = 30
MOST_TAGS = 10


class TagAnswer(Order):
    """The tags of one free text; they replace those it had."""

    answer_id: UUID
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """One answer and how many gave it."""

    key: str
    label: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class FreeText:
    """What somebody wrote, with the tags we gave it."""

    id: UUID
    value: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """One question: asked, answered, how. `is_hidden`: too few answers of an anonymous survey to be shown."""

    question: QuestionDraft
    asked: int
    answered: int
    skipped: int
    shares: tuple[Share, ...]
    average: float | None
    is_hidden: bool

    @property
    def response(self) -> Rate:
        """The share of those asked who answered."""
        return Rate(self.answered, self.asked)


@dataclass(frozen=True, slots=True)
class Results:
    """A survey's figures: begun = open + complete + screened out."""

    survey: SurveyRow
    started: int
    completed: int
    screened_out: int
    left_open: int
    questions: tuple[QuestionResult, ...]
    days: tuple[tuple[date, int], ...]
    networks: tuple[tuple[str, int], ...]
    languages: tuple[tuple[str, int], ...]

    @property
    def completion(self) -> Rate:
        """The share of those who began who finished."""
        return Rate(self.completed, self.started)


def get_results(session: Session, actor: Actor, survey_id: UUID, *, language: str = "fr") -> Results:
    """Return everything counted of a survey, in one consistent look."""
    survey = get_survey(session, actor, survey_id)
    runs = fetch_all(
        session,
        "select state, at_question, day, network, language, count(*) as runs from survey_run"
        " where survey_id = %s group by 1, 2, 3, 4, 5",
        (survey_id,),
    )
    values = fetch_all(
        session,
        "select q.code, case when q.kind in ('text', 'info') and a.value <> '' then '*' else a.value end as value,"
        " count(*) as answers from survey_answer a join survey_question q on q.id = a.question_id"
        " where q.survey_id = %s group by 1, 2",
        (survey_id,),
    )
    states = _sum(runs, "state")
    hides = survey.is_anonymous
    return Results(
        survey=survey,
        started=states.total(),
        completed=states[RunState.COMPLETE],
        screened_out=states[RunState.SCREENED_OUT],
        left_open=states[RunState.OPEN],
        questions=tuple(_question(survey, each, runs, values, language) for each in survey.questions),
        days=tuple(sorted(_shown(_sum(runs, "day"), hides=hides).items())),
        networks=tuple(_shown(_sum(runs, "network"), hides=hides).most_common()),
        languages=tuple(_shown(_sum(runs, "language"), hides=hides).most_common()),
    )


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> Counter[Any]:
    counted = Counter[Any]()
    for row in rows:
        counted[row[name]] += row["runs"]
    return counted


def _shown(counted: Counter[Any], *, hides: bool) -> Counter[Any]:
    """Return what may be cut this way: of an anonymous survey, no group of fewer than five."""
    if hides and any(number < FEWEST_ANONYMOUS for number in counted.values()):
        return Counter({key: number for key, number in counted.items() if number >= FEWEST_ANONYMOUS})
    return counted


def _question(
    survey: SurveyRow,
    question: QuestionDraft,
    runs: Sequence[Mapping[str, Any]],
    values: Sequence[Mapping[str, Any]],
    language: str,
) -> QuestionResult:
    counted = Counter({row["value"]: row["answers"] for row in values if row["code"] == question.code})
    skipped = counted.pop("", 0)
    answered = counted.total()
    first = survey.questions[0].code
    standing = sum(
        row["runs"] for row in runs if row["state"] == RunState.OPEN and (row["at_question"] or first) == question.code
    )
    is_hidden = survey.is_anonymous and answered < FEWEST_ANONYMOUS
    return QuestionResult(
        question=question,
        asked=answered + skipped + standing,
        answered=answered,
        skipped=skipped,
        shares=() if is_hidden else tuple(_shares(question, counted, answered, language)),
        average=None if is_hidden else _average(question, counted, answered),
        is_hidden=is_hidden,
    )


def _shares(question: QuestionDraft, counted: Counter[str], answered: int, language: str) -> list[Share]:
    match question.kind:
        case QuestionKind.CHOICE:
            labels = {
                each.key: each.label.get(language) or next(iter(each.label.values())) for each in question.options
            }
        case QuestionKind.SCALE:
            labels = {str(mark): str(mark) for mark in range(question.minimum or 0, (question.maximum or 0) + 1)}
        case QuestionKind.NUMBER:
            labels = {value: value for value in sorted(counted, key=int)}
        case _:
            labels = {}
    return [Share(key, label, Rate(counted[key], answered)) for key, label in labels.items()]


def _average(question: QuestionDraft, counted: Counter[str], answered: int) -> float | None:
    if question.kind not in {QuestionKind.NUMBER, QuestionKind.SCALE} or not answered:
        return None
    return sum(int(value) * number for value, number in counted.items()) / answered


def list_texts(session: Session, actor: Actor, survey_id: UUID, code: str, *, tag: str = "") -> list[FreeText]:
    """Return what people wrote to one question; of an anonymous survey, once five did."""
    actor.require(Permission.USSD_TEXTS_READ)
    rows = fetch_all(
        session,
        "select a.id, a.value, a.tags, s.is_anonymous from survey_answer a"
        " join survey_question q on q.id = a.question_id join survey s on s.id = q.survey_id"
        " where q.survey_id = %s and q.code = %s and a.value <> '' order by a.value, a.id limit %s",
        (survey_id, code, MOST_TEXTS),
    )
    if rows and rows[0]["is_anonymous"] and len(rows) < FEWEST_ANONYMOUS:
        return []
    return [FreeText(row["id"], row["value"], tuple(row["tags"])) for row in rows if not tag or tag in row["tags"]]


def tag_answer(session: Session, actor: Actor, order: TagAnswer) -> FreeText:
    """Give a free text its tags."""
    actor.require(Permission.USSD_SURVEYS_WRITE)
    tags = list(dict.fromkeys(tag.strip()[:LONGEST_TAG] for tag in order.tags if tag.strip()))[:MOST_TAGS]
    query = "update survey_answer set tags = %s where id = %s returning value"
    row = driver(session).execute(query, (Jsonb(tags), order.answer_id)).fetchone()
    if row is None:
        raise NotFound(thing="survey_answer")
    return FreeText(order.answer_id, row[0], tuple(tags))


def list_lines(session: Session, actor: Actor, survey_id: UUID) -> tuple[list[str], list[list[str]]]:
    """Return a survey as a table to take away, one line a run: its head, then the lines; numbers are masked.

    An anonymous survey of fewer than five runs gives its head alone.
    """
    actor.require(Permission.USSD_TEXTS_READ)
    survey = get_survey(session, actor, survey_id)
    rows = fetch_all(
        session,
        """
        select r.respondent, r.state, r.day, r.network, r.language,
               coalesce(jsonb_object_agg(q.code, a.value) filter (where q.id is not null), '{}') as answers
        from survey_run r left join survey_answer a on a.run_id = r.id
        left join survey_question q on q.id = a.question_id
        where r.survey_id = %s group by r.id order by r.day, r.respondent, r.ordinal
        """,
        (survey_id,),
    )
    codes = [question.code for question in survey.questions]
    if survey.is_anonymous and len(rows) < FEWEST_ANONYMOUS:
        rows = []
    changes = {"rows": len(rows)}
    audit.record(session, actor, "survey.export", "survey", survey_id, survey.name, changes)
    lines = [
        [
            *([] if survey.is_anonymous else [mask_phone(row["respondent"])]),
            row["day"].isoformat(),
            row["network"],
            row["language"],
            row["state"],
            *(row["answers"].get(code, "") for code in codes),
        ]
        for row in rows
    ]
    return head_of(survey), lines


def head_of(survey: SurveyRow) -> list[str]:
    """Return the names of the columns a survey is taken away in."""
    who = [] if survey.is_anonymous else [t("numéro")]
    return [*who, t("jour"), t("réseau"), t("langue"), t("état"), *(question.code for question in survey.questions)]
