"""Those who run the service: how it starts, its keys, a test message, an earlier register, a code erased."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from commands.parser import main
from core.database import driver
from core.errors import ConfigurationError, Forbidden
from core.permissions import SYSTEM, Actor, Grant, Role, Scope
from core.settings import get_settings
from services.ciu.store import forgetting
from services.ciu.store.forgetting import ForgetCode
from services.ciu.store.keys import check_stored, get_ciu_keys
from services.ciu.store.rotating import BATCH, AddressesLeft, count_lost, move_lookups, retire_key, seal_addresses
from tests.ciu.clinic import AWA, CODE, KABILA, Clinic
from tests.kannel.boxes import until

ROOT = Path(__file__).parents[2]
ONE, TWO = "1:" + "AA" * 21 + "A", "2:" + "BB" * 21 + "A"
STRONG = {
    "SECRET_KEY": "k3y-of-the-tests-0123456789-abcdefghij",
    "SECRETS_KEY": "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=",
    "PIN_PEPPERS": "1:QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY=",
    "INPUT_MAC_KEY": "mac-of-the-tests-0123456789-abcdefghij",
    "API_KEY": "api-key-of-the-tests-0123456789",
}


def started(tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Start the service with these variables, which must not let it."""
    return subprocess.run(  # our own program
        [sys.executable, "main.py", "serve"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "DATA_DIR": str(tmp_path), **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"UIC_SALT": "short"}, "UIC salt must be at least 16 characters"),
        ({"UIC_SALT": ""}, "UIC salt must be at least 16 characters"),
        ({"UIC_SALT": "onlylettershereforever"}, "UIC salt must mix letters with digits or symbols"),
        (
            {"ENVIRONMENT": "production", "WHATSAPP_ALLOW_UNSIGNED": "true", **STRONG},
            "WHATSAPP_ALLOW_UNSIGNED is only for development",
        ),
        (
            {"ENVIRONMENT": "production", "UIC_SALT": "s4lt-of-the-tests-0123456789", **STRONG},
            "CIU_MATCH_KEYS is required beside UIC_SALT",
        ),
    ],
)
def test_it_refuses_to_start_in_one_line(tmp_path: Path, variables: dict[str, str], line: str) -> None:
    ended = started(tmp_path, **variables)
    assert (ended.returncode, ended.stderr) == (78, f"Configuration error: {line}\n")


def test_a_wait_of_more_than_an_hour_is_refused(tmp_path: Path) -> None:
    ended = started(tmp_path, SESSION_TIMEOUT_MINUTES="61")
    assert ended.returncode == 78
    assert "session_timeout_minutes" in ended.stderr


