"""Being forgotten where several programmes, or several people with equal answers, know somebody."""

import pytest

from core.permissions import SYSTEM, Actor, Grant, Role, Scope
from models.whatsapp import WhatsappChannel
from services.ciu.store import deciding, forgetting, programmes, settings
from services.ciu.store.forgetting import ForgetCode
from services.ciu.store.settings import CreateProgramme
from tests.ciu.clinic import AWA, CODE, KABILA, Clinic
from tests.ciu.test_console import do, record_of

OTHERS = "+14155550000"
SECOND = "+243810000002"
OTIS = Actor(user_id=None, name="Otis", grants=(Grant(Scope.CIU, Role.OPERATEUR),))


@pytest.fixture
def two_programmes(clinic: Clinic) -> Clinic:
    """Give the clinic whose second programme is a register bound by law, at a number of its own."""
    register = CreateProgramme(code="registre", name="Registre", recipe="document")
    with clinic.database.transaction() as session:
        made = settings.create_programme(session, SYSTEM, register)
        programmes.open_sender(session, WhatsappChannel.TWILIO, OTHERS, made.id)
    bind(clinic, "registre")
    return clinic


def bind(clinic: Clinic, programme: str) -> None:
    clinic.rows(
        'update ciu_programme set settings = settings || \'{"forget_mode": "unlink"}\' where code = %s returning id',
        (programme,),
    )


def tell_register(clinic: Clinic) -> None:
    for word in ("RESTART", *KABILA, "1"):
        clinic.say(word, To=f"whatsapp:{OTHERS}")


def known(clinic: Clinic) -> list[tuple[str, str | None]]:
    rows = clinic.rows("select uic_code, phone_number from uic_records order by uic_code")
    return [(row["uic_code"], row["phone_number"]) for row in rows]


def forget(clinic: Clinic, code: str = CODE) -> int:
    gone: int = do(
        clinic, forgetting.forget_code, OTIS, ForgetCode(record_id=record_of(clinic, code), reason="Demande")
    )
    return gone


@pytest.mark.parametrize("to_register", [False, True])
def test_each_code_goes_or_stays_as_its_own_programme_says(two_programmes: Clinic, *, to_register: bool) -> None:
    """Whichever programme hears the wish."""
    clinic = two_programmes
    clinic.tell()
    tell_register(clinic)
    kept = f"{CODE}9"
    assert known(clinic) == [(CODE, AWA), (kept, AWA)]
    clinic.pause()
    where = {"To": f"whatsapp:{OTHERS}"} if to_register else {}
    clinic.say("EFFACER", **where)
    clinic.say("1", **where)
    assert known(clinic) == [(kept, None)]
    assert clinic.number("select count(*) from ciu_identity") == 0
    tell_register(clinic)
    assert known(clinic) == [(kept, AWA)]


def test_a_conversation_open_elsewhere_ends_in_the_statistics_too(two_programmes: Clinic) -> None:
    clinic = two_programmes
    clinic.say("Bonjour")
    clinic.say("Bonjour", To=f"whatsapp:{OTHERS}")
    clinic.say("EFFACER")
    clinic.say("1")
    ended = clinic.rows(
        "select p.code, e.conversation_id is not null as is_known from ciu_event e"
        " join ciu_programme p on p.id = e.programme_id where e.name = 'forgotten' order by p.code"
    )
    assert len(ended) == 2
    assert {row["code"] for row in ended} == {programmes.DEFAULT, "registre"}
    assert all(row["is_known"] for row in ended)


def test_at_the_counter_a_register_bound_by_law_keeps_the_code_without_its_people(clinic: Clinic) -> None:
    bind(clinic, programmes.DEFAULT)
    clinic.tell(KABILA, AWA)
    clinic.tell(KABILA, SECOND)
    clinic.tell(("1990", "Goma", "Awa", "3", "Mbuyi"), SECOND)
    assert forget(clinic) == 1
    assert (CODE, None) in known(clinic)
    assert AWA not in clinic.dump()
    assert clinic.number("select count(*) from ciu_reserved_code") == 0
    assert [row["value"] for row in clinic.rows("select value from ciu_identity")] == [SECOND]
    clinic.pause()
    assert clinic.code(KABILA, AWA) == CODE


def test_whoever_comes_back_after_being_forgotten_never_gets_his_namesakes_code(clinic: Clinic) -> None:
    assert clinic.code(KABILA, AWA) == clinic.code(KABILA, SECOND) == CODE
    holder = clinic.rows("select id from ciu_identity where value = %s", (SECOND,))[0]["id"]
    split = deciding.SplitRecord(record_id=record_of(clinic), identity_id=holder, reason="Deux homonymes")
    do(clinic, deciding.split_record, OTIS, split)
    assert clinic.code(KABILA, SECOND) == f"{CODE}9"
    clinic.say("EFFACER", AWA)
    clinic.say("1", AWA)
    clinic.pause()
    assert clinic.code(KABILA, AWA) == f"{CODE}9A"
    clinic.pause()
    assert clinic.code(KABILA, SECOND) == f"{CODE}9"
    assert clinic.code(KABILA, AWA) == f"{CODE}9A"
    assert clinic.rows("select cause from ciu_pair where right_id is not null") == [{"cause": "near"}]
    clinic.pause()
    # A third telephone: the first one's code again, and a person looks.
    assert clinic.code(KABILA, "+243810000003") == f"{CODE}9A"
    assert clinic.number("select count(*) from ciu_pair where cause = 'ordinal'") == 1
