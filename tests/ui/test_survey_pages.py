"""Surveys and notices on the screen: written, opened, read; tried, sent, stopped; and what a reader may not."""

from typing import Any
from uuid import UUID

import pytest
from nicegui import ui

from channels import publishing
from core import clock
from core.database import Database
from core.permissions import SYSTEM, Role, Scope
from jobs.notices import advance
from services import notices, surveys
from services.notices import SaveNotice, SendNotice
from services.surveys import BeginRun, KeepAnswer, OptionDraft, QuestionDraft, SaveSurvey
from tests.builders import people
from tests.services.notices_desk import shows_screens
from tests.ui.conftest import signed_in
from tests.ui.hands import field, press, rows, shown, stored, until
from ui.components.export import columns, written

SURVEYS, NOTICES = "/ussd-console/sondages", "/ussd-console/notifications"
OPINION = QuestionDraft(
    code="avis",
    kind="choice",
    text={"fr": "Votre avis ?"},
    options=tuple(OptionDraft(key=key, label={"fr": word}) for key, word in (("1", "Bien"), ("2", "Mal"))),
)


@pytest.fixture
def operator(house: Database) -> str:
    return signed_in(house, "Grâce Mbuyi", Scope.USSD, Role.OPERATEUR)


@pytest.fixture
def reader(house: Database) -> str:
    return signed_in(house, "Awa Diop", Scope.USSD, Role.LECTEUR)


def opened(house: Database, answers: str, **more: Any) -> UUID:
    """Open a survey and have one number after the other answer it."""
    with house.transaction() as session:
        order = SaveSurvey(code="avis", name="Avis", questions=(OPINION,), **more)
        survey_id = surveys.save_survey(session, SYSTEM, order).id
        publishing.open_survey(session, SYSTEM, survey_id)
        for number, answer in enumerate(answers):
            phone = f"+2376990000{number:02}"
            begun = surveys.begin_run(
                session, BeginRun(code="avis", phone=phone, language="fr", timezone="Africa/Douala")
            )
            assert begun.run_id is not None
            surveys.keep_answer(session, KeepAnswer(run_id=begun.run_id, question="avis", answer=answer, next="end"))
    return survey_id


async def test_a_survey_is_written_seen_on_the_phone_and_opened(
    open_console: Any, house: Database, operator: str
) -> None:
    async with open_console(operator) as user:
        await user.open(f"{SURVEYS}/nouveau")
        await user.should_see("Un texte manque dans une des langues.")
        with user:
            field(user, "Nom (une ligne de menu)").value = "Marché"
            field(user, ">Code<").value = "marche"
            field(user, "Question").value = "Votre avis ?"
            field(user, "Réponse 1").value = "Bien"
            field(user, "Réponse 2").value = "Mal"
        await user.should_see("1. Bien\n2. Mal")
        press(user, "Garder le brouillon")
        await until(lambda: stored(house, "select count(*) as n from survey")["n"] == 1)
        row = stored(house, "select id, code, name, state from survey")
        assert (row["code"], row["name"], row["state"]) == ("marche", "Marché", "draft")
        await until(lambda: user.back_history[-1] == f"{SURVEYS}/{row['id']}")  # the page leads there by itself
        await user.should_see("Ouvrir")
        press(user, "Ouvrir")
        await user.should_see("Ses questions ne changeront plus.")
        press(user, "Ouvrir le sondage")
        await until(lambda: stored(house, "select state from survey")["state"] == "open")


async def test_results_have_their_denominators_and_close(open_console: Any, house: Database, operator: str) -> None:
    survey_id = opened(house, "11212")
    async with open_console(operator) as user:
        await user.open(SURVEYS)
        (row,) = await rows(user, 1)
        assert (row["name"], row["started"], row["completed"]) == ("Avis", "5", "5")
        await user.open(f"{SURVEYS}/{survey_id}")
        await user.should_see("5 réponses sur 5 posées")
        chart = shown(user, ui.plotly)[0]
        assert (chart.figure["data"][0]["x"], chart.figure["data"][0]["text"]) == (
            [3, 2], ["3 (60,0\N{NO-BREAK SPACE}%)", "2 (40,0\N{NO-BREAK SPACE}%)"]
        )  # fmt: skip
        press(user, "Fermer le sondage")
        await user.should_see("qui a commencé peut finir")
        press(user, "Fermer le sondage")
        await until(lambda: stored(house, "select state from survey")["state"] == "closed")


async def test_four_anonymous_answers_are_no_chart_and_five_are(
    open_console: Any, house: Database, operator: str
) -> None:
    survey_id = opened(house, "1121", is_anonymous=True)
    async with open_console(operator) as user:
        await user.open(f"{SURVEYS}/{survey_id}")
        await user.should_see("Moins de 5 réponses")
        assert shown(user, ui.plotly) == []
        with house.transaction() as session:
            order = BeginRun(code="avis", phone="+237677000009", language="fr", timezone="UTC")
            begun = surveys.begin_run(session, order)
            assert begun.run_id is not None
            surveys.keep_answer(session, KeepAnswer(run_id=begun.run_id, question="avis", answer="2", next="end"))
        await user.open(f"{SURVEYS}/{survey_id}")
        await user.should_see("5 réponses sur 5 posées")
        assert shown(user, ui.plotly)[0].figure["data"][0]["x"] == [3, 2]


