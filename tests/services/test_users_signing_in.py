"""Signing in: one answer for every wrong secret, and five wrong ones at most."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from unittest.mock import patch
from uuid import UUID

import psycopg
import pyotp
import pytest

from core import clock, security
from core.database import Database
from core.errors import Refusal, TooManyTries
from core.security import Check, UnreadableSecretError
from models.users import User
from services import users
from services.users import (
    AccountClosed,
    BadCredentials,
    CodeInvalid,
    SignIn,
    TotpAlreadyOn,
    TotpCode,
    TotpRequired,
    totp,
)
from tests.builders import people
from tests.builders.people import ADDRESS, PASSWORD

EMAIL, WRONG = "awa@exemple.org", "faux"


def attempt(database: Database, password: str = PASSWORD, email: str = EMAIL, **more: str) -> users.SignedIn:
    order = SignIn(**{"email": email, "password": password, "address": ADDRESS, "agent": "Firefox", **more})
    with database.transaction() as session:
        return users.sign_in_console(session, order)


def refusal(database: Database, password: str = WRONG, **more: str) -> type[Refusal]:
    with pytest.raises(Refusal) as refused:
        attempt(database, password, **more)
    return refused.type


def test_awa_signs_in_and_the_console_knows_her(database: Database) -> None:
    user_id = people.person(database, EMAIL)
    signed = attempt(database, email="  AWA@Exemple.ORG ".strip())
    assert signed.user.id == user_id
    assert signed.user.last_login_address == ADDRESS
    with database.transaction() as session:
        actor = users.actor_of_console_session(session, signed.token, "198.51.100.1")
    assert actor is not None
    assert (actor.user_id, actor.name, actor.address) == (user_id, "Awa Diop", "198.51.100.1")
    assert [entry["summary"] for entry in people.trail(database, "user.sign_in")] == ["console"]


def test_a_phone_is_a_name_too(database: Database) -> None:
    user_id = people.person(database, None, phone="+221771234567")
    with database.transaction() as session:
        order = SignIn(phone="77 123 45 67", password=PASSWORD, address=ADDRESS)
        assert users.sign_in_console(session, order).user.id == user_id


def test_wrong_password_unknown_name_no_password_and_a_dead_temporary_one_get_one_answer(database: Database) -> None:
    people.person(database, EMAIL)
    people.person(database, "sans@exemple.org", password_hash=None)
    people.person(
        database, "vieux@exemple.org", must_change_password=True, temporary_until=clock.now() - timedelta(seconds=1)
    )
    assert refusal(database) is BadCredentials
    assert refusal(database, email="personne@exemple.org") is BadCredentials
    assert refusal(database, PASSWORD, email="sans@exemple.org") is BadCredentials
    assert refusal(database, PASSWORD, email="vieux@exemple.org") is BadCredentials
    assert refusal(database, "", email="") is BadCredentials


def test_the_same_work_is_done_whether_or_not_the_account_exists(database: Database) -> None:
    people.person(database, EMAIL)
    checked: list[str | None] = []
    real: Callable[[str, str | None], Check] = security.verify_password

    def counted(password: str, stored: str | None) -> Check:
        checked.append(stored)
        return real(password, stored)

    with patch.object(security, "verify_password", counted):
        refusal(database)
        refusal(database, email="personne@exemple.org")
    assert len(checked) == 2
    assert checked[1] is None


def test_a_closed_account_is_told_only_to_who_knows_the_password(database: Database) -> None:
    people.person(database, EMAIL, state="closed")
    assert refusal(database) is BadCredentials
    assert refusal(database, PASSWORD) is AccountClosed


def test_after_five_failures_even_the_right_password_waits(database: Database) -> None:
    people.person(database, EMAIL)
    with clock.travel(clock.now()) as traveller:
        assert [refusal(database) for _ in range(6)] == [BadCredentials] * 5 + [TooManyTries]
        assert refusal(database, PASSWORD) is TooManyTries
        traveller.advance(60)
        attempt(database)
        assert [refusal(database) for _ in range(5)] == [BadCredentials] * 5
    failures = people.trail(database, "user.sign_in")
    assert [entry["is_refusal"] for entry in failures] == [True] * 5 + [False] + [True] * 5
    assert failures[0]["summary"] == "identifiants a****@exemple.org"


def test_an_unknown_account_waits_as_a_known_one_does(database: Database) -> None:
    assert [refusal(database, email="x@y.org") for _ in range(6)] == [BadCredentials] * 5 + [TooManyTries]


def test_an_address_gets_twenty(database: Database) -> None:
    people.person(database, EMAIL)
    answers = [refusal(database, email=f"a{number}@exemple.org") for number in range(21)]
    assert answers == [BadCredentials] * 20 + [TooManyTries]
    assert refusal(database, PASSWORD) is TooManyTries
    attempt(database, address="198.51.100.1")


def test_fifty_guesses_in_parallel_get_five_answers(database: Database) -> None:
    people.person(database, EMAIL)

    def guess(number: int) -> type[Refusal]:
        return refusal(database, f"faux {number}", address=f"198.51.100.{number}")

    with ThreadPoolExecutor(10) as pool, patch.object(security, "verify_password", _quick):
        answers = list(pool.map(guess, range(50)))
    assert answers.count(BadCredentials) == 5
    assert answers.count(TooManyTries) == 45


def _quick(_password: str, _stored: str | None) -> Check:
    return Check(is_right=False)


def test_no_row_is_locked_and_no_connection_held_while_a_password_is_hashed(database: Database) -> None:
    people.person(database, EMAIL)
    seen: list[int] = []
    real: Callable[[str, str | None], Check] = security.verify_password

    def looked(password: str, stored: str | None) -> Check:
        with psycopg.connect(database.url) as observer:
            row = observer.execute(
                "select count(*) from pg_stat_activity where datname = current_database()"
                " and state like 'idle in transaction%' and pid <> pg_backend_pid()"
            ).fetchone()
            seen.append(row[0] if row else -1)
        return real(password, stored)

    with patch.object(security, "verify_password", looked):
        attempt(database)
    assert seen == [0]


@pytest.fixture
def with_totp(database: Database) -> Iterator[tuple[UUID, pyotp.TOTP]]:
    user_id = people.person(database, EMAIL)
    with clock.travel(clock.now()):
        with database.transaction() as session:
            enrolment = users.enrol_totp(session, people.actor(user_id))
        generator = pyotp.TOTP(enrolment.secret)
        with database.transaction() as session:
            users.confirm_totp(session, people.actor(user_id), TotpCode(code=generator.at(clock.now())))
        yield user_id, generator


def test_a_second_factor_is_asked_and_a_step_serves_once(
    database: Database, with_totp: tuple[UUID, pyotp.TOTP]
) -> None:
    _, generator = with_totp
    assert refusal(database, PASSWORD) is TotpRequired
    used = generator.at(clock.now())
    assert refusal(database, PASSWORD, totp=used) is TotpRequired  # confirmed the enrolment: never again
    following = generator.at(clock.now() + timedelta(seconds=30))
    attempt(database, totp=f" {following} ")
    assert refusal(database, PASSWORD, totp=following) is TotpRequired
    assert refusal(database, PASSWORD, totp=used) is TotpRequired


@pytest.mark.usefixtures("with_totp")
def test_wrong_codes_count_and_a_missing_one_does_not(database: Database) -> None:
    assert [refusal(database, PASSWORD) for _ in range(10)] == [TotpRequired] * 10
    assert [refusal(database, PASSWORD, totp="000000") for _ in range(6)] == [TotpRequired] * 5 + [TooManyTries]


def test_a_factor_is_replaced_only_with_a_code_or_by_an_administrator(
    database: Database, with_totp: tuple[UUID, pyotp.TOTP]
) -> None:
    user_id, generator = with_totp
    me = people.actor(user_id)
    with database.transaction() as session, pytest.raises(TotpAlreadyOn):
        users.enrol_totp(session, me)
    with database.transaction() as session, pytest.raises(TotpAlreadyOn):
        users.confirm_totp(session, me, TotpCode(code="000000"))
    with database.transaction() as session, pytest.raises(CodeInvalid):
        users.drop_totp(session, me, TotpCode(code="000000"))
    with database.transaction() as session:
        code = generator.at(clock.now() + timedelta(seconds=30))
        assert not users.drop_totp(session, me, TotpCode(code=code)).has_totp
    attempt(database)
    chief = people.admin(database)
    with database.transaction() as session:
        users.enrol_totp(session, me)
        order = users.RemoveTotp(user_id=user_id, reason="téléphone perdu, reconnu au guichet")
        assert not users.remove_totp(session, people.admin_actor(chief), order).has_totp
    order = users.RemoveTotp(user_id=chief, reason="par commodité")
    with database.transaction() as session, pytest.raises(users.Oneself):
        users.remove_totp(session, people.admin_actor(chief), order)
    assert [entry["summary"] for entry in people.trail(database, "user.totp_removed")] == [
        "téléphone perdu, reconnu au guichet"
    ]


def test_the_secret_of_the_second_factor_is_sealed_for_its_own_row(
    database: Database, with_totp: tuple[UUID, pyotp.TOTP]
) -> None:
    user_id, generator = with_totp
    assert generator.secret not in people.everything(database)
    stranger = people.person(database, "moussa@exemple.org")
    with database.transaction() as session:
        session.connection().exec_driver_sql(
            f"update users set totp_secret = (select totp_secret from users where id = '{user_id}')"
            f" where id = '{stranger}'"
        )
    with database.transaction() as session, pytest.raises(UnreadableSecretError):
        totp.take_step(session, session.get_one(User, stranger), "000000")


def test_a_console_session_sleeps_after_twelve_hours_and_dies_after_seven_days(database: Database) -> None:
    people.person(database, EMAIL)

    def is_known(token: str) -> bool:
        with database.transaction() as session:
            return users.actor_of_console_session(session, token, ADDRESS) is not None

    with clock.travel(clock.now()) as traveller:
        token = attempt(database).token
        for _ in range(14):
            traveller.advance(11.9 * 3600)
            assert is_known(token)
        traveller.advance(1.5 * 3600)
        assert not is_known(token)  # 168 h
        other = attempt(database).token
        traveller.advance(12 * 3600)
        assert not is_known(other)
    assert not is_known("n'importe quoi")


def test_signing_out_ends_this_browser_only(database: Database) -> None:
    user_id = people.person(database, EMAIL)
    first, second = attempt(database).token, attempt(database).token
    with database.transaction() as session:
        users.sign_out_console(session, first)
        users.sign_out_console(session, first)
        users.sign_out_console(session, "inconnu")
    with database.transaction() as session:
        assert users.actor_of_console_session(session, first, ADDRESS) is None
        assert users.actor_of_console_session(session, second, ADDRESS) is not None
        assert len(users.list_console_sessions(session, people.actor(user_id))) == 1
    assert len(people.trail(database, "user.sign_out")) == 1


def test_a_closed_person_is_thrown_out_at_once(database: Database) -> None:
    user_id = people.person(database, EMAIL)
    token = attempt(database).token
    with database.transaction() as session:
        users.close_user(session, people.admin_actor(people.admin(database)), user_id)
    with database.transaction() as session:
        assert users.actor_of_console_session(session, token, ADDRESS) is None


def test_rights_are_read_at_every_call(database: Database) -> None:
    user_id = people.person(database, EMAIL)
    token = attempt(database).token
    chief = people.admin_actor(people.admin(database))
    order = users.ChangeRole(user_id=user_id, scope="ussd", role="lecteur")

    def rights() -> set[str]:
        with database.transaction() as session:
            actor = users.actor_of_console_session(session, token, ADDRESS)
        assert actor is not None
        return {permission.value for permission in actor.permissions()}

    assert rights() == {"profile"}
    with database.transaction() as session:
        users.grant_role(session, chief, order)
    assert rights() == {"profile", "ussd.read", "subscribers.read", "payments.read"}
    with database.transaction() as session:
        users.revoke_role(session, chief, order)
    assert rights() == {"profile"}


def test_nothing_secret_is_written_anywhere(database: Database) -> None:
    people.person(database, EMAIL)
    signed = attempt(database)
    refusal(database, "MotDePasseFaux-123")
    dump = people.everything(database)
    assert signed.token not in dump
    assert PASSWORD not in dump
    assert "MotDePasseFaux-123" not in dump
    assert PASSWORD not in repr(SignIn(email=EMAIL, password=PASSWORD, totp="123456"))
    assert "123456" not in repr(SignIn(email=EMAIL, password=PASSWORD, totp="123456"))
