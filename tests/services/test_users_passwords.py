"""Passwords: changed, forgotten, set again; codes and links work once, and for nobody else."""

from datetime import timedelta
from uuid import UUID

import pytest

from core import clock
from core.database import Database
from core.errors import InvalidInput, Refusal, TooManyTries
from core.permissions import Role, Scope
from services import users
from services.users import (
    BadCredentials,
    ChangePassword,
    CodeInvalid,
    ForgotPassword,
    LinkInvalid,
    ResetByCode,
    ResetByLink,
    SignIn,
    WrongCurrentPassword,
)
from tests.builders import people
from tests.builders.people import ADDRESS, PASSWORD

EMAIL, PHONE = "awa@exemple.org", "+221771234567"
NEW = "Fromager-2026-grand"


def sign_in(database: Database, password: str, email: str = EMAIL) -> users.SignedIn:
    with database.transaction() as session:
        return users.sign_in_console(session, SignIn(email=email, password=password, address=ADDRESS))


def forgot(database: Database, **whom: object) -> None:
    with database.transaction() as session:
        users.forgot_password(session, ForgotPassword.model_validate({"address": ADDRESS, **whom}))


def reset(database: Database, code: str, password: str = NEW, **whom: str) -> users.UserRow:
    with database.transaction() as session:
        order = ResetByCode(**(whom or {"email": EMAIL}), code=code, new_password=password, address=ADDRESS)
        return users.reset_by_code(session, order)


def change(database: Database, user_id: UUID, current: str, new: str) -> None:
    with database.transaction() as session:
        order = ChangePassword(current_password=current, new_password=new)
        users.change_password(session, people.actor(user_id), order)


def test_a_changed_password_ends_every_other_session(database: Database) -> None:
    user_id = people.person(database, EMAIL)
    here, elsewhere = sign_in(database, PASSWORD), sign_in(database, PASSWORD)
    with database.transaction() as session:
        actor = users.actor_of_console_session(session, here.token, ADDRESS)
    assert actor is not None
    with database.transaction() as session:
        users.change_password(session, actor, ChangePassword(current_password=PASSWORD, new_password=NEW))
    with database.transaction() as session:
        assert users.actor_of_console_session(session, here.token, ADDRESS) is not None
        assert users.actor_of_console_session(session, elsewhere.token, ADDRESS) is None
    with pytest.raises(BadCredentials):
        sign_in(database, PASSWORD)
    assert sign_in(database, NEW).user.id == user_id


def test_a_wrong_present_password_counts_as_a_failed_sign_in(database: Database) -> None:
    user_id = people.person(database, EMAIL)
    for _ in range(5):
        with pytest.raises(WrongCurrentPassword):
            change(database, user_id, "faux", NEW)
    with pytest.raises(TooManyTries):
        change(database, user_id, PASSWORD, NEW)
    with pytest.raises(TooManyTries):
        sign_in(database, PASSWORD)
    assert len(people.trail(database, "user.change_password")) == 5


@pytest.mark.parametrize(
    ("new", "has_role", "is_refused"),
    [
        (PASSWORD, False, True),  # the same again
        ("Court1", False, True),
        ("Baobab26", False, False),
        ("Baobab26", True, True),  # ten characters for who holds a role
        ("Awa-exemple-2026", True, False),
        ("xAwa.Sarrx2026", True, True),  # the local part of the e-mail
        ("sansmajuscule1", False, True),
    ],
)
def test_who_holds_a_role_needs_a_better_password(
    database: Database, new: str, *, has_role: bool, is_refused: bool
) -> None:
    user_id = people.person(database, "awa.sarr@exemple.org")
    if has_role:
        people.holds(database, user_id, Scope.USSD, Role.LECTEUR)
    if not is_refused:
        change(database, user_id, PASSWORD, new)
        return
    with pytest.raises(InvalidInput) as refused:
        change(database, user_id, PASSWORD, new)
    assert set(refused.value.fields) == {"new_password"}


def test_six_digits_by_mail_set_a_new_password_once(database: Database) -> None:
    user_id = people.person(database, EMAIL)
    token = sign_in(database, PASSWORD).token
    forgot(database, email="AWA@exemple.org")
    code = people.last_code(database, EMAIL)
    assert code not in people.everything(database)
    assert reset(database, f" {code} ").is_email_proved
    assert sign_in(database, NEW).user.id == user_id
    with database.transaction() as session:
        assert users.actor_of_console_session(session, token, ADDRESS) is None
    with pytest.raises(CodeInvalid):
        reset(database, code, "Encore-Autre-2026")


def test_six_digits_by_sms_prove_the_phone(database: Database) -> None:
    people.person(database, None, phone=PHONE)
    forgot(database, phone="77 123 45 67")
    row = reset(database, people.last_code(database, PHONE), phone="+221 77 123 45 67")
    assert (row.is_phone_proved, row.is_email_proved) == (True, False)