def test_a_key_goes_once_its_figure_is_confirmed(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(get_settings(), "ciu_match_keys", SecretStr(ONE))
    monkeypatch.setattr(get_settings(), "database_url", clinic.database.url)
    clinic.tell(KABILA, AWA)
    clinic.tell(("1990", "Goma", "Awa", "3", "Mbuyi"), "+243810000002")
    clinic.say("Bonjour", "+243810000003", ExternalUserId="CD.13491208655302741918")
    monkeypatch.setattr(get_settings(), "ciu_match_keys", SecretStr(f"{ONE},{TWO}"))
    clinic.tell(KABILA, AWA)
    with clinic.database.transaction() as session:
        assert count_lost(session, 1) == 1
        with pytest.raises(AddressesLeft, match="4 adresses"):
            retire_key(session, SYSTEM, 1, confirmed=1)
    assert main(["ciu", "keys", "retire", "1"]) == 1
    assert "1 empreintes ne se lisent que sous la clé 1" in capsys.readouterr().err
    assert main(["ciu", "keys", "retire", "1", "--lose", "1"]) == 0
    monkeypatch.setattr(get_settings(), "ciu_match_keys", SecretStr(TWO))
    assert main(["ciu", "keys", "show"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2\tactive\t5"
    assert clinic.say("1985", "CD.13491208655302741918").startswith("Bien noté.")
    clinic.pause()
    assert clinic.tell(KABILA, AWA).startswith("Votre CIU a déjà été généré")


def test_a_key_that_keeps_a_forgotten_code_from_others_stays(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(get_settings(), "ciu_match_keys", SecretStr(ONE))
    monkeypatch.setattr(get_settings(), "database_url", clinic.database.url)
    clinic.tell()
    clinic.say("EFFACER")
    clinic.say("1")
    monkeypatch.setattr(get_settings(), "ciu_match_keys", SecretStr(f"{ONE},{TWO}"))
    assert main(["ciu", "keys", "retire", "1"]) == 1
    assert "1 codes de personnes oubliées ne sont réservés que sous la clé 1" in capsys.readouterr().err
    assert clinic.number("select count(*) from ciu_reserved_code") == 1
    clinic.pause()
    assert not clinic.tell(KABILA, "+243810000002").endswith("DA6A7")


def test_the_key_of_a_reply_is_missed_at_the_start(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.tell()
    with clinic.database.transaction() as session:
        check_stored(session, get_settings())
        driver(session).execute("update ciu_record set spare_enc = null")
        monkeypatch.setattr(get_settings(), "ciu_data_key", SecretStr(TWO))
        with pytest.raises(ConfigurationError, match="CIU_DATA_KEY lacks the key"):
            check_stored(session, get_settings())
        driver(session).execute("update whatsapp_reply set body_enc = null")
        check_stored(session, get_settings())


def test_addresses_are_sealed_and_opened_in_bulk(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic.tell()
    for is_sealed in (True, False):
        monkeypatch.setattr(get_settings(), "ciu_phone_encryption", is_sealed)
        with clinic.database.transaction() as session:
            assert seal_addresses(session) == 1
            assert seal_addresses(session) == 0
        assert (AWA in clinic.dump()) is not is_sealed
        clinic.pause()
        assert clinic.tell().startswith("Votre CIU a déjà été généré")
    with clinic.database.transaction() as session:
        assert move_lookups(session, 9, most=BATCH) == 0


def test_an_earlier_register_is_claimed_by_its_people(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(get_settings(), "database_url", clinic.database.url)
    hashed = "08fdc1c8d4111837ba57c6f8fe2b3df07227639fc340787f60f9f047423da9de"
    file = tmp_path / "register.csv"
    file.write_text(
        "uic_code,phone_number,created_at,input_hash\n"
        f"OLD-CODE-1,+243810000009,2024-05-01T10:00:00,{hashed}\n"
        "OLD-CODE-2,,2024-05-02,\n"
        "OLD-CODE-2,,2024-05-02,\n"
        "OLD-CODE-3,nobody,2024-05-02,\n"
        "OLD-CODE-4,,yesterday,\n"
    )
    assert main(["ciu", "import", str(file)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "Vérification seulement : rien n'est gardé (--apply pour garder).",
        "ligne 4 : code déjà connu",
        "ligne 5 : numéro illisible",
        "ligne 6 : date illisible",
        "2 pris, 3 refusés",
    ]
    assert clinic.number("select count(*) from ciu_record") == 0
    assert main(["ciu", "import", str(file), "--apply"]) == 1
    assert clinic.number("select count(*) from uic_records") == 2
    file.write_text("uic_code,phone_number,created_at\nOLD-CODE-2,+243810000010,2024-05-02\n")
    assert main(["ciu", "import", str(file), "--apply"]) == 1
    assert clinic.rows("select value from ciu_identity") == [{"value": "+243810000009"}]  # nothing of a refused row
    assert "OLD-CODE-1" in clinic.tell(KABILA, AWA)
    assert clinic.rows("select cause from ciu_pair") == [{"cause": "claim"}]
    assert clinic.tell(KABILA, AWA).startswith("Votre CIU a déjà été généré")
    assert clinic.number("select count(*) from ciu_record where input_hash is not null") == 0


def test_a_test_message_is_signed_and_answered(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(get_settings(), "database_url", clinic.database.url)
    assert main(["ciu", "send-test", "--from", "+243810000077", "--body", "Bonjour"]) == 0
    assert "\n200 <?xml" in f"\n{capsys.readouterr().out}"
    assert clinic.rows("select phone_number from conversation_sessions") == [{"phone_number": "+243810000077"}]


def test_a_code_is_erased_at_the_counter_with_a_reason(clinic: Clinic) -> None:
    clinic.tell(KABILA, AWA)
    clinic.tell(KABILA, "+243810000002")
    clinic.tell(("1990", "Goma", "Awa", "3", "Mbuyi"), "+243810000002")
    record_id = clinic.rows("select id from ciu_record where code = %s", (CODE,))[0]["id"]
    order = ForgetCode(record_id=record_id, reason="Demande au guichet")
    reader = Actor(user_id=None, name="Léa", grants=(Grant(Scope.CIU, Role.LECTEUR),))
    staff = Actor(user_id=None, name="Otis", grants=(Grant(Scope.CIU, Role.OPERATEUR),))
    with clinic.database.transaction() as session, pytest.raises(Forbidden):
        forgetting.forget_code(session, reader, order)
    with clinic.database.transaction() as session:
        assert forgetting.forget_code(session, staff, order) == 1
    assert clinic.number("select count(*) from uic_records") == 1
    left = clinic.dump()
    assert CODE not in left
    assert AWA not in left
    assert "+243810000002" in left
    assert clinic.code() == f"{CODE}9"


def test_the_counter_waits_for_a_person_who_writes_and_neither_is_in_the_others_way(clinic: Clinic) -> None:
    clinic.tell(KABILA, AWA)
    record_id = clinic.rows("select id from ciu_record")[0]["id"]
    staff = Actor(user_id=None, name="Otis", grants=(Grant(Scope.CIU, Role.OPERATEUR),))

    def forget() -> int:
        with clinic.database.transaction() as session:
            return forgetting.forget_code(session, staff, ForgetCode(record_id=record_id, reason="Demande au guichet"))

    with clinic.database.engine.connect() as writer, ThreadPoolExecutor(1) as counter:
        writer.exec_driver_sql("select 1 from ciu_identity for update")
        forgotten = counter.submit(forget)
        until(lambda: clinic.number("select count(*) from pg_locks where not granted"), "the counter waits for nobody")
        writer.exec_driver_sql("select 1 from ciu_record for no key update nowait")
        writer.rollback()
        assert forgotten.result() == 1
    assert clinic.number("select count(*) from uic_records") == 0


def test_the_keys_are_shown_to_nobody() -> None:
    assert repr(get_ciu_keys()) == f"CiuKeys(match={list(get_ciu_keys().match)})"
    assert get_settings().uic_salt.get_secret_value() not in repr(get_settings())
