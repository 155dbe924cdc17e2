"""Tokens: short, replaced at each use, and dead at once when their family is."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from core import clock
from core.database import Database, fetch_all
from core.errors import NotSignedIn, Refusal
from core.permissions import Role, Scope
from core.settings import get_settings
from services import users
from services.users import RefreshReused, SessionExpired, SignIn, TokenPair
from tests.builders import people
from tests.builders.people import ADDRESS, PASSWORD

EMAIL = "awa@exemple.org"


def signed_in(database: Database, minutes: int = 30) -> TokenPair:
    with database.transaction() as session:
        order = SignIn(email=EMAIL, password=PASSWORD, address=ADDRESS)
        return users.sign_in_api(session, order, minutes).tokens


def refreshed(database: Database, refresh: str) -> TokenPair:
    with database.transaction() as session:
        return users.refresh_tokens(session, refresh, 30, ADDRESS)


def holder(database: Database, access: str) -> UUID | None:
    with database.transaction() as session:
        return users.actor_of_access_token(session, access, ADDRESS).user_id


def is_dead(database: Database, access: str) -> bool:
    try:
        holder(database, access)
    except NotSignedIn:
        return True
    return False


def test_an_access_token_says_who_and_the_database_says_what(database: Database) -> None:
    user_id = people.person(database, EMAIL)
    people.holds(database, user_id, Scope.ORGANISATION, Role.GESTIONNAIRE, people.organisation(database, "CNSS"))
    pair = signed_in(database, 15)
    claims = jwt.decode(pair.access, OctKey.import_key(get_settings().secret_key.get_secret_value())).claims
    assert set(claims) == {"sub", "email", "type", "role", "org", "sid", "fam", "iat", "exp", "jti"}
    assert (claims["sub"], claims["email"], claims["type"]) == (str(user_id), EMAIL, "access")
    assert (claims["role"], claims["org"]) == ("membre", "CNSS")
    assert claims["sid"] == claims["fam"]
    assert claims["exp"] - claims["iat"] == 900 == pair.expires_in_s
    assert holder(database, pair.access) == user_id


def test_an_access_token_dies_with_its_time(database: Database) -> None:
    people.person(database, EMAIL)
    with clock.travel(clock.now()) as traveller:
        pair = signed_in(database, 30)
        traveller.advance(30 * 60 - 1)
        assert not is_dead(database, pair.access)
        traveller.advance(2)
        assert is_dead(database, pair.access)


def forged(claims: dict[str, object], key: str | None = None, algorithm: str = "HS256") -> str:
    secret = OctKey.import_key(key or get_settings().secret_key.get_secret_value())
    return jwt.encode({"alg": algorithm}, claims, secret, algorithms=[algorithm])


def test_a_token_that_we_did_not_make_opens_nothing(database: Database) -> None:
    user_id = people.person(database, EMAIL)
    pair = signed_in(database)
    right = dict(jwt.decode(pair.access, OctKey.import_key(get_settings().secret_key.get_secret_value())).claims)
    assert holder(database, forged(right)) == user_id
    for wrong in (
        forged(right, key="une autre clé de trente-deux octets au moins"),
        forged(right, algorithm="HS512"),
        forged({**right, "type": "refresh"}),
        forged({**right, "sid": str(user_id)}),
        forged({**right, "sub": "n'importe quoi"}),
        forged({name: value for name, value in right.items() if name != "exp"}),
        forged({name: value for name, value in right.items() if name != "sid"}),
        pair.refresh,
        pair.access[:-3],
        "eyJhbGciOiJub25lIn0." + pair.access.split(".")[1] + ".",
        "eyJhbGciOiJIUzI1NiIsImNyaXQiOjF9." + pair.access.split(".", 1)[1],  # {"alg":"HS256","crit":1}
        "",
        "é",
        "a.b.c",
    ):
        assert is_dead(database, wrong), wrong


def test_a_refresh_token_is_replaced_and_the_same_pair_comes_again_for_ten_seconds(database: Database) -> None:
    people.person(database, EMAIL)
    with clock.travel(clock.now()) as traveller:
        first = signed_in(database)
        second = refreshed(database, first.refresh)
        assert second.refresh != first.refresh
        traveller.advance(10)
        assert refreshed(database, first.refresh) == second
        third = refreshed(database, second.refresh)
        assert third.refresh not in {first.refresh, second.refresh}
        assert not is_dead(database, third.access)
    assert len(people.trail(database, "user.refresh_reused")) == 0


def test_a_token_that_comes_back_later_kills_the_whole_family(database: Database) -> None:
    people.person(database, EMAIL)
    with clock.travel(clock.now()) as traveller:
        stolen, other = signed_in(database), signed_in(database)
        mine = refreshed(database, stolen.refresh)
        traveller.advance(10.1)
        with pytest.raises(RefreshReused):
            refreshed(database, stolen.refresh)
        with pytest.raises(SessionExpired):
            refreshed(database, mine.refresh)
        assert is_dead(database, mine.access)
        assert not is_dead(database, other.access)
    assert [entry["is_refusal"] for entry in people.trail(database, "user.refresh_reused")] == [True]


def test_two_tabs_at_once_get_one_pair(database: Database) -> None:
    people.person(database, EMAIL)
    pair = signed_in(database)
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda _: refreshed(database, pair.refresh), range(8)))
    assert len(answers) == 1


def test_unknown_expired_and_foreign_tokens(database: Database) -> None:
    people.person(database, EMAIL)
    with clock.travel(clock.now()) as traveller:
        pair = signed_in(database)
        for wrong in ("", "n'importe quoi", pair.access):
            with pytest.raises(SessionExpired):
                refreshed(database, wrong)
        traveller.advance(7 * 86_400)
        with pytest.raises(SessionExpired):
            refreshed(database, pair.refresh)


def test_signing_out_kills_both_tokens_and_a_stranger_cannot_do_it(database: Database) -> None:
    user_id = people.person(database, EMAIL)
    stranger = people.person(database, "moussa@exemple.org")
    pair = signed_in(database)
    with database.transaction() as session:
        users.sign_out(session, people.actor(stranger), pair.refresh)
    assert not is_dead(database, pair.access)
    with database.transaction() as session:
        users.sign_out(session, people.actor(user_id), pair.refresh)
    assert is_dead(database, pair.access)
    with pytest.raises(SessionExpired):
        refreshed(database, pair.refresh)


def test_a_closed_person_refreshes_nothing(database: Database) -> None:
    user_id = people.person(database, EMAIL)
    pair = signed_in(database)
    with database.transaction() as session:
        session.connection().exec_driver_sql(f"update users set state = 'suspended' where id = '{user_id}'")
    assert is_dead(database, pair.access)
    with pytest.raises(users.AccountClosed):
        refreshed(database, pair.refresh)


def test_no_token_survives_a_change_of_password_that_runs_beside_refreshing(database: Database) -> None:
    user_id = people.person(database, EMAIL)
    pairs = [signed_in(database) for _ in range(12)]
    order = users.ChangePassword(current_password=PASSWORD, new_password="Fromager-2026-grand")

    def refresh(pair: TokenPair) -> TokenPair | None:
        try:
            return refreshed(database, pair.refresh)
        except Refusal:
            return None

    with ThreadPoolExecutor(6) as pool:
        answers = [pool.submit(refresh, pair) for pair in pairs[:6]]
        with database.transaction() as session:
            users.change_password(session, people.actor(user_id), order)
        answers += [pool.submit(refresh, pair) for pair in pairs[6:]]
        made = [pair for answer in answers if (pair := answer.result()) is not None]
    assert all(is_dead(database, pair.access) for pair in [*pairs, *made])


def test_the_dump_holds_no_token_and_what_is_sealed_opens_with_the_old_token_only(database: Database) -> None:
    people.person(database, EMAIL)
    first = signed_in(database)
    second = refreshed(database, first.refresh)
    dump = people.everything(database)
    for secret in (first.access, first.refresh, second.access, second.refresh):
        assert secret not in dump
        assert secret.encode().hex() not in dump
    with database.transaction() as session:
        rows = fetch_all(session, "select successor from refresh_token where successor is not null")
    assert len(rows) == 1
    assert second.refresh.encode() not in bytes(rows[0]["successor"])


def test_old_rows_do_not_keep_a_family_alive(database: Database) -> None:
    people.person(database, EMAIL)
    with clock.travel(clock.now()) as traveller:
        pair = signed_in(database, 60 * 24 * 30)
        traveller.advance(timedelta(days=7).total_seconds())
        assert is_dead(database, pair.access)
