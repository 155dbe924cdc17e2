"""A person writes to the clinic over WhatsApp, and gets a code."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from channels.ciu import exchange
from core import clock, metrics
from core.settings import Environment, get_settings
from services.ciu.answers import ERROR_TEXTS
from services.ciu.recipes import shipped
from services.ciu.texts import ERROR_PREFIX
from tests.ciu.clinic import AWA, CODE, KABILA, Clinic, text_of

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "ciu.json").read_text())
DIALOGUES = VECTORS["dialogues"]
CURL = "From=whatsapp:+243999999999&Body=Test"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def begins(key: str, language: str) -> str:
    """Return how a text begins, up to its first value."""
    texts = shipped("document").texts[language]
    text = texts[ERROR_TEXTS.get(key.removeprefix(ERROR_PREFIX), key)]
    return text.partition("{")[0].strip()


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=[one["name"] for one in DIALOGUES])
def test_each_dialogue_goes_as_written_over_http(clinic: Clinic, dialogue: dict[str, Any]) -> None:
    with clock.travel(datetime(2026, 11, 21, 9, 0, tzinfo=UTC)) as traveller:
        for line in dialogue["lines"]:
            if "wait_seconds" in line:
                traveller.advance(line["wait_seconds"])
                continue
            more = {"NumMedia": "1"} if line.get("num_media") else {}
            said = clinic.say(line["send"], **more)
            language = clinic.rows("select language from ciu_event order by created_at desc, id desc limit 1")
            spoken = line.get("lang") or (language[0]["language"] if language else "fr") or "fr"
            place = -1
            for key in line["reply"]:
                found = said.find(begins(key, spoken), place + 1)
                assert found > place, (line, said)
                place = found
            assert line.get("contains", "") in said
            steps = clinic.rows("select step from ciu_conversation where ended_at is null")
            assert [row["step"] for row in steps] == ([] if line["step"] is None else [line["step"]])
    assert clinic.number("select count(*) from ciu_record where code is not null") == dialogue["records"]


def test_the_curl_of_the_guide_is_answered_in_development_alone(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"{clinic.address}/whatsapp/webhook"
    settings = get_settings()
    for environment, is_allowed in (
        (Environment.DEVELOPMENT, False),
        (Environment.TEST, True),
        (Environment.STAGING, True),
        (Environment.PRODUCTION, True),
    ):
        monkeypatch.setattr(settings, "environment", environment)
        monkeypatch.setattr(settings, "whatsapp_allow_unsigned", is_allowed)
        refused = httpx.post(url, content=CURL, headers=FORM)
        assert (refused.status_code, refused.json()) == (403, {"detail": "invalid signature"})
    assert clinic.number("select count(*) from ciu_identity") == 0

    monkeypatch.setattr(settings, "environment", Environment.DEVELOPMENT)
    answered = httpx.post(url, content=CURL, headers=FORM)
    assert answered.headers["content-type"] == "application/xml; charset=utf-8"
    assert answered.headers["cache-control"] == "no-store"
    assert text_of(answered.text).startswith("Bienvenue !")
    assert clinic.rows("select * from conversation_sessions") == [{"phone_number": "+243999999999", "current_step": 0}]
    wrong = httpx.post(url, content=CURL, headers={**FORM, "X-Twilio-Signature": "bm90aGluZw=="})
    assert wrong.status_code == 403
    assert httpx.post(url, content="From=nobody&Body=x", headers=FORM).status_code == 400
    assert httpx.post(url, content=CURL + "&AccountSid=ACother", headers=FORM).status_code == 403


def test_the_test_of_the_guide_goes_unsigned_in_development_alone(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, settings = f"{clinic.address}/whatsapp/webhook", get_settings()
    (lines,) = (one["lines"] for one in DIALOGUES if one["name"] == "owner_test_3")

    def write(line: dict[str, Any]) -> httpx.Response:
        return httpx.post(url, content=f"From=whatsapp:+243999999999&Body={line['send']}", headers=FORM)

    assert {write(line).status_code for line in lines} == {403}
    monkeypatch.setattr(settings, "environment", Environment.DEVELOPMENT)
    monkeypatch.setattr(settings, "whatsapp_allow_unsigned", True)
    for line in lines:
        said = text_of(write(line).text)
        assert all(begins(key, "fr") in said for key in line["reply"]), (line, said)
    assert clinic.number("select count(*) from uic_records") == 1


def test_a_message_that_comes_twenty_times_at_once_is_one_step_and_twenty_equal_answers(clinic: Clinic) -> None:
    clinic.say("Bonjour")
    form = clinic.form("1985")
    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(lambda _: clinic.post(form), range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert sorted(clinic.events()) == ["answered", "asked", "asked", *["repeated"] * 19, "started"]
    assert clinic.rows("select step from ciu_conversation") == [{"step": 1}]


def test_two_answers_of_one_person_at_once_are_both_taken(clinic: Clinic) -> None:
    clinic.say("Bonjour")
    with ThreadPoolExecutor(2) as crowd:
        answers = list(crowd.map(lambda word: clinic.post(clinic.form(word)), ["1985", "1986"]))
    assert [answer.status_code for answer in answers] == [200, 200]
    # A year is no name of a town: whichever came second was refused, and nothing was lost.
    assert sorted(clinic.events()) == ["answered", "asked", "asked", "refused", "started"]
    assert clinic.rows("select step from ciu_conversation") == [{"step": 1}]


def test_what_is_not_written_never_disturbs(clinic: Clinic) -> None:
    clinic.say("Bonjour")
    for more in (
        {"NumMedia": "1", "MediaUrl0": "https://nowhere.example/x", "MessageType": "image"},
        {"NumMedia": "1", "MessageType": "audio"},
        {"MessageType": "location", "Latitude": "1", "Longitude": "2"},
        {"NumMedia": "1", "MessageType": "sticker"},
        {"MessageType": "contacts"},
    ):
        assert clinic.say("", **more).startswith("Répondez par écrit")
    assert clinic.say("", MessageType="reaction") == ""
    assert clinic.say("").startswith("Il manque la réponse.")
    assert "2/5" in clinic.say("1985", NumMedia="1", MessageType="image")  # a caption is an answer
    assert clinic.say("x", sender="CD.13491208655302741918").startswith("Bienvenue !")


def test_a_user_id_told_beside_a_number_goes_on_with_the_same_conversation(clinic: Clinic) -> None:
    user_id = "CD.13491208655302741918"
    clinic.say("Bonjour", ExternalUserId=user_id)
    assert "2/5" in clinic.say("1985", sender=user_id)
    assert "3/5" in clinic.say("Kinshasa")
    assert clinic.number("select count(*) from ciu_identity") == 1


def test_more_than_twenty_messages_a_minute_are_met_with_silence(clinic: Clinic) -> None:
    assert all(clinic.say("AIDE") for _ in range(20))
    counted = {"channel": "twilio", "reason": "too_many"}
    before = metrics.registry.get_sample_value("palabre_whatsapp_ignored_total", counted) or 0
    assert clinic.say("AIDE") == ""
    assert metrics.registry.get_sample_value("palabre_whatsapp_ignored_total", counted) == before + 1


def test_the_log_tells_where_somebody_stands_and_nothing_of_him(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    with capture_logs() as log:
        monkeypatch.setattr(exchange, "_log", structlog.get_logger())  # one that was used before is bound for good
        for word in ("Bonjour", *KABILA, "1", "EFFACER"):
            clinic.say(word)
    assert [line["state"] for line in log] == ["question"] * 5 + ["confirm", "none", "forget"]
    told = {"programme", "message", "channel", "state", "outcome", "elapsed_ms", "event", "log_level"}
    assert all(set(line) == told for line in log)


def test_nobody_gets_more_than_five_new_codes_a_day(clinic: Clinic) -> None:
    def family(place: int) -> tuple[str, ...]:
        return ("1985", "Kinshasa", "Jean", str(place), "Kabila")

    with clock.travel(datetime(2026, 11, 21, 9, 0, tzinfo=UTC)) as traveller:
        for place in range(1, 6):
            assert clinic.tell(family(place)).startswith("C'est fait.")
            traveller.advance(90)
        assert clinic.tell(family(6)).startswith("Trop d'essais aujourd'hui")
        traveller.advance(90)
        assert clinic.tell(family(2)).startswith("Votre CIU a déjà été généré")
        assert clinic.number("select count(*) from uic_records") == 5
        traveller.advance(24 * 3600)
        assert clinic.tell(family(6)).startswith("C'est fait.")


def test_a_stranger_with_the_same_answers_does_not_learn_that_somebody_is_registered(clinic: Clinic) -> None:
    assert clinic.code() == CODE
    assert clinic.tell(KABILA, "+243810000002").startswith("C'est fait.")
    assert clinic.tell(KABILA, AWA).startswith("Votre CIU a déjà été généré")
    assert clinic.number("select count(*) from uic_records") == 1
    assert clinic.number("select count(*) from ciu_record_identity") == 2
    assert clinic.events().count("issued_new") == 1
    assert clinic.events().count("issued_existing") == 2


def test_the_six_statements_of_the_guide(clinic: Clinic) -> None:
    clinic.tell()
    clinic.tell(("1990", "Goma", "Awa", "3", "Mbuyi"), "+243810000002")
    clinic.say("Bonjour", "+243810000003")
    assert clinic.rows("SELECT COUNT(*) FROM uic_records;") == [{"count": 2}]
    assert clinic.rows("SELECT phone_number, current_step FROM conversation_sessions;") == [
        {"phone_number": "+243810000003", "current_step": 0}
    ]
    assert clinic.rows("SELECT COUNT(*) as total_uics FROM uic_records;") == [{"total_uics": 2}]
    per_day = clinic.rows(
        "SELECT DATE(created_at) as date, COUNT(*) as count FROM uic_records"
        " WHERE created_at >= NOW() - INTERVAL '30 days' GROUP BY DATE(created_at) ORDER BY date DESC;"
    )
    assert [row["count"] for row in per_day] == [2]
    assert clinic.rows("SELECT COUNT(DISTINCT phone_number) as unique_users FROM uic_records;") == [{"unique_users": 2}]
    newest = clinic.rows("SELECT uic_code, phone_number, created_at FROM uic_records;")
    assert [set(row) for row in newest] == [{"uic_code", "phone_number", "created_at"}] * 2
