"""The simulator's verbs: only rehearsals' numbers, only for staff, signed by the account itself."""

import json
from typing import Any

import httpx
import pytest

from channels.ciu import rehearsing
from channels.whatsapp import signing
from channels.whatsapp.signing import Attached, NotARehearsal, NothingSigns, Way, WriteMessage
from core import clock
from core.errors import Forbidden
from core.permissions import Actor, Grant, Role, Scope
from tests.ciu.clinic import AWA, KABILA, Clinic, text_of

OPERATOR = Actor(None, "Aissatou Barry", (Grant(Scope.CIU, Role.OPERATEUR),))
READER = Actor(None, "Serge Ilunga", (Grant(Scope.CIU, Role.LECTEUR),))
PHONE = "+243000000001"


def order(clinic: Clinic, text: str = "Bonjour", way: Way = Way.SHA1, **more: Any) -> WriteMessage:
    with clinic.database.transaction() as session:
        lines = signing.list_lines(session, OPERATOR)
    line = next(line for line in lines if (line.channel == "meta") is (way is Way.META))
    known = {"message_id": signing.new_message_id(way), "sent_at": clock.now(), "phone": PHONE}
    return WriteMessage(sender_id=line.sender_id, way=way, text=text, **{**known, **more})


def post(clinic: Clinic, asked: WriteMessage) -> httpx.Response:
    with clinic.database.transaction() as session:
        request = signing.write_message(session, OPERATOR, asked)
    return httpx.post(clinic.address + request.target, content=request.body, headers=dict(request.headers))


def test_a_real_number_is_never_written_from(clinic: Clinic) -> None:
    for phone in (AWA, "+2430000000100", "+24300000000", "CD.1349"):
        with clinic.database.transaction() as session, pytest.raises(NotARehearsal):
            signing.write_message(session, OPERATOR, order(clinic, phone=phone))


def test_a_reader_signs_nothing_and_sees_nothing(clinic: Clinic) -> None:
    asked = order(clinic)
    for act in (
        lambda session: signing.write_message(session, READER, asked),
        lambda session: signing.list_lines(session, READER),
        lambda session: rehearsing.get_standing(session, READER, asked.sender_id, PHONE),
        lambda session: rehearsing.get_answer(session, READER, asked.message_id),
        lambda session: rehearsing.expire_now(session, READER, asked.sender_id, PHONE),
        lambda session: rehearsing.erase(session, READER),
        lambda session: rehearsing.count_kept(session, READER),
    ):
        with clinic.database.transaction() as session, pytest.raises(Forbidden):
            act(session)


def test_a_way_that_the_account_lacks_is_refused(clinic: Clinic) -> None:
    asked = order(clinic).model_copy(update={"way": Way.SHA256})
    with clinic.database.transaction() as session, pytest.raises(NothingSigns):
        signing.write_message(session, OPERATOR, asked)


@pytest.mark.parametrize("attached", [*Attached])
def test_whatever_is_attached_is_taken(clinic: Clinic, attached: Attached) -> None:
    answer = post(clinic, order(clinic, "", attached=attached))
    assert answer.status_code == 200
    assert "Bienvenue" in text_of(answer.text)
    told = post(clinic, order(clinic, "", Way.META, attached=attached))
    assert (told.status_code, told.json()) == (200, {"status": "ok"})


def test_where_it_stands_is_told_but_never_what_was_answered(clinic: Clinic) -> None:
    for word in ("Bonjour", *KABILA[:2]):
        post(clinic, order(clinic, word))
    with clinic.database.transaction() as session:
        standing = rehearsing.get_standing(session, OPERATOR, order(clinic).sender_id, PHONE)
    assert standing is not None
    assert (standing.step, standing.question, standing.questions, standing.page) == (2, "first_name", 5, "question")
    assert [one.name for one in standing.happened][::-1] == ["started", "asked", *["answered", "asked"] * 2]
    assert "Kinshasa" not in repr(standing)
    assert "KINSHASA" not in repr(standing)


def test_a_real_person_has_no_standing_here_and_is_never_expired(clinic: Clinic) -> None:
    clinic.say("Bonjour")
    sender_id = order(clinic).sender_id
    with clinic.database.transaction() as session:
        assert rehearsing.get_standing(session, OPERATOR, sender_id, AWA) is None
        assert not rehearsing.expire_now(session, OPERATOR, sender_id, AWA)
    assert "2/5" in clinic.say("1985")


def test_a_rehearsal_through_meta_is_answered_here_and_sent_nowhere(clinic: Clinic) -> None:
    asked = order(clinic, "Bonjour", Way.META)
    assert post(clinic, asked).status_code == 200
    with clinic.database.transaction() as session:
        assert rehearsing.get_answer(session, OPERATOR, asked.message_id) is None
    assert clinic.work() == 1
    with clinic.database.transaction() as session:
        answer = rehearsing.get_answer(session, OPERATOR, asked.message_id)
    assert answer is not None
    assert "Bienvenue" in answer.text
    assert clinic.number("select count(*) from message") == 0


def test_a_persons_answer_through_meta_is_not_read_here(clinic_and_meta: Clinic) -> None:
    clinic = clinic_and_meta
    assert (
        clinic.meta({"id": "wamid.real", "from": AWA[1:], "timestamp": "0", "type": "text", "text": {"body": "A"}})
        == 200
    )
    clinic.work()
    with clinic.database.transaction() as session:
        assert rehearsing.get_answer(session, OPERATOR, "wamid.real") is None


def test_meta_writes_escapes_as_meta_does(clinic: Clinic) -> None:
    with clinic.database.transaction() as session:
        request = signing.write_message(session, OPERATOR, order(clinic, "Éli", Way.META))
    assert b"\\u00c9li" in request.body
    assert json.loads(request.body)["entry"][0]["changes"][0]["value"]["messages"][0]["text"] == {"body": "Éli"}


def test_erasing_leaves_people_alone(clinic: Clinic) -> None:
    real = clinic.code()
    for word in ("Bonjour", *KABILA, "1"):
        post(clinic, order(clinic, word))
    before = clinic.number("select count(*) from ciu_event where not is_test")
    with clinic.database.transaction() as session:
        assert rehearsing.erase(session, OPERATOR) == rehearsing.Kept(telephones=1, codes=1)
        assert rehearsing.count_kept(session, OPERATOR) == rehearsing.Kept(0, 0)
    assert [row["uic_code"] for row in clinic.rows("select uic_code from uic_records")] == [real]
    assert clinic.number("select count(*) from ciu_event where not is_test") == before
    assert clinic.number("select count(*) from ciu_match_key") == 1
    assert clinic.number("select count(*) from audit_entry where action = 'ciu.erase_rehearsals'") == 1


def test_a_rehearsals_forgotten_code_is_kept_from_rehearsals_alone(clinic: Clinic) -> None:
    clinic.rows("update ciu_recipe set state = 'retired' where key = 'document' returning id")
    clinic.rows(
        "update ciu_recipe set state = 'published' where key = 'compact' returning id"
    )  # without salt or digest
    for word in ("Bonjour", "Mbengue", "Ibrahima", "7", "DA", "1", "1", "EFFACER", "1"):
        post(clinic, order(clinic, word))
    assert clinic.number("select count(*) from ciu_reserved_code") == 1
    for word in ("Bonjour", "Mbengue", "Ibrahima", "7", "DA", "1", "1"):
        clinic.say(word)
    assert [row["uic_code"] for row in clinic.rows("select uic_code from uic_records")] == ["MBEIBR7DA1"]