async def test_a_reader_sees_figures_and_no_button(open_console: Any, house: Database, reader: str) -> None:
    survey_id = opened(house, "11212")
    async with open_console(reader) as user:
        await user.open(SURVEYS)
        await user.should_not_see("Nouveau sondage")
        await user.open(f"{SURVEYS}/{survey_id}")
        await user.should_see("5 réponses sur 5 posées")
        for label in ("Fermer le sondage", "Exporter"):
            assert not [button for button in shown(user, ui.button) if button.text == label]
        for path in (f"{SURVEYS}/nouveau", f"{NOTICES}/nouvelle"):
            answer = await user.http_client.get(path)
            assert answer.status_code == 403
            assert "Votre rôle ne permet pas cet acte." in answer.text


async def test_a_notice_is_weighed_counted_tried_and_sent(open_console: Any, house: Database, operator: str) -> None:
    people.person(house, None, phone="+237677000002")
    with house.transaction() as session:
        session.connection().exec_driver_sql("update users set phone = '+237699000050' where email like 'gr%%'")
    async with open_console(operator) as user:
        await user.open(f"{NOTICES}/nouvelle")
        with user:
            field(user, "Nom, pour vous").value = "Fermeture"
            field(user, "Français").value = "x" * 161
        await user.should_see("161 / 306 · 2 parties")
        press(user, "Essai à moi-même")
        await user.should_see("2 personnes, dont 0 ne veulent pas de SMS.", retries=30)
        await user.should_see("Essai lu")
        assert stored(house, "select count(*) as n from message where address = '+237699000050'")["n"] == 2
        press(user, "Envoyer")
        await user.should_see("Envoyer à 2 personnes", retries=30)
        press(user, "Envoyer à 2 personnes")
        await until(lambda: stored(house, "select state from notice")["state"] == "scheduled")
    assert advance(house) == 2
    assert stored(house, "select written, state from notice") == {"written": 2, "state": "sent"}


async def test_a_flash_screen_is_offered_only_where_a_network_can_show_it(
    open_console: Any, house: Database, operator: str
) -> None:
    people.person(house, None, phone="+237677000002")
    async with open_console(operator) as user:
        await user.open(f"{NOTICES}/nouvelle")
        await user.should_see("Menu USSD, sous 5")
        await user.should_not_see("Message flash USSD")
        shows_screens(house)
        await user.open(f"{NOTICES}/nouvelle")
        await user.should_see("affiché aussitôt par MTN (CM) à la place du SMS")
        with user:
            field(user, "Nom, pour vous").value = "Fermeture"
            field(user, "Français").value = "Le bureau ferme."
            next(box for box in shown(user, ui.checkbox) if box.text == "Message flash USSD").value = True
        press(user, "Garder le brouillon")
        await user.should_see("Flash", retries=30)
        assert stored(house, "select has_sms, has_flash from notice") == {"has_sms": True, "has_flash": True}
        await user.open(NOTICES)
        (row,) = await rows(user, 1)
        assert row["channels"] == "Message flash ou SMS + Menu USSD"


async def test_a_notice_on_its_way_is_stopped_with_a_reason(open_console: Any, house: Database, operator: str) -> None:
    people.person(house, None, phone="+237677000002")
    with house.transaction() as session:
        order = SaveNotice(name="Erreur", texts={"fr": "Texte faux."}, has_inbox=False)
        notice_id = notices.save_notice(session, SYSTEM, order).id
        session.connection().exec_driver_sql("update notice set state = 'scheduled', recipients = 1, starts_at = now()")
    assert SendNotice(notice_id=notice_id).starts_at is None
    advance(house)
    async with open_console(operator) as user:
        await user.open(NOTICES)
        (row,) = await rows(user, 1)
        assert (row["name"], row["written"]) == ("Erreur", "1")
        await user.open(f"{NOTICES}/{notice_id}")
        await user.should_see("SMS sur 1 destinataires")
        press(user, "Arrêter")
        with user:
            field(user, "Motif").value = "mauvais texte"
        press(user, "Arrêter l\N{RIGHT SINGLE QUOTATION MARK}envoi")
        await until(lambda: stored(house, "select state from notice")["state"] == "stopped")
    advance(house)
    assert stored(house, "select state, error_code from message") == {"state": "cancelled", "error_code": "stopped"}
    assert clock.now()


def test_an_export_never_runs_as_a_formula_and_parquet_knows_numbers() -> None:
    import io

    import polars as pl

    lines = [["=1+1", "4"], ["", "5"]]
    assert written(["texte", "note"], lines).decode("utf-8-sig") == "texte;note\r\n'=1+1;4\r\n;5\r\n"
    assert written(["texte"], []).startswith(b"\xef\xbb\xbf")
    assert written(["=1+1"], []).decode("utf-8-sig") == "'=1+1\r\n", "a question is a head here, and a person wrote it"
    frame = pl.read_parquet(io.BytesIO(columns(["texte", "note"], lines)))
    assert frame.rows() == [("=1+1", 4.0), (None, 5.0)]
