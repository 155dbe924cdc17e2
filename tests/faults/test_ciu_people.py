"""Thousands of people through the store: no code shared, every return visit recognised, also under a new key."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import SecretStr

from core.database import Database, Session
from core.errors import ConfigurationError
from core.permissions import SYSTEM
from core.settings import get_settings
from services.ciu.codes import build_code, candidates
from services.ciu.identities import read_identity
from services.ciu.recipes import shipped
from services.ciu.store import issuing, keys, people, programmes, rotating
from services.ciu.store.issuing import Issued, Wanted
from services.ciu.store.keys import get_ciu_keys
from services.ciu.store.programmes import Programme
from tests.builders.patients import Patient, patients
from tests.ciu.clinic import SALT, Clinic
from tests.ciu.conftest import clinic, our_address

__all__ = ["clinic", "our_address"]

ONE, TWO = "1:" + "AA" * 21 + "A", "2:" + "BB" * 21 + "A"
AT_ONCE, VISITS_A_TRANSACTION = 2, 20
OTHER_PHONE = "+2439"


def visit(database: Database, recipe_key: str, many: Sequence[Patient], *, is_elsewhere: bool = False) -> list[Issued]:
    """Let each of them confirm his answers, on his own telephone or on one that nobody knows yet."""
    with database.transaction() as session:
        programme = programmes.get_default(session)
        found = session.connection().exec_driver_sql("select id from ciu_recipe where key = %s", (recipe_key,))
        recipe_id = found.scalar_one()
    recipe = shipped(recipe_key)

    def confirm(session: Session, programme: Programme, patient: Patient) -> Issued:
        address = patient.phone.replace("+2438", OTHER_PHONE) if is_elsewhere else patient.phone
        identity = read_identity(address)
        assert identity is not None
        person = people.take_person(session, get_ciu_keys(), identity)
        wanted = Wanted(programme, person, recipe, recipe_id, "fr", patient.answers)
        issued = issuing.issue(session, get_ciu_keys(), wanted)
        assert issued is not None
        return issued

    def confirm_all(some: Sequence[Patient]) -> list[Issued]:
        # In one order: who stand in one transaction wait for each other like one person would.
        with database.transaction(statement_timeout_ms=60_000) as session:
            return [confirm(session, programme, patient) for patient in some]

    parts = [many[place : place + VISITS_A_TRANSACTION] for place in range(0, len(many), VISITS_A_TRANSACTION)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [issued for part in pool.map(confirm_all, parts) for issued in part]


@pytest.mark.parametrize("recipe_key", ["document", "random"])
@pytest.mark.parametrize("many", [200, pytest.param(50_000, marks=pytest.mark.slow)])
def test_no_two_people_share_a_code_and_each_who_returns_is_known(clinic: Clinic, many: int, recipe_key: str) -> None:
    recipe, everybody = shipped(recipe_key), patients(many, seed=many)
    first = visit(clinic.database, recipe_key, everybody)
    assert all(one.issue.is_new for one in first)
    assert len({one.issue.code for one in first}) == many
    if recipe.hash_part is not None:
        built = [build_code(recipe, patient.canonical, SALT).text for patient in everybody]
        longer = [pair for pair in zip(everybody, first, built, strict=True) if pair[1].issue.code != pair[2]]
        assert len(longer) == many - len(set(built))
        assert all(one.issue.code in set(candidates(recipe, person.canonical, SALT)) for person, one, _ in longer)
    for is_elsewhere in (False, True):
        again = visit(clinic.database, recipe_key, everybody, is_elsewhere=is_elsewhere)
        assert [one.issue.code for one in again] == [one.issue.code for one in first]
        assert {(one.issue.is_new, one.issue.is_linked) for one in again} == {(False, not is_elsewhere)}
    assert clinic.number("select count(*) from uic_records") == many
    assert clinic.number("select count(distinct digest) from ciu_match_key") == many
    assert clinic.number("select count(*) from ciu_record_identity") == 2 * many


@pytest.mark.parametrize("many", [100, pytest.param(10_000, marks=pytest.mark.slow)])
def test_under_a_new_key_each_who_returns_has_his_old_code(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    def start(text: str) -> None:
        monkeypatch.setattr(get_settings(), "ciu_match_keys", SecretStr(text))
        keys.check_settings(get_settings())
        with clinic.database.transaction() as session:
            keys.check_stored(session, get_settings())

    start(ONE)
    everybody = patients(many, seed=3)
    codes = [one.issue.code for one in visit(clinic.database, "document", everybody)]
    start(f"{ONE},{TWO}")
    later = everybody[: many // 2]
    again = visit(clinic.database, "document", later)
    assert [one.issue.code for one in again] == codes[: many // 2]
    assert not any(one.issue.is_new for one in again)
    with pytest.raises(ConfigurationError, match=f"version 1 is missing, and {many // 2 + many} rows need it"):
        start(TWO)
    # All have come back: nothing needs the old key but their addresses, which move by themselves.
    monkeypatch.setattr(get_settings(), "ciu_match_keys", SecretStr(f"{ONE},{TWO}"))
    rest = visit(clinic.database, "document", everybody[many // 2 :], is_elsewhere=True)
    assert [one.issue.code for one in rest] == codes[many // 2 :]
    retire(clinic.database)
    start(TWO)
    assert [one.issue.code for one in visit(clinic.database, "document", everybody)] == codes
    assert clinic.number("select count(*) from ciu_record") == many
    assert clinic.number("select count(*) from ciu_near_key where key_version = 2") == 6 * many
    assert clinic.number("select count(*) from ciu_near_key") == 6 * many


def retire(database: Database) -> None:
    """Let go of the first key, with nothing lost."""
    moved = 1
    while moved:
        with database.transaction() as session:
            moved = rotating.move_lookups(session, 1)
    with database.transaction() as session:
        assert rotating.retire_key(session, SYSTEM, 1, confirmed=0) == 0
