"""Surveys before they are asked: what is refused, what changes once open, who may do what."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from channels import publishing
from core import clock
from core.database import Database, Session
from core.errors import Forbidden, InvalidInput, WrongState
from models.surveys import SurveyState
from services import surveys
from services.surveys import OptionDraft, QuestionDraft, QuestionnaireRefused, SaveSurvey, SurveyRefusedByLint
from services.surveys import results as figures
from services.surveys.results import TagAnswer
from tests.builders import world
from tests.services.wallet_world import OPERATOR as PERSON
from tests.services.wallet_world import READER, STRANGER

OPERATOR = replace(PERSON, user_id=None)


def question(code: str = "general", kind: str = "text", **more: Any) -> QuestionDraft:
    return QuestionDraft.model_validate({"code": code, "kind": kind, "text": {"fr": "Que faut-il changer ?"}, **more})


def order(*questions: QuestionDraft, **more: Any) -> SaveSurvey:
    return SaveSurvey.model_validate({"code": "avis", "name": "Avis", "questions": questions, **more})


OPTIONS = tuple(OptionDraft(key=str(key), label={"fr": f"Réponse {key}"}) for key in (1, 2))


@pytest.mark.parametrize(
    ("drafts", "fault"),
    [
        ((question(), question()), "Deux questions portent ce code."),
        ((question(text={"en": "What?"}),), "Un texte manque dans une des langues."),
        ((question("a"), question("b", next="a")), "Une suite mène à une question qui n'est pas après celle-ci."),
        ((question(kind="choice", options=OPTIONS[:1]),), "Il faut 2 à 9 réponses, chacune avec sa touche."),
        ((question(kind="scale", minimum=5, maximum=1),), "Une échelle va d'un nombre à un plus grand, entre 0 et 10."),
        ((question(kind="number", minimum=5, maximum=1),), "Le minimum dépasse le maximum."),
    ],
)
def test_a_question_nobody_can_answer_is_refused(
    rolled_back: Session, drafts: tuple[QuestionDraft, ...], fault: str
) -> None:
    with pytest.raises(QuestionnaireRefused) as refused:
        surveys.save_survey(rolled_back, OPERATOR, order(*drafts))
    assert fault in refused.value.fields.values()


def test_a_screen_that_is_too_long_for_a_phone_does_not_open(rolled_back: Session) -> None:
    choices = tuple(OptionDraft(key=str(key), label={"fr": "x" * 200}) for key in (1, 2))
    saved = surveys.save_survey(rolled_back, OPERATOR, order(question(kind="choice", options=choices)))
    with pytest.raises(SurveyRefusedByLint) as refused:
        publishing.open_survey(rolled_back, OPERATOR, saved.id)
    assert {each["rule"] for each in refused.value.data["findings"]} == {"L09"}


def test_three_languages_pass_lint_and_a_missing_one_is_refused(rolled_back: Session) -> None:
    said = {"fr": "Un souhait ?", "en": "A wish?", "ln": "Mposa ?"}
    asked = question(text=said, is_required=False)
    saved = surveys.save_survey(rolled_back, OPERATOR, order(asked, languages=("fr", "en", "ln")))
    assert publishing.open_survey(rolled_back, OPERATOR, saved.id).state == SurveyState.OPEN


def test_an_open_survey_keeps_its_questions_and_may_end_later(rolled_back: Session) -> None:
    saved = surveys.save_survey(rolled_back, OPERATOR, order(question()))
    publishing.open_survey(rolled_back, OPERATOR, saved.id)
    later = clock.now() + timedelta(days=2)
    changed = order(question("other"), survey_id=saved.id, closes_at=later, quota=9, is_anonymous=True)
    kept = surveys.save_survey(rolled_back, OPERATOR, changed)
    assert [each.code for each in kept.questions] == ["general"]
    assert (kept.closes_at, kept.quota, kept.is_anonymous) == (later, 9, False)
    surveys.close_survey(rolled_back, OPERATOR, saved.id)
    with pytest.raises(WrongState):
        surveys.save_survey(rolled_back, OPERATOR, changed)


def test_a_survey_whose_time_is_over_closes_by_itself(database: Database) -> None:
    with clock.travel(world.NOW) as traveller:
        with database.transaction() as session:
            ends = clock.now() + timedelta(hours=1)
            saved = surveys.save_survey(session, OPERATOR, order(question(), closes_at=ends))
            publishing.open_survey(session, OPERATOR, saved.id)
            assert surveys.close_due(session) == 0
        traveller.advance(3_601)
        with database.transaction() as session:
            assert surveys.close_due(session) == 1
            assert surveys.get_survey(session, READER, saved.id).state == SurveyState.CLOSED


def test_a_code_belongs_to_one_survey_and_its_end_comes_after_its_beginning(rolled_back: Session) -> None:
    surveys.save_survey(rolled_back, OPERATOR, order())
    with pytest.raises(InvalidInput) as taken:
        surveys.save_survey(rolled_back, OPERATOR, order())
    assert list(taken.value.fields) == ["code"]
    now = clock.now()
    with pytest.raises(InvalidInput):
        surveys.save_survey(rolled_back, OPERATOR, order(code="autre", opens_at=now, closes_at=now))


def test_a_reader_reads_figures_and_no_texts_and_a_stranger_nothing(rolled_back: Session) -> None:
    saved = surveys.save_survey(rolled_back, OPERATOR, order(question()))
    assert [row.code for row in surveys.list_surveys(rolled_back, READER)] == ["avis"]
    assert figures.get_results(rolled_back, READER, saved.id).started == 0
    for refused in (
        lambda: surveys.save_survey(rolled_back, READER, order(code="non")),
        lambda: publishing.open_survey(rolled_back, READER, saved.id),
        lambda: surveys.close_survey(rolled_back, READER, saved.id),
        lambda: figures.list_texts(rolled_back, READER, saved.id, "general"),
        lambda: figures.list_lines(rolled_back, READER, saved.id),
        lambda: figures.tag_answer(rolled_back, READER, TagAnswer(answer_id=saved.id)),
        lambda: surveys.list_surveys(rolled_back, STRANGER),
        lambda: surveys.count_surveys(rolled_back, STRANGER),
        lambda: figures.get_results(rolled_back, STRANGER, saved.id),
    ):
        with pytest.raises(Forbidden):
            refused()
