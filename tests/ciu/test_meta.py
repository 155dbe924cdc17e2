"""People write through Meta: stored at once, answered by a worker, sent once through the outbox."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from channels.ciu import exchange, turns
from core import clock
from core.database import driver
from jobs import ciu as worker
from providers.fakes.phones import PHONES
from tests.ciu.clinic import CODE, KABILA, Clinic, meta_text

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SENDER = "243810000500"


def written(body: str, number: int, sent_at: int) -> dict[str, Any]:
    return meta_text(body, number, SENDER, sent_at)


def at(seconds: int = 0) -> int:
    return int(NOON.timestamp()) + seconds


def texts(sender: str = SENDER) -> list[str]:
    return [letter.text for letter in PHONES.letters("meta_whatsapp") if letter.to.endswith(sender)]


def test_a_person_gets_his_code_through_meta(clinic_and_meta: Clinic) -> None:
    with clock.travel(NOON) as traveller:
        for number, word in enumerate(("Bonjour", *KABILA, "1")):
            assert clinic_and_meta.meta(written(word, number, sent_at=at(number))) == 200
            assert clinic_and_meta.work() == 1
            traveller.advance(1)
    assert CODE in texts()[-1]
    assert len(texts()) == 7
    # Neither a text nor a number stands in the outbox, and nothing of it in what was received.
    rows = clinic_and_meta.rows("select address, body, data from message")
    assert all(row["address"].startswith("reply:") and row["body"] is None for row in rows)
    assert clinic_and_meta.number("select count(*) from inbound_event") == 0
    assert clinic_and_meta.number("select count(*) from whatsapp_inbound where payload_enc is not null") == 0


def test_the_same_message_twenty_times_is_one_answer(clinic_and_meta: Clinic) -> None:
    with clock.travel(NOON):
        message = written("Bonjour", 1, sent_at=at())
        with ThreadPoolExecutor(10) as crowd:
            statuses = list(crowd.map(lambda _: clinic_and_meta.meta(message), range(20)))
        assert set(statuses) == {200}
        assert clinic_and_meta.work() == 1
        clinic_and_meta.meta(message)
        assert clinic_and_meta.work() == 0
    assert len(texts()) == 1


def test_messages_of_one_person_are_answered_in_the_order_they_were_sent(clinic_and_meta: Clinic) -> None:
    with clock.travel(NOON):
        late, early = written("Kinshasa", 3, sent_at=at(3)), written("1985", 2, sent_at=at(2))
        clinic_and_meta.meta(late, written("Bonjour", 1, sent_at=at(1)))
        clinic_and_meta.meta(early)
        assert clinic_and_meta.work() == 3
    assert clinic_and_meta.rows("select step from ciu_conversation") == [{"step": 2}]


def test_a_message_that_comes_too_late_is_never_an_answer(clinic_and_meta: Clinic) -> None:
    with clock.travel(NOON):
        clinic_and_meta.meta(written("1985", 1, sent_at=at(-3600)))
        clinic_and_meta.work()
        assert clinic_and_meta.rows("select step from ciu_conversation") == [{"step": 0}]
        clinic_and_meta.meta(written("1985", 2, sent_at=at(-3600)))
        clinic_and_meta.work()
        assert clinic_and_meta.rows("select step from ciu_conversation") == [{"step": 0}]
    assert len(texts()) == 1


def test_what_nobody_signed_is_refused_and_what_cannot_be_read_is_acknowledged(clinic: Clinic) -> None:
    assert clinic.meta(written("x", 1, at()), secret="wrong") == 403
    for message in (
        {"id": "w1", "from": SENDER, "type": "reaction", "reaction": {"emoji": "x"}},
        {"id": "w2", "from": "nobody", "type": "text", "text": {"body": "x"}},
        {"id": "w3", "from": SENDER, "type": "text"},
        {"id": "w4", "from": SENDER, "type": "hologram", "hologram": []},
        {"id": "w5", "from": SENDER, "group_id": "g", "type": "text", "text": {"body": "x"}},
        {"id": "w6", "from_user_id": "CD.13491208655302741918", "type": "text", "text": {"body": "x"}},
        {"id": "w7", "from": SENDER, "timestamp": "99999999999999999999", "type": "location", "location": {}},
    ):
        assert clinic.meta(message) == 200
    assert clinic.work() == 6
    assert clinic.number("select count(*) from ciu_conversation") == 2


@pytest.mark.parametrize(
    "message",
    [
        {"type": "image", "image": {"id": "1", "mime_type": "image/jpeg"}},
        {"type": "audio", "audio": {"id": "1", "voice": True}},
        {"type": "video", "video": {"id": "1"}},
        {"type": "document", "document": {"id": "1", "filename": "x.pdf"}},
        {"type": "sticker", "sticker": {"id": "1"}},
        {"type": "location", "location": {"latitude": -4.3, "longitude": 15.3}},
        {"type": "contacts", "contacts": [{"name": {"formatted_name": "Awa"}}]},
        {"type": "unsupported", "errors": [{"code": 131051}]},
        {"type": "order", "order": {"product_items": []}},
        {"type": "image"},
        {"type": "image", "image": None},
    ],
    ids=lambda message: message["type"],
)
def test_no_medium_moves_the_conversation_and_each_is_told_so(clinic_and_meta: Clinic, message: dict[str, Any]) -> None:
    with clock.travel(NOON):
        clinic_and_meta.meta(written("Bonjour", 1, sent_at=at()))
        assert clinic_and_meta.meta({"id": "w", "from": SENDER, "timestamp": str(at(1)), **message}) == 200
        assert clinic_and_meta.work() == 2
        assert texts()[-1].startswith("Répondez par écrit")
        caption = {"id": "wc", "from": SENDER, "timestamp": str(at(2)), "type": "image", "image": {"caption": "1985"}}
        clinic_and_meta.meta(caption)
        assert clinic_and_meta.work() == 1
    assert clinic_and_meta.rows("select step from ciu_conversation") == [{"step": 1}]


def test_a_button_is_an_answer_and_choices_can_be_tapped(clinic_and_meta: Clinic) -> None:
    with clock.travel(NOON):
        for number, word in enumerate(("Bonjour", *KABILA)):
            clinic_and_meta.meta(written(word, number, sent_at=at(number)))
        clinic_and_meta.work()
        tap = {"type": "button_reply", "button_reply": {"id": "confirm:yes", "title": "Oui"}}
        button: dict[str, Any] = {"id": "wb", "from": SENDER, "timestamp": str(at(9)), "type": "interactive"}
        clinic_and_meta.meta({**button, "interactive": tap})
        clinic_and_meta.work()
    assert texts()[-2].endswith("[Oui, donner mon code]\n[Corriger]")
    assert "1 Oui" not in texts()[-2]
    assert clinic_and_meta.number("select count(*) from uic_records") == 1


def test_a_number_that_changed_is_the_same_person(clinic: Clinic) -> None:
    clinic.meta(written("Bonjour", 1, sent_at=at()))
    clinic.work()
    system = {"type": "user_changed_number", "new_wa_id": "243820000009", "body": "x"}
    clinic.meta({"id": "ws", "from": SENDER, "timestamp": str(at(1)), "type": "system", "system": system})
    clinic.work()
    assert clinic.rows("select value from ciu_identity") == [{"value": "+243820000009"}]


def test_a_message_that_fails_rests_and_is_answered_later(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    with clock.travel(NOON) as traveller:
        clinic.meta(written("Bonjour", 1, sent_at=at()))
        real = turns.take_turn
        monkeypatch.setattr(exchange, "take_turn", lambda *_: 1 / 0)
        assert clinic.work() == 1
        assert clinic.work() == 0
        monkeypatch.setattr(exchange, "take_turn", real)
        assert clinic.work() == 0
        traveller.advance(2)
        assert clinic.work() == 1
    assert clinic.number("select count(*) from ciu_conversation") == 1


def test_a_message_that_fails_all_day_is_tried_all_day_and_apologised_for(
    clinic_and_meta: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    with clock.travel(NOON) as traveller:
        clinic_and_meta.meta(written("Bonjour", 1, sent_at=at()))
        monkeypatch.setattr(exchange, "take_turn", lambda *_: 1 / 0)
        assert worker.answer_due(clinic_and_meta.database) == 1
        for _ in range(23 * 6):
            traveller.advance(600)
            assert worker.answer_due(clinic_and_meta.database) == 1
        assert clinic_and_meta.number("select count(*) from whatsapp_inbound where payload_enc is not null") == 1
        assert texts() == []
        for _ in range(6):
            traveller.advance(600)
            clinic_and_meta.work()
        assert clinic_and_meta.number("select count(*) from whatsapp_inbound where payload_enc is not null") == 0
        assert texts() == [exchange.error_text()]
        traveller.advance(600)
        assert clinic_and_meta.work() == 0


def test_a_reply_that_nobody_can_open_any_more_stops_no_other(clinic_and_meta: Clinic) -> None:
    other = "243810000501"
    with clock.travel(NOON):
        clinic_and_meta.meta(written("Bonjour", 1, sent_at=at()))
        assert worker.answer_due(clinic_and_meta.database) == 1
        with clinic_and_meta.database.transaction() as session:
            driver(session).execute("update whatsapp_reply set body_enc = '\\x00'")
        clinic_and_meta.meta(meta_text("Bonjour", 2, other, at()))
        clinic_and_meta.work()
    assert (len(texts()), len(texts(other))) == (0, 1)
    assert clinic_and_meta.rows("select state from message order by id") == [{"state": "cancelled"}, {"state": "sent"}]


def test_a_status_moves_the_message_and_leaves_no_number_behind(clinic_and_meta: Clinic) -> None:
    with clock.travel(NOON):
        clinic_and_meta.meta(written("Bonjour", 1, sent_at=at()))
        clinic_and_meta.work()
        message_id = clinic_and_meta.rows("select id from message")[0]["id"]
        for status in ("read", "delivered"):
            part = {"id": "wamid.x", "status": status, "biz_opaque_callback_data": str(message_id)}
            assert clinic_and_meta.meta(statuses=({**part, "recipient_id": SENDER},)) == 200
    assert clinic_and_meta.rows("select state from message") == [{"state": "read"}]
    assert clinic_and_meta.number("select count(*) from inbound_event") == 0


def test_meta_asks_whether_the_address_is_ours(clinic: Clinic) -> None:
    url = f"{clinic.address}/whatsapp/webhook"
    asked = {"hub.mode": "subscribe", "hub.verify_token": "agreed", "hub.challenge": "1158201444"}
    answer = httpx.get(url, params=asked)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    assert httpx.get(url, params={**asked, "hub.verify_token": ""}).status_code == 403
    assert httpx.get(f"{url}/").status_code == 400
