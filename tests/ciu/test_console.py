"""What the staff of a programme does at the console: finds a code, reveals a number, ends a conversation."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from core import clock
from core.database import driver
from core.errors import Forbidden, NotFound
from core.permissions import Actor, Grant, Role, Scope
from services.ciu.store import conversations, forgetting, reading, records, reveals, standing
from services.ciu.store.conversations import ConversationOver, EndConversation
from services.ciu.store.forgetting import ForgetCode
from services.ciu.store.records import RecordSearch
from services.ciu.store.reveals import RevealPhones
from services.ciu.typed import Shape
from tests.builders import people
from tests.ciu.clinic import AWA, CODE, KABILA, Clinic

NINE = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SECOND = "+243810000002"
GOMA = ("1990", "Goma", "Béatrice", "3", "Mbuyi")


def staff(clinic: Clinic, name: str = "Grâce") -> Actor:
    """Return an operator of the programme, with a row of his own."""
    person = people.person(clinic.database, f"{name.casefold()}@palabre.example", first_name=name, last_name="Mbuyi")
    return Actor(person, f"{name} Mbuyi", (Grant(Scope.CIU, Role.OPERATEUR),))


def do(clinic: Clinic, verb: Any, actor: Actor, *arguments: Any, **more: Any) -> Any:
    """Run one verb in one transaction."""
    with clinic.database.transaction() as session:
        return verb(session, actor, *arguments, **more)


def record_of(clinic: Clinic, code: str = CODE) -> UUID:
    found: UUID = clinic.rows("select id from ciu_record where code = %s", (code,))[0]["id"]
    return found


def test_codes_are_found_whole_begun_by_day_by_language_and_by_recipe(clinic: Clinic) -> None:
    with clock.travel(NINE) as traveller:
        clinic.tell(KABILA)
        traveller.advance(86_400)
        clinic.say("ENGLISH", SECOND)
        goma = clinic.code(GOMA, SECOND)
        grace = staff(clinic)

        def looked(**search: Any) -> list[str]:
            return [row.code for row in do(clinic, records.list_records, grace, RecordSearch(**search)).rows]

        assert looked() == [goma, CODE]
        assert looked(code=" 985-kins-15 ") == [CODE]
        assert looked(code=CODE.lower()) == [CODE]
        assert looked(code="985-KINS-15-JEA-KABI-DA6A") == [CODE]
        assert looked(code="%") == []
        assert looked(since=date(2026, 11, 22)) == [goma]
        assert looked(until=date(2026, 11, 21)) == [CODE]
        with clinic.database.transaction() as session:
            driver(session).execute("update ciu_programme set timezone = 'Pacific/Pago_Pago'")  # eleven hours behind
        assert looked(since=date(2026, 11, 22)) == []
        assert looked(since=date(2026, 11, 21)) == [goma]
        assert looked(until=date(2026, 11, 20), programme="ciu") == [CODE]
        assert looked(language="en") == [goma]
        assert looked(recipe="document") == [goma, CODE]
        assert looked(recipe="compact") == []
        assert looked(programme="ciu", language="fr") == [CODE]
        page = do(clinic, records.list_records, grace, RecordSearch(), limit=1, offset=1)
        assert [row.code for row in page.rows] == [CODE]
        assert page.total == 2
        assert page.typed is None


def test_a_check_symbol_is_verified_while_it_is_typed(clinic: Clinic) -> None:
    clinic.rows("update ciu_recipe set state = 'retired' where state = 'published' returning id")
    clinic.rows("update ciu_recipe set state = 'published', published_at = now() where key = 'random' returning id")
    answer = clinic.tell(GOMA)
    code = next(line for line in answer.splitlines() if line.count("-") == 2 and len(line) == 13)
    grace = staff(clinic)

    def shape(text: str) -> Shape:
        found: Shape = do(clinic, records.list_records, grace, RecordSearch(code=text)).typed.shape
        return found

    assert shape(code.lower().replace("-", " ")) is Shape.WHOLE
    assert shape(code[:-1]) is Shape.PART
    swapped = code[:-1] + ("0" if code[-1] != "0" else "1")
    assert shape(swapped) is Shape.WRONG_CHECK
    checked = do(clinic, reading.check_code, grace, code)
    assert (checked.is_well_formed, checked.is_known) == (True, True)
    reader = Actor(None, "Léa", (Grant(Scope.CIU, Role.LECTEUR),))
    assert do(clinic, reading.check_code, reader, code).is_known is None
    assert not do(clinic, reading.check_code, reader, swapped).is_well_formed


def test_a_number_is_masked_and_read_for_ten_minutes_by_whoever_said_why(clinic: Clinic) -> None:
    with clock.travel(NINE) as traveller:
        clinic.tell()
        record_id, grace, other = record_of(clinic), staff(clinic), staff(clinic, "Paul")

        def shown(actor: Actor) -> str:
            return str(do(clinic, records.get_record, actor, record_id).holders[0].address)

        assert shown(grace) == "+243•••••001"
        until = do(clinic, reveals.reveal_phones, grace, RevealPhones(record_id=record_id, reason="Rappel du centre"))
        assert (until - clock.now()).total_seconds() == 600
        assert shown(grace) == AWA
        assert shown(other) == "+243•••••001"
        assert do(clinic, records.list_records, grace, RecordSearch()).rows[0].phone == "+243•••••001"
        traveller.advance(601)
        assert shown(grace) == "+243•••••001"
        trail = clinic.rows("select action, summary, actor_name from audit_entry where subject_type = 'ciu_record'")
        assert trail == [{"action": "ciu.reveal", "summary": "Rappel du centre", "actor_name": "Grâce Mbuyi"}]


def test_a_rehearsal_is_in_no_list(clinic: Clinic) -> None:
    rehearsed = clinic.code(KABILA, "+243000000012")
    clinic.say("Bonjour", "+243000000013")
    grace = staff(clinic)
    assert do(clinic, records.list_records, grace, RecordSearch(code=rehearsed)).total == 0
    with pytest.raises(NotFound):
        do(clinic, records.get_record, grace, record_of(clinic, rehearsed))
    assert do(clinic, conversations.list_conversations, grace) == []


def test_staff_forgets_a_code_at_the_counter_and_nobody_finds_it_again(clinic: Clinic) -> None:
    clinic.tell()
    record_id, grace = record_of(clinic), staff(clinic)
    assert do(clinic, forgetting.forget_code, grace, ForgetCode(record_id=record_id, reason="Demandé au comptoir")) == 1
    assert do(clinic, records.list_records, grace, RecordSearch(code=CODE)).total == 0
    assert clinic.rows("select * from uic_records") == []
    with pytest.raises(NotFound):
        do(clinic, records.get_record, grace, record_id)
    assert clinic.code() == f"{CODE}9"


def test_a_live_conversation_shows_its_step_and_never_an_answer(clinic: Clinic) -> None:
    with clock.travel(NINE):
        for word in ("Bonjour", "1947", "douze", "Lubumbashizwi", "42"):
            clinic.say(word)
        grace = staff(clinic)
        [row] = do(clinic, conversations.list_conversations, grace)
        assert (row.page, row.question, row.step, row.steps, row.language) == ("question", "birth_day", 3, 5, "fr")
        assert row.refusals == 1
        assert (row.expires_at - clock.now()).total_seconds() == 15 * 60
        assert "Lubumbashizwi" not in str(row)
        assert AWA not in str(row)


def test_an_operator_ends_a_conversation_and_its_answers_are_gone(clinic: Clinic) -> None:
    for word in ("Bonjour", "1985", "Kinshasa"):
        clinic.say(word)
    grace = staff(clinic)
    [row] = do(clinic, conversations.list_conversations, grace)
    order = EndConversation(conversation_id=row.id, reason="Téléphone volé")
    do(clinic, conversations.end_conversation, grace, order)
    assert do(clinic, conversations.list_conversations, grace) == []
    assert clinic.number("select count(*) from ciu_conversation where answers_enc is not null") == 0
    assert clinic.number("select count(*) from whatsapp_reply where body_enc is not null") == 0
    assert clinic.events()[-1] == "stopped"
    with pytest.raises(ConversationOver):
        do(clinic, conversations.end_conversation, grace, order)
    assert clinic.say("Jean").startswith("Bienvenue")


def test_the_standing_names_our_numbers_and_hides_queues_from_an_observer(clinic: Clinic) -> None:
    clinic.say("Bonjour")
    now = do(clinic, standing.get_standing, staff(clinic))
    assert now.open_conversations == 1
    assert (now.pairs_open, now.inbound_waiting, now.replies_waiting) == (0, 0, 0)
    states = {(one.channel, one.address): one.state for one in now.senders}
    assert states["twilio", "+14155238886"] == "ready"
    reader = Actor(None, "Léa", (Grant(Scope.CIU, Role.LECTEUR),))
    seen = do(clinic, standing.get_standing, reader)
    assert (seen.pairs_open, seen.inbound_waiting, seen.replies_waiting) == (None, None, None)


def test_who_reveals_has_a_name(clinic: Clinic) -> None:
    clinic.tell()
    key = Actor(None, "clé", key_scopes=frozenset({"ciu.act"}))
    with pytest.raises(Forbidden):
        do(clinic, reveals.reveal_phones, key, RevealPhones(record_id=record_of(clinic), reason="curiosité"))
