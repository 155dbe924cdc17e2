"""What is kept, for how long, and what a person can have erased."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs

from core import clock
from core.errors import ConfigurationError
from core.settings import get_settings
from services.ciu.store import cleaning, keeping, keys
from services.ciu.store.keys import get_ciu_keys
from tests.ciu.clinic import AWA, CODE, KABILA, Clinic

NINE = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
ONE, TWO = "1:" + "AA" * 21 + "A", "2:" + "BB" * 21 + "A"
OTHER_ONE = "1:" + "CC" * 21 + "A"

SetKeys = Callable[[str], None]


@pytest.fixture
def set_keys(monkeypatch: pytest.MonkeyPatch) -> SetKeys:
    def change(text: str) -> None:
        monkeypatch.setattr(get_settings(), "ciu_match_keys", SecretStr(text))

    change(ONE)
    return change


def start(clinic: Clinic) -> None:
    """Start the process as far as its keys go."""
    keys.check_settings(get_settings())
    with clinic.database.transaction() as session:
        keys.check_stored(session, get_settings())


def test_silence_ends_a_conversation_and_its_answers_are_gone_within_the_minute(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(get_settings(), "session_timeout_minutes", 1)
    with clock.travel(NINE) as traveller:
        clinic.say("Bonjour")
        traveller.advance(50)
        assert "2/5" in clinic.say("1985")
        traveller.advance(50)
        assert "3/5" in clinic.say("Kinshasa")
        traveller.advance(61)
        assert clinic.number("select count(*) from ciu_conversation where answers_enc is not null") == 1
        assert clinic.clean() == 1
        assert clinic.clean() == 0
        assert clinic.number("select count(*) from ciu_conversation where answers_enc is not null") == 0
        assert clinic.number("select count(*) from whatsapp_reply where body_enc is not null") == 0
        said = clinic.say("Jean")
        assert said.startswith("Session expirée : rien reçu depuis 1 minutes")
        assert "1/5" in said
        assert clinic.events().count("expired") == 1
        traveller.advance(61)
        assert clinic.say("1985").startswith("Session expirée")  # nobody had cleaned up
        assert clinic.events().count("expired") == 2


def test_a_stone_stands_for_a_day_and_nothing_of_it_after(clinic: Clinic) -> None:
    with clock.travel(NINE) as traveller:
        clinic.say("Bonjour")
        traveller.advance(16 * 60)
        clinic.clean()
        traveller.advance(24 * 3600 + 1)
        clinic.clean()
        assert clinic.number("select count(*) from ciu_conversation") == 0
        assert clinic.say("Bonjour").startswith("Bienvenue")


def test_after_the_issue_no_answer_is_left_anywhere(clinic: Clinic) -> None:
    answers = ("1947", "Lubumbashizwi", "Zephyrinekw", "23", "Wakabongobo")
    with capture_logs() as log:
        said = clinic.tell(answers)
    assert "LUBU-23-ZEP-WAKA" in said
    left = clinic.dump() + str(log)
    for answer in ("Lubumbashizwi", "Zephyrinekw", "Wakabongobo"):
        assert answer not in left
        assert answer.upper() not in left
    assert len(log) == 7
    assert AWA not in str(log)
    assert AWA in left  # the number is kept, as the welcome says
    assert clinic.number("select count(*) from ciu_consent") == 1
    # The last reply stays for a day, so that a repeated message is answered alike.
    assert clinic.number("select count(*) from whatsapp_reply where body_enc is not null") == 1


def test_while_a_conversation_runs_its_answers_are_sealed(clinic: Clinic) -> None:
    for word in ("Bonjour", "1947", "Lubumbashizwi", "Zephyrinekw"):
        clinic.say(word)
    left = clinic.dump()
    assert "Lubumbashizwi" not in left
    assert "ZEPHYRINEKW" not in left


def test_a_repeated_message_gets_silence_once_its_reply_is_erased(clinic: Clinic) -> None:
    with clock.travel(NINE) as traveller:
        form = clinic.form("Bonjour")
        first = clinic.post(form).text
        assert clinic.post(form).text == first
        traveller.advance(25 * 3600)
        clinic.clean()
        assert clinic.post(form).text == '<?xml version="1.0" encoding="UTF-8"?><Response/>'
        traveller.advance(timedelta(days=200).total_seconds())
        assert clinic.post(form).text == '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def test_old_events_become_totals_of_their_day(clinic: Clinic) -> None:
    with clock.travel(NINE) as traveller:
        clinic.tell()
        before = len(clinic.events())
        traveller.advance(timedelta(days=400).total_seconds())
        cleaning.run(clinic.database, keeping.EVERY_NIGHT, lambda: False)
    assert clinic.events() == []
    assert clinic.number("select sum(number) from ciu_day where name <> 'to_code'") == before
    assert clinic.number("select count(*) from whatsapp_inbound") == 0


def test_who_is_forgotten_is_nowhere_and_his_code_is_nobodys(clinic: Clinic) -> None:
    assert clinic.code() == CODE
    clinic.say("Bonjour", "+243810000009")
    assert clinic.say("EFFACER").startswith("Supprimer votre numéro")
    assert clinic.say("1").startswith("Supprimé.")
    for view in ("uic_records", "conversation_sessions"):
        assert AWA not in str(clinic.rows(f"select * from {view}"))
    left = clinic.dump()
    assert AWA not in left
    assert CODE not in left
    for table in ("ciu_match_key", "ciu_near_key", "ciu_record_identity", "ciu_consent", "ciu_contact"):
        assert clinic.number(f"select count(*) from {table}") == 0
    assert clinic.number("select count(*) from ciu_reserved_code") == 1
    assert clinic.code() == f"{CODE}9"  # the same person is a new one, with a longer code


def test_a_code_that_another_holds_lives_on_without_the_forgotten_one(clinic: Clinic) -> None:
    clinic.tell(KABILA, AWA)
    clinic.tell(KABILA, "+243810000002")
    clinic.say("EFFACER", AWA)
    clinic.say("1", AWA)
    assert clinic.rows("select uic_code, phone_number from uic_records") == [
        {"uic_code": CODE, "phone_number": "+243810000002"}
    ]


def test_a_register_bound_by_law_keeps_the_code_without_the_number(clinic: Clinic) -> None:
    clinic.rows('update ciu_programme set settings = \'{"forget_mode": "unlink"}\' returning id')
    clinic.tell()
    clinic.say("EFFACER")
    clinic.say("1")
    assert clinic.rows("select uic_code, phone_number from uic_records") == [{"uic_code": CODE, "phone_number": None}]
    assert clinic.tell().startswith("C'est fait.")
    assert clinic.rows("select uic_code, phone_number from uic_records") == [{"uic_code": CODE, "phone_number": AWA}]


def test_with_a_new_key_each_who_returns_has_his_old_code(clinic: Clinic, set_keys: SetKeys) -> None:
    start(clinic)
    people = [
        (("1985", "Goma", name, "3", "Mbuyi"), f"+24382000000{place}")
        for place, name in enumerate(("Awa", "Bea", "Lia"))
    ]
    codes = [clinic.code(*one) for one in people]
    set_keys(f"{ONE},{TWO}")
    start(clinic)
    assert [clinic.code(*one) for one in people[:2]] == codes[:2]
    versions = "select key_version from ciu_match_key order by key_version"
    assert [row["key_version"] for row in clinic.rows(versions)] == [1, 2, 2]
    assert clinic.number("select count(*) from ciu_near_key where key_version = 2") == 12
    set_keys(TWO)
    with pytest.raises(ConfigurationError, match="CIU_MATCH_KEYS version 1 is missing"):
        start(clinic)
    set_keys(f"{OTHER_ONE},{TWO}")
    with pytest.raises(ConfigurationError, match="version 1 is not the one"):
        start(clinic)
    assert list(get_ciu_keys().match) == [1, 2]


def test_numbers_may_be_sealed_and_distinct_users_still_count(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(get_settings(), "ciu_phone_encryption", True)
    clinic.tell()
    clinic.tell(("1990", "Goma", "Awa", "3", "Mbuyi"))
    assert AWA not in clinic.dump()
    shown = clinic.rows("select distinct phone_number from uic_records")
    assert len(shown) == 1
    assert shown[0]["phone_number"].startswith("h:")
    assert len(shown[0]["phone_number"]) == 34


@pytest.mark.parametrize(
    ("salt", "sentence"),
    [
        ("short", "UIC salt must be at least 16 characters"),
        ("onlyletterseverywhere", "UIC salt must mix letters with digits or symbols"),
        ("[À COMPLÉTER PAR L'ÉQUIPE CANADIENNE]", "UIC salt is still the placeholder"),
    ],
)
def test_a_bad_salt_stops_the_start(monkeypatch: pytest.MonkeyPatch, salt: str, sentence: str) -> None:
    monkeypatch.setattr(get_settings(), "uic_salt", SecretStr(salt))
    with pytest.raises(ConfigurationError, match=f"^Configuration error: {sentence}$"):
        keys.check_settings(get_settings())
