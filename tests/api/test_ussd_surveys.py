"""A survey of every kind of question, walked on a phone: resumed, screened out, full, closed, anonymous."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from channels import publishing
from commands.vectors.surveys import answers
from core import clock
from core.database import Database, fetch_all, fetch_one
from core.permissions import SYSTEM
from services import surveys
from services.surveys import OptionDraft, QuestionDraft, SaveSurvey
from services.surveys import results as figures
from tests.builders import world
from tests.services.wallet_world import AWA, JEAN, KIOSQUE
from tests.services.wallet_world import OPERATOR as PERSON

OPERATOR = replace(PERSON, user_id=None)

NO = OptionDraft(key="2", label={"fr": "Non"}, next="screen_out")
QUESTIONS = (
    QuestionDraft(code="hello", kind="info", text={"fr": "Cinq questions sur le marché."}),
    QuestionDraft(
        code="farmer",
        kind="choice",
        text={"fr": "Cultivez-vous ?"},
        options=(OptionDraft(key="1", label={"fr": "Oui"}), NO),
    ),
    QuestionDraft(
        code="fields", kind="number", text={"fr": "Combien de champs ?"}, minimum=1, maximum=20, is_required=False
    ),
    QuestionDraft(code="trust", kind="scale", text={"fr": "Votre confiance"}, minimum=1, maximum=5),
    QuestionDraft(code="wish", kind="text", text={"fr": "Un souhait ?"}, is_required=False),
)


def opened(database: Database, **more: Any) -> UUID:
    """Build the world without surveys of its own, and open ours under lint."""
    world.build(database, {"surveys": []})
    with database.transaction() as session:
        order = SaveSurvey(code="marche", name="Marché", questions=QUESTIONS, **more)
        saved = surveys.save_survey(session, OPERATOR, order)
        return publishing.open_survey(session, OPERATOR, saved.id).id


def say(gateway: TestClient, session: str, text: str, phone: str = AWA) -> str:
    body = {"sessionId": session, "phoneNumber": phone, "text": text, "serviceCode": "*123#"}
    answer: str = gateway.post("/ussd", json=body, headers={"X-API-Key": world.API_KEY}).text
    return answer


def test_every_kind_of_question_is_asked_and_kept(gateway: TestClient, database: Database) -> None:
    with clock.travel(world.NOW):
        survey_id = opened(database)
        assert say(gateway, "a", "4") == "CON Cinq questions sur le marché.\n1. Continuer"
        assert say(gateway, "a", "4*1") == "CON Cultivez-vous ?\n1. Oui\n2. Non"
        assert say(gateway, "a", "4*1*1") == "CON Combien de champs ? (de 1 à 20)\n0. Passer"
        assert say(gateway, "a", "4*1*1*21").startswith("CON Réponse invalide.\nCombien de champs ?")
        assert say(gateway, "a", "4*1*1*21*0") == "CON Votre confiance (de 1 à 5)"
        assert say(gateway, "a", "4*1*1*21*0*0").startswith("CON Réponse invalide.")
        assert say(gateway, "a", "4*1*1*21*0*0*4") == "CON Un souhait ?\n0. Passer"
        assert say(gateway, "a", "4*1*1*21*0*0*4*De l'eau") == "END Merci, votre réponse est enregistrée."
    given = [[AWA, "marche", code, value] for code, value in
             (("hello", "1"), ("farmer", "1"), ("fields", ""), ("trust", "4"), ("wish", "De l'eau"))]  # fmt: skip
    assert answers(database) == given
    with database.transaction() as session:
        found = figures.get_results(session, OPERATOR, survey_id)
        texts = figures.list_texts(session, OPERATOR, survey_id, "wish")
        head, lines = figures.list_lines(session, OPERATOR, survey_id)
    assert (found.started, found.completed, found.screened_out, found.left_open) == (1, 1, 0, 0)
    assert [(each.asked, each.answered, each.skipped) for each in found.questions] == [
        (1, 1, 0), (1, 1, 0), (1, 0, 1), (1, 1, 0), (1, 1, 0)
    ]  # fmt: skip
    assert found.questions[2].response.value == 0
    assert (found.questions[3].average, found.networks, found.languages) == (4, (("Orange", 1),), (("fr", 1),))
    assert [text.value for text in texts] == ["De l'eau"]
    assert head == ["numéro", "jour", "réseau", "langue", "état", "hello", "farmer", "fields", "trust", "wish"]
    assert lines == [["+23769****01", "2026-11-21", "Orange", "fr", "complete", "1", "1", "", "4", "De l'eau"]]


def test_who_hangs_up_goes_on_where_he_was_and_a_wrong_profile_ends_early(
    gateway: TestClient, database: Database
) -> None:
    with clock.travel(world.NOW) as traveller:
        survey_id = opened(database)
        say(gateway, "a", "4*1*1")
        traveller.advance(60)
        assert say(gateway, "b", "4").startswith("CON Combien de champs ?")
        assert say(gateway, "j", "4*1*2", JEAN) == "END Merci, votre réponse est enregistrée."
        assert say(gateway, "j2", "4", JEAN) == "END Vous avez déjà répondu. Merci."
    with database.transaction() as session:
        found = figures.get_results(session, OPERATOR, survey_id)
    assert (found.started, found.completed, found.screened_out, found.left_open) == (2, 0, 1, 1)
    assert found.completion.value == 0
    assert [(each.asked, each.answered) for each in found.questions[:4]] == [(2, 2), (2, 2), (1, 0), (0, 0)]
    assert found.questions[3].response.value is None


def test_a_full_survey_asks_nobody_new_and_a_run_begun_may_finish(gateway: TestClient, database: Database) -> None:
    with clock.travel(world.NOW):
        survey_id = opened(database, quota=1)
        say(gateway, "a", "4*1*1*3*4")
        say(gateway, "j", "4*1*1*3*4*0", JEAN)
        assert say(gateway, "k", "4", KIOSQUE) == "END Aucun sondage en cours."
        with database.transaction() as session:
            surveys.close_survey(session, OPERATOR, survey_id)
        assert say(gateway, "a", "4*1*1*3*4*0") == "END Merci, votre réponse est enregistrée."
        assert say(gateway, "a2", "4") == "END Aucun sondage en cours."
    with database.transaction() as session:
        assert figures.get_results(session, OPERATOR, survey_id).completed == 2


def test_nothing_leads_from_an_anonymous_answer_to_a_number(gateway: TestClient, database: Database) -> None:
    with clock.travel(world.NOW):
        survey_id = opened(database, is_anonymous=True)
        assert say(gateway, "a", "4*1*1*7*4*Secret de polichinelle").startswith("END Merci")
        assert say(gateway, "a2", "4") == "END Vous avez déjà répondu. Merci."
        with database.transaction() as session:
            found = figures.get_results(session, OPERATOR, survey_id)
            assert figures.list_texts(session, OPERATOR, survey_id, "wish") == []
            assert figures.list_lines(session, OPERATOR, survey_id)[1] == []
            run = fetch_all(session, "select id, created_at, respondent from survey_run")[0]
            turns = fetch_all(session, "select input_text from ussd_turn order by created_at")
            data = fetch_all(session, "select data, scratch from ussd_session order by created_at")[0]
            surveys.close_survey(session, SYSTEM, survey_id)
            keys = fetch_all(session, "select key_sealed from survey")
    assert found.started == 1
    assert all(each.is_hidden and each.shares == () for each in found.questions)
    assert (found.days, found.networks) == ((), ())
    assert AWA not in run["respondent"]
    assert run["id"].version == 4
    assert f"{run['created_at']:%H:%M:%S}" == "00:00:00"
    assert turns[0]["input_text"] == "4*•••••*•••••*•••••*•••••*•••••"
    assert str(run["id"]) not in str(data)
    assert "polichinelle" not in str(data)
    assert keys == [{"key_sealed": None}]


def test_two_surveys_are_listed_and_the_one_answered_is_gone_from_the_list(
    gateway: TestClient, database: Database
) -> None:
    with clock.travel(world.NOW):
        opened(database)
        with database.transaction() as session:
            second = SaveSurvey(code="radio", name="Radio", questions=(QUESTIONS[3],))
            publishing.open_survey(session, OPERATOR, surveys.save_survey(session, OPERATOR, second).id)
        assert say(gateway, "a", "4") == "CON Sondages:\n1. Marché\n2. Radio\n0. Retour"
        assert say(gateway, "a", "4*2") == "CON Votre confiance (de 1 à 5)"
        assert say(gateway, "a", "4*2*5").startswith("END Merci")
        assert say(gateway, "b", "4").startswith("CON Cinq questions")


@pytest.mark.parametrize(("role", "is_asked"), [("client", True), ("agent", False)])
def test_only_those_who_are_meant_are_asked(
    gateway: TestClient, database: Database, role: str, *, is_asked: bool
) -> None:
    with clock.travel(world.NOW):
        opened(database, audience={"kind": "filter", "roles": [role], "networks": ["Orange"]})
        assert say(gateway, "a", "4").startswith("CON Cinq questions") is is_asked
        assert say(gateway, "j", "4", JEAN) == "END Aucun sondage en cours."


def test_a_survey_counts_a_phone_once_however_its_number_is_written(gateway: TestClient, database: Database) -> None:
    with clock.travel(world.NOW):
        opened(database)
        for place, number in enumerate(
            (
                "+237699000001",
                "237699000001",
                "00237699000001",
                "699000001",
                "+237 6 99 00 00 01",
                "+237 699-000-001",
            )
        ):
            for text in ("4", "4*1", "4*1*2"):
                say(gateway, f"s{place}", text, number)
    with database.transaction() as session:
        assert fetch_one(session, "select count(*) as runs from survey_run") == {"runs": 1}
        assert fetch_one(session, "select count(*) as answers from survey_answer") == {"answers": 2}
