"""Forgetting a person: two persons, an empty wallet, and nothing left of the name, the number, the PIN or the texts."""

import io
import json
import zipfile
from collections.abc import Iterator
from uuid import UUID

import pytest

from core import clock
from core.database import Database, driver, fetch_one
from core.errors import Forbidden, NotFound
from services import books, notices, subscribers
from services.messages import suppressions
from services.subscribers import EraseSubscriber
from services.subscribers.erasure import ERASED_NAME, HasRoles, MoneyLeft
from tests.builders import world
from tests.services import wallet_world as people
from tests.services.wallet_world import AWA, JEAN, OPERATOR, READER, STRANGER, send


@pytest.fixture
def bank(database: Database) -> Iterator[Database]:
    with clock.travel(world.NOW):
        world.build(database)
        people.hire(database)
        yield database


def awa(bank: Database) -> UUID:
    with bank.transaction() as session:
        return people.user_id(session, AWA)


def emptied(bank: Database) -> UUID:
    """Let Awa send everything she has, in two parts, on a day without fees."""
    with bank.transaction() as session:
        driver(session).execute("update tariff set fixed_minor = 0, min_minor = 0, bps = 0 where type = 'transfer'")
    send(bank, AWA, JEAN, 4_000)
    send(bank, AWA, JEAN, 6_000)
    return awa(bank)


def test_a_person_is_forgotten_by_two(bank: Database) -> None:
    user_id = emptied(bank)
    with bank.transaction() as session:
        asked = subscribers.erase(session, OPERATOR, EraseSubscriber(user_id=user_id, reason="À sa demande écrite"))
        assert people.user_id(session, AWA) == user_id, "nothing happens before the second person"
    people.agree(bank, asked)

    dump = world.everything(bank)
    assert AWA.removeprefix("+237") not in dump
    assert "Mbarga" not in dump
    with bank.transaction() as session:
        person = fetch_one(session, "select * from users where id = %s", (user_id,))
        assert person is not None
        assert (person["first_name"], person["phone"], person["state"]) == (ERASED_NAME, None, "closed")
        assert fetch_one(session, "select count(*) as n from pin_credential where user_id = %s", (user_id,)) == {"n": 0}
        assert fetch_one(session, "select distinct state from wallet where user_id = %s", (user_id,)) == {
            "state": "closed"
        }
        assert fetch_one(session, "select count(*) as n from ussd_operation") == {"n": 2}
        assert all(finding.holds for finding in books.list_findings(session))
        with pytest.raises(NotFound):
            subscribers.erase(session, OPERATOR, EraseSubscriber(user_id=user_id, reason="encore"))


def test_nobody_is_forgotten_with_his_money(bank: Database) -> None:
    with bank.transaction() as session, pytest.raises(MoneyLeft) as refusal:
        subscribers.erase(session, OPERATOR, EraseSubscriber(user_id=awa(bank), reason="À sa demande"))
    assert str(refusal.value) == "Il reste 10 000 FCFA sur ce portefeuille : versez-les d'abord à la personne."


def test_money_that_came_meanwhile_stops_the_second_person(bank: Database) -> None:
    user_id = emptied(bank)
    with bank.transaction() as session:
        asked = subscribers.erase(session, OPERATOR, EraseSubscriber(user_id=user_id, reason="À sa demande"))
    send(bank, JEAN, AWA, 500)
    with pytest.raises(MoneyLeft):
        people.agree(bank, asked)
    with bank.transaction() as session:
        assert people.user_id(session, AWA) == user_id
        assert people.balance(session, AWA) == 500


def test_who_works_here_keeps_his_name(bank: Database) -> None:
    user_id = emptied(bank)
    with bank.transaction() as session:
        driver(session).execute("update users set global_role = 'admin' where id = %s", (user_id,))
        with pytest.raises(HasRoles):
            subscribers.erase(session, OPERATOR, EraseSubscriber(user_id=user_id, reason="À sa demande"))


@pytest.mark.parametrize("actor", [READER, STRANGER], ids=["lecteur", "nobody"])
def test_only_who_keeps_subscribers_erases_or_takes_away(bank: Database, actor: object) -> None:
    user_id = emptied(bank)
    with bank.transaction() as session:
        with pytest.raises(Forbidden):
            subscribers.erase(session, actor, EraseSubscriber(user_id=user_id, reason="À sa demande"))  # type: ignore[arg-type]
        with pytest.raises(Forbidden):
            subscribers.export(session, actor, user_id)  # type: ignore[arg-type]


def test_what_is_known_is_taken_away_without_a_secret(bank: Database) -> None:
    reference = send(bank, AWA, JEAN, 1_000).reference
    with bank.transaction() as session:
        content = subscribers.export(session, OPERATOR, people.user_id(session, AWA))
        trail = fetch_one(session, "select action, summary from audit_entry where actor_id = %s", (OPERATOR.user_id,))
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        parts = {name: json.loads(file.read(name)) for name in file.namelist()}
    assert parts["profil.json"][0]["phone"] == AWA
    assert [(row["reference"], row["side"]) for row in parts["operations.json"]] == [(reference, "payeur")]
    assert parts["portefeuilles.json"][0]["balance"] == 8_950
    assert len(parts["messages.json"]) == 1
    assert "argon2" not in json.dumps(parts)
    assert trail == {"action": "subscriber.export", "summary": "21/11/2026"}


def test_whoever_wanted_no_messages_gets_none_after_he_is_forgotten(bank: Database) -> None:
    user_id = emptied(bank)
    with bank.transaction() as session:
        driver(session).execute("update users set email = 'awa@palabre.example' where id = %s", (user_id,))
        suppressions.suppress(session, "sms", AWA, "stop", detail="ussd")
        suppressions.suppress(session, "email", "awa@palabre.example", "link")
        asked = subscribers.erase(session, OPERATOR, EraseSubscriber(user_id=user_id, reason="À sa demande écrite"))
    people.agree(bank, asked)
    assert "awa@palabre" not in world.everything(bank)
    with bank.transaction() as session:
        assert not notices.wants_sms(session, AWA)
        assert notices.wants_sms(session, JEAN)
        assert not suppressions.is_suppressed(session, "sms", AWA, 1), "codes and receipts of a new owner still go"
        assert suppressions.is_suppressed(session, "email", "awa@palabre.example", 2)
        rows = suppressions.list_suppressions(session, people.ADMIN, search=AWA)
        assert [(row.address, row.cause, row.detail) for row in rows] == [("effacée", "stop", "")]
        assert notices.opt_in(session, AWA), "who holds the number now may ask for them again"