def test_a_code_is_guessed_five_times_at_most(database: Database) -> None:
    people.person(database, EMAIL)
    forgot(database, email=EMAIL)
    code = people.last_code(database, EMAIL)
    wrong = "000000" if code != "000000" else "000001"
    for _ in range(5):
        with pytest.raises(CodeInvalid):
            reset(database, wrong)
    with pytest.raises(CodeInvalid):
        reset(database, code)


def test_a_weak_password_does_not_burn_the_code_and_tells_a_stranger_nothing(database: Database) -> None:
    people.person(database, EMAIL)
    forgot(database, email=EMAIL)
    with pytest.raises(CodeInvalid):
        reset(database, "x", "faible")
    with pytest.raises(CodeInvalid):
        reset(database, "x", "faible", email="personne@exemple.org")
    code = people.last_code(database, EMAIL)
    for _ in range(6):
        with pytest.raises(InvalidInput):
            reset(database, code, "faible")
    reset(database, code)


def test_an_old_code_and_the_one_before_the_last_are_dead(database: Database) -> None:
    people.person(database, EMAIL)
    with clock.travel(clock.now()) as traveller:
        forgot(database, email=EMAIL)
        before = people.last_code(database, EMAIL)
        traveller.advance(1)
        forgot(database, email=EMAIL)
        last = people.last_code(database, EMAIL)
        with pytest.raises(CodeInvalid):
            reset(database, before)
        traveller.advance(3600)
        with pytest.raises(CodeInvalid):
            reset(database, last)


def test_a_stranger_gets_the_same_silence_and_the_fourth_code_of_the_hour_waits(database: Database) -> None:
    people.person(database, EMAIL)
    people.person(database, "ferme@exemple.org", state="closed")
    for email in (EMAIL, "personne@exemple.org", "ferme@exemple.org"):
        for _ in range(3):
            forgot(database, email=email)
        with pytest.raises(TooManyTries):
            forgot(database, email=email)
    dump = people.everything(database)
    assert "personne@exemple.org" not in dump
    assert len(people.trail(database, "user.forgot_password")) == 3


def by_link(database: Database, token: str, password: str = NEW) -> users.UserRow:
    with database.transaction() as session:
        return users.reset_by_link(session, ResetByLink(token=token, new_password=password, address=ADDRESS))


def test_a_link_by_mail_opens_once_within_its_hour(database: Database) -> None:
    people.person(database, EMAIL)
    with clock.travel(clock.now()) as traveller:
        forgot(database, email=EMAIL, by_link=True)
        token = people.last_token(database, EMAIL)
        assert len(token) == 43
        assert token not in people.everything(database)
        assert f"/nouveau-mot-de-passe#{token}" in people.last_text(database, EMAIL)
        with pytest.raises(InvalidInput):
            by_link(database, token, "faible")
        by_link(database, token)
        for wrong in (token, "", "n'importe quoi"):
            with pytest.raises(LinkInvalid):
                by_link(database, wrong)
        traveller.advance(1)
        forgot(database, email=EMAIL, by_link=True)
        late = people.last_token(database, EMAIL)
        traveller.advance(3600)
        with pytest.raises(LinkInvalid):
            by_link(database, late)


def invited(database: Database) -> tuple[users.UserCreated, str]:
    chief = people.admin_actor(people.admin(database))
    with database.transaction() as session:
        order = users.CreateUser(email="moussa@exemple.org", first_name="Moussa", last_name="Fall")
        created = users.create_user(session, chief, order)
    return created, created.invitation.url.partition("#")[2]


def test_the_invitation_and_the_temporary_password_kill_each_other(database: Database) -> None:
    created, token = invited(database)
    by_link(database, token)
    with pytest.raises(BadCredentials):
        sign_in(database, created.temporary_password, "moussa@exemple.org")
    assert not sign_in(database, NEW, "moussa@exemple.org").user.must_change_password


def test_changing_the_temporary_password_kills_the_invitation(database: Database) -> None:
    created, token = invited(database)
    signed = sign_in(database, created.temporary_password, "moussa@exemple.org")
    assert signed.user.must_change_password
    with database.transaction() as session:
        actor = users.actor_of_console_session(session, signed.token, ADDRESS)
    assert actor is not None
    assert actor.must_change_password
    change(database, created.user.id, created.temporary_password, NEW)
    with pytest.raises(LinkInvalid):
        by_link(database, token, "Encore-Autre-2026")


def test_both_die_after_three_days(database: Database) -> None:
    with clock.travel(clock.now()) as traveller:
        created, token = invited(database)
        traveller.advance(timedelta(hours=72).total_seconds())
        with pytest.raises(LinkInvalid):
            by_link(database, token)
        with pytest.raises(BadCredentials):
            sign_in(database, created.temporary_password, "moussa@exemple.org")


def test_a_closed_person_resets_nothing(database: Database) -> None:
    user_id = people.person(database, EMAIL)
    forgot(database, email=EMAIL)
    code = people.last_code(database, EMAIL)
    with database.transaction() as session:
        users.close_user(session, people.admin_actor(people.admin(database)), user_id)
    with pytest.raises(Refusal):
        reset(database, code)
